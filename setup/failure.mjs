// The one error of the set-up: what went wrong, and what to do about it.
export class SetupFailure extends Error {
  /** @param {string} message @param {{hint?: string, log?: string, cause?: unknown}} [more] hint: what to do; log: file with the whole output */
  constructor(message, { hint = '', log = '', cause } = {}) {
    super(message, { cause });
    this.name = 'SetupFailure';
    this.hint = hint;
    this.log = log;
  }
}
