// Who may what: tokens, sessions, and who changed something.
import { z } from 'zod';
import { Time } from './common.ts';

/** What somebody may: each more than the one before. */
export const Role = z.enum(['viewer', 'operator', 'admin']);
export type Role = z.infer<typeof Role>;

/** A token of the API; what it is made of is shown once, when it is made. */
export const ApiToken = z.object({
  id: z.string(),
  name: z.string(),
  role: Role,
  scopes: z.array(z.string()).nullable().describe('null: everything that the role may'),
  created: Time,
  by: z.string().describe('who made it'),
  expires: Time,
  lastUsed: Time.nullable().describe('to the hour'),
});
export type ApiToken = z.infer<typeof ApiToken>;

export const NewToken = z.object({
  token: ApiToken,
  secret: z.string().describe('for `Authorization: Bearer …`; it is shown this once'),
});
export type NewToken = z.infer<typeof NewToken>;

/** Somebody changed something, or was not let. */
export const AuditEntry = z.object({
  id: z.string(),
  at: Time,
  user: z.string().describe('who, as far as it is known'),
  role: Role.nullable().describe('null: nobody that we know'),
  from: z.string().describe('`admin.sock`, `api.sock`, or the address of the client and how it signed in'),
  action: z.string().describe('method and path, such as `POST /threats/{id}/acknowledge`'),
  target: z.string().nullable().describe('the path’s id'),
  result: z.enum(['done', 'refused', 'failed']),
  code: z.string().nullable().describe('why it was refused or failed'),
  before: z.string().nullable(),
  after: z.string().nullable(),
});
export type AuditEntry = z.infer<typeof AuditEntry>;

/** What root did by `vmoat panic`. */
export const PanicNote = z.strictObject({
  until: Time.nullable().describe('nothing is dropped or held until then; null: that was ended'),
});
export type PanicNote = z.infer<typeof PanicNote>;

/** A browser's session. */
export const Session = z.object({
  role: Role,
  user: z.string().default('').describe('who asked for the secret, where that is known'),
  since: Time,
  expires: Time,
});
export type Session = z.infer<typeof Session>;

/** What the CLI needs to send a person to the web page; the secret works once. */
export const WebLogin = z.object({
  url: z.string().describe('address of the page, the secret in its fragment'),
  secret: z.string(),
  expires: Time,
  fingerprint: z.string().describe("SHA-256 of the server's certificate"),
});
export type WebLogin = z.infer<typeof WebLogin>;
