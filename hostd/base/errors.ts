// The one error class of hostd, its API and the CLI.
import { type ErrorCode, errorCodes } from './error-codes.ts';

export interface ErrorDetail {
  cause?: unknown;
  /** The parameter, key or argument at fault. */
  field?: string;
  /** What to do, or the nearest thing that exists. */
  hint?: string;
}

/** An error that a person will read: `code` is stable (docs/errors.md), `message` is for reading. */
export class VmoatError extends Error {
  readonly code: ErrorCode;
  readonly field: string | undefined;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = 'VmoatError';
    this.code = code;
    this.field = detail.field;
    this.hint = detail.hint;
  }

  /** HTTP status for this code; an error that is not meant for the API is a fault of ours. */
  get http(): number {
    return errorCodes[this.code].http || 500;
  }
}

/** The message of whatever was thrown. */
export const messageOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message : String(thrown);

/** The system error name (ENOENT, …) of whatever was thrown, or an empty string. */
export const systemCodeOf = (thrown: unknown): string =>
  thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : '';

const FILE_TROUBLES: Record<string, string> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EACCES: 'you may not read it',
  EPERM: 'you may not read it',
  EISDIR: 'it is a directory',
};

/** Why a file could not be read, as people say it. */
export const fileTrouble = (thrown: unknown): string =>
  FILE_TROUBLES[systemCodeOf(thrown)] ?? messageOf(thrown);
