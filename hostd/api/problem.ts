// Whatever goes wrong in a request, as a Problem.
import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import { VmoatError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Problem } from './schema.ts';

export function problemOf(error: VmoatError): Problem {
  const { code, message, field, hint } = error;
  return { code, message, ...(field !== undefined && { field }), ...(hint !== undefined && { hint }) };
}

export function sendProblem(response: Response, error: VmoatError): void {
  response
    .status(error.http)
    .type('application/problem+json')
    .send(JSON.stringify(problemOf(error)));
}

export const unknownPath: RequestHandler = (_request, response) =>
  sendProblem(
    response,
    new VmoatError('not_found', 'there is no such path', { hint: 'GET /api/v1/openapi.json lists them' }),
  );

/** Express gives its own errors a `status`; what has none is a fault of ours, logged, and says nothing more. */
export const errorHandler =
  (log: Log): ErrorRequestHandler =>
  (thrown: unknown, request, response, next) => {
    const error = thrown instanceof VmoatError ? thrown : fromExpress(thrown);
    if (error.code === 'internal') log.error({ err: thrown, path: request.path }, 'a request failed');
    if (response.headersSent) next(thrown);
    else sendProblem(response, error);
  };

function fromExpress(thrown: unknown): VmoatError {
  const status = thrown !== null && typeof thrown === 'object' && 'status' in thrown ? thrown.status : 500;
  if (status === 413) return new VmoatError('body_too_large', 'the body is too large', { cause: thrown });
  if (typeof status === 'number' && status >= 400 && status < 500)
    return new VmoatError('bad_request', 'the request cannot be read', { cause: thrown });
  return new VmoatError('internal', 'something went wrong; the journal has the cause', { cause: thrown });
}
