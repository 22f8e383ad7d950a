// One operation of the API: what it takes, what it answers, who may call it; the route and the document come from it.
import type { Request, Response } from 'express';
import { z } from 'zod';
import type { ErrorCode } from '../base/error-codes.ts';
import { VmoatError } from '../base/errors.ts';
import type { ApiSources } from './sources.ts';

/**
 * `session`: a signed-in browser or a Unix socket; `local`: a Unix socket only; `anyone`: everybody; `admin`: the
 * socket of root, or a browser that was signed in by root.
 */
export type Access = 'session' | 'local' | 'anyone' | 'admin';

/** Who asks; `user` is empty where nothing says it. */
export interface Caller {
  role: 'viewer' | 'admin';
  user: string;
}

export interface Call<Q, P, B> {
  query: Q;
  params: P;
  body: B;
  sources: ApiSources;
  caller: Caller;
  request: Request;
  response: Response;
}

interface Definition<Q extends z.ZodType, P extends z.ZodType, B extends z.ZodType, A extends z.ZodType> {
  method: 'get' | 'post' | 'delete';
  /** Below /api/v1, with {name} for what `params` describes. */
  path: string;
  summary: string;
  access: Access;
  query: Q;
  params: P;
  body?: B;
  /** Its JSON; a stream of events describes one event here. */
  answer: A;
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
  run: (sources: ApiSources, caller: Caller, request: Request, response: Response) => Promise<unknown>;
}

export function operation<Q extends z.ZodType, P extends z.ZodType, B extends z.ZodType, A extends z.ZodType>(
  definition: Definition<Q, P, B, A>,
): Operation {
  const { handle, ...described } = definition;
  const body: z.ZodType = definition.body ?? z.unknown();
  return {
    ...described,
    run: async (sources, caller, request, response) =>
      handle({
        query: checked(definition.query, request.query) as z.infer<Q>,
        params: checked(definition.params, request.params) as z.infer<P>,
        body: checked(body, request.body) as z.infer<B>,
        sources,
        caller,
        request,
        response,
      }),
  };
}

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
