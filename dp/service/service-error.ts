// ServiceError: what vmoat-dp tells its caller and then ends with.

export type ServiceErrorCode =
  /** wrong flags or configuration; exit code 2 */
  | 'usage'
  /** another vmoat-dp runs with the same pins or socket */
  | 'already_running'
  /** the data plane did not start */
  | 'start_failed';

export class ServiceError extends Error {
  readonly code: ServiceErrorCode;

  constructor(code: ServiceErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'ServiceError';
    this.code = code;
  }

  /** What the process ends with. */
  get exitCode(): number {
    return this.code === 'usage' ? 2 : 1;
  }
}
