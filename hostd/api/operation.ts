// One operation of the API: what it takes, what it answers, who may call it; the route and the document come from it.
import type { Request, Response } from 'express';
import { z } from 'zod';
import type { ErrorCode } from '../base/error-codes.ts';
import { VmoatError } from '../base/errors.ts';
import type { Access, Caller } from './caller.ts';
import type { ApiSources } from './sources.ts';

/** What an operation changed, for the audit log. */
export interface Change {
  /** What it is about, where the path does not name it. */
  target?: string;
  /** What was there, and what is there now: ids, versions, states. */
  before?: string | null;
  after?: string | null;
}

export interface Call<Q, P, B> {
  query: Q;
  params: P;
  body: B;
  sources: ApiSources;
  caller: Caller;
  /** To be told what was changed. */
  changed: (change: Change) => void;
  request: Request;
  response: Response;
}

interface Definition<Q extends z.ZodType, P extends z.ZodType, B extends z.ZodType, A extends z.ZodType> {
  method: 'get' | 'post' | 'delete';
  /** Below /api/v1, with {name} for what `params` describes. */
  path: string;
  summary: string;
  access: Access;
  /** First part of the scope that a token needs; the first part of the path if it is not given. */
  area?: string;
  query: Q;
  params: P;
  body?: B;
  /** 16 KiB where it is absent. */
  bodyBytesMax?: number;
  /** Its JSON; a stream of events describes one event here. */
  answer: A;
  /** Changes nothing, though it is a POST: what is asked is too long for a query. */
  readOnly?: boolean;
  /** text/event-stream instead of JSON: `handle` writes to the response itself and answers undefined. */
  stream?: boolean;
  /** Codes of its own, beside those that every operation may answer. */
  errors?: ErrorCode[];
  handle: (
    call: Call<z.infer<Q>, z.infer<P>, z.infer<B>>,
  ) => z.infer<A> | undefined | Promise<z.infer<A> | undefined>;
}

/** An operation whose types were checked where it was written. */
export interface Operation extends Omit<Definition<z.ZodType, z.ZodType, z.ZodType, z.ZodType>, 'handle'> {
  run: (
    sources: ApiSources,
    caller: Caller,
    request: Request,
    response: Response,
    changed: (change: Change) => void,
  ) => Promise<unknown>;
}

export function operation<Q extends z.ZodType, P extends z.ZodType, B extends z.ZodType, A extends z.ZodType>(
  definition: Definition<Q, P, B, A>,
): Operation {
  const { handle, ...described } = definition;
  const body: z.ZodType = definition.body ?? z.unknown();
  return {
    ...described,
    run: async (sources, caller, request, response, changed) =>
      handle({
        query: checked(definition.query, request.query) as z.infer<Q>,
        params: checked(definition.params, request.params) as z.infer<P>,
        body: checked(body, request.body) as z.infer<B>,
        sources,
        caller,
        changed,
        request,
        response,
      }),
  };
}

export const isChange = ({ method, readOnly }: Pick<Operation, 'method' | 'readOnly'>): boolean =>
  method !== 'get' && !readOnly;

/** What a token must have been given for it, such as `flows:read`. */
export const scopeOf = (described: Pick<Operation, 'method' | 'path' | 'area' | 'readOnly'>): string =>
  `${described.area ?? described.path.split('/')[1]}:${isChange(described) ? 'write' : 'read'}`;

/** Every scope that a token can have. */
export const scopesOf = (operations: readonly Operation[]): string[] =>
  [
    ...new Set([
      ...operations.filter(({ access }) => access !== 'anyone' && access !== 'local').map(scopeOf),
      'metrics:read',
    ]),
  ].sort();

/** The input as the schema makes it; throws `bad_request` that names the first field at fault. */
function checked(schema: z.ZodType, input: unknown): unknown {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  if (issue?.code === 'unrecognized_keys') throw unknownParameter(schema, issue.keys[0] ?? '');
  const field = issue?.path.map(String).join('.') ?? '';
  throw new VmoatError('bad_request', `${field || 'the body'}: ${issue?.message ?? 'not allowed'}`, {
    field,
  });
}

function unknownParameter(schema: z.ZodType, name: string): VmoatError {
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  const hint = known.length ? `known: ${known.join(', ')}` : 'it takes none';
  return new VmoatError('bad_request', `unknown parameter ${JSON.stringify(name)}`, { field: name, hint });
}
