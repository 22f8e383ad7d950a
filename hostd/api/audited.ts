// Runs an operation that changes something, and writes what became of it into the audit log before it is answered.
import type { Request } from 'express';
import type { AuditLog, NewEntry } from '../access/audit-log.ts';
import { messageOf, VmoatError } from '../base/errors.ts';
import type { Caller } from './caller.ts';
import type { Change, Operation } from './operation.ts';

/** What the log knows before anything is done. */
export function entryOf(operation: Operation, caller: Caller, request: Request): NewEntry {
  const { id } = request.params;
  return {
    user: caller.user,
    role: caller.role,
    from: caller.from,
    action: `${operation.method.toUpperCase()} ${operation.path}`,
    target: typeof id === 'string' ? id.slice(0, 255) : null,
    result: 'done',
    code: null,
    before: null,
    after: null,
  };
}

const codeOf = (thrown: unknown): string => (thrown instanceof VmoatError ? thrown.code : messageOf(thrown));

export const refused = (log: AuditLog, entry: NewEntry, thrown: unknown): Promise<void> =>
  log.append({ ...entry, result: 'refused', code: codeOf(thrown) });

/** `run` is told where to say what it changed. */
export async function audited<T>(
  log: AuditLog,
  entry: NewEntry,
  run: (changed: (change: Change) => void) => Promise<T>,
): Promise<T> {
  let change: Change = {};
  try {
    const answer = await run((told) => {
      change = told;
    });
    await log.append({ ...entry, ...change });
    return answer;
  } catch (thrown) {
    if (!(thrown instanceof VmoatError && thrown.code === 'audit_failed'))
      await log.append({ ...entry, ...change, result: 'failed', code: codeOf(thrown) });
    throw thrown;
  }
}
