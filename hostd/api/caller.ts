// Who asks, and what that one may.
import type { Role } from './schema.ts';

/** The least role that may; `local`: whoever may use a Unix socket, and nobody else; `anyone`: everybody. */
export type Access = Role | 'local' | 'anyone';

/** Who asks. */
export interface Caller {
  /** null: nobody that we know */
  role: Role | null;
  /** Empty where nothing says it. */
  user: string;
  /** null: everything that the role may */
  scopes: readonly string[] | null;
  /** Where the request comes from, for the audit log. */
  from: string;
}
