// DataplaneError: the one error that the client of vmoat-dp throws or reports.

export type DataplaneErrorCode =
  /** a frame longer than allowed, of an unknown type, or a body that is not what its type says */
  | 'dp_protocol'
  /** dp speaks another version of the protocol or of the records */
  | 'dp_version'
  /** dp refused this client; the message is dp's */
  | 'dp_refused'
  /** no connection: dp is not running, or ended */
  | 'dp_unreachable'
  /** connected, but nothing came for too long */
  | 'dp_silent'
  /** applications of the operator's that are not as they should be; the message has file and line */
  | 'bad_applications'
  /** the library that should name what vmoat does not know is not installed */
  | 'fallback_missing'
  /** vmoat.node is not built, or does not load */
  | 'addon_missing';

export class DataplaneError extends Error {
  readonly code: DataplaneErrorCode;

  constructor(code: DataplaneErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'DataplaneError';
    this.code = code;
  }
}
