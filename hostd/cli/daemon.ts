// Speaks to vmoat-hostd over its Unix socket: checked answers, live events, errors that say what to run.
import { type IncomingMessage, request } from 'node:http';
import type { z } from 'zod';
import { Problem, StreamEvent } from '../api/schema.ts';
import { adminSocket, USER_HEADER } from '../base/admin-socket.ts';
import { type ErrorCode, errorCodes } from '../base/error-codes.ts';
import { systemCodeOf, VmoatError } from '../base/errors.ts';
import { EventReader } from './event-reader.ts';

export type Query = Record<string, string | undefined>;

const HEADER_TEXT = /^[\x21-\x7e]{1,64}$/;
const ANSWER_BYTES_MAX = 256 * 1024 * 1024;
const TIMEOUT_MS = 30_000;
/** A large policy is read for up to a minute, and may wait for another one. */
const CHANGE_TIMEOUT_MS = 150_000;
/** hostd sends something every 10 s. */
const SILENCE_MS = 30_000;

export class Daemon {
  readonly #socket: string;
  readonly #headers: Record<string, string>;

  /** `user`: on the socket of root, on whose behalf we ask. */
  constructor(socket: string, user = '') {
    this.#socket = socket;
    this.#headers = HEADER_TEXT.test(user) ? { [USER_HEADER]: user } : {};
  }

  /** The answer, checked; throws what the daemon refused, or why it cannot be reached. */
  async get<S extends z.ZodType>(schema: S, path: string, query: Query = {}): Promise<z.infer<S>> {
    return this.#checked(schema, await this.#text('GET', path, query));
  }

  async post<S extends z.ZodType>(
    schema: S,
    path: string,
    body?: object,
    query: Query = {},
  ): Promise<z.infer<S>> {
    return this.#checked(schema, await this.#text('POST', path, query, body));
  }

  async delete<S extends z.ZodType>(schema: S, path: string, query: Query): Promise<z.infer<S>> {
    return this.#checked(schema, await this.#text('DELETE', path, query));
  }

  /** Calls `opened` once events are collected for us, then `take` with every event until the stream ends. */
  async events(query: Query, opened: () => Promise<void>, take: (event: StreamEvent) => void): Promise<void> {
    const response = await this.#send('GET', '/stream', query, SILENCE_MS);
    if (response.statusCode !== 200) throw refusal(await textOf(response));
    await opened();
    const reader = new EventReader();
    response.setEncoding('utf8');
    for await (const chunk of response)
      for (const data of reader.push(String(chunk))) take(this.#checked(StreamEvent, data));
  }

  #checked<S extends z.ZodType>(schema: S, text: string): z.infer<S> {
    const result = schema.safeParse(parsed(text));
    if (result.success) return result.data;
    const issue = result.error.issues[0];
    throw badAnswer(this.#socket, `${issue?.path.map(String).join('.')}: ${issue?.message}`);
  }

  async #text(method: string, path: string, query: Query, body?: object): Promise<string> {
    const response = await this.#send(method, path, query, body ? CHANGE_TIMEOUT_MS : TIMEOUT_MS, body);
    const text = await textOf(response);
    if (response.statusCode !== 200) throw refusal(text);
    return text;
  }

  #send(
    method: string,
    path: string,
    query: Query,
    timeout: number,
    body?: object,
  ): Promise<IncomingMessage> {
    const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
    const search = new URLSearchParams(given).toString();
    const target = `/api/v1${path}${search && `?${search}`}`;
    const headers = { ...this.#headers, ...(body && { 'content-type': 'application/json' }) };
    return new Promise((resolve, reject) => {
      const sent = request({
        socketPath: this.#socket,
        path: target,
        method,
        timeout,
        headers,
        agent: false,
      });
      sent.on('response', resolve);
      sent.on('timeout', () => sent.destroy(new Error('the daemon does not answer')));
      sent.on('error', (cause) => reject(unreachable(this.#socket, cause)));
      sent.end(body && JSON.stringify(body));
    });
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  response.setEncoding('utf8');
  let text = '';
  for await (const chunk of response) {
    text += String(chunk);
    if (text.length > ANSWER_BYTES_MAX) throw new VmoatError('bad_answer', 'the answer is too long');
  }
  return text;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const badAnswer = (socket: string, reason: string): VmoatError =>
  new VmoatError('bad_answer', `${socket} does not answer like this version of vmoat-hostd (${reason})`, {
    hint: 'restart vmoat-hostd after an upgrade',
  });

function refusal(text: string): VmoatError {
  const problem = Problem.safeParse(parsed(text));
  if (!problem.success) return new VmoatError('bad_answer', 'what answers is no vmoat-hostd');
  const { code, message, field, hint } = problem.data;
  const known = code in errorCodes ? (code as ErrorCode) : 'internal';
  return new VmoatError(known, message, { ...(field && { field }), ...(hint && { hint }) });
}

const ONLY_GROUP = 'be in group vmoat: sudo usermod -aG vmoat $USER, then log in again';
const ONLY_ROOT = 'only root may do this: run it with sudo, or use the web page';
const isMissing = (cause: unknown): boolean => ['ENOENT', 'ECONNREFUSED'].includes(systemCodeOf(cause));

function unreachable(socket: string, cause: unknown): VmoatError {
  if (systemCodeOf(cause) === 'EACCES')
    return new VmoatError('socket_denied', `you may not use ${socket}`, {
      cause,
      hint: socket === adminSocket(socket) ? ONLY_ROOT : ONLY_GROUP,
    });
  const why = isMissing(cause) ? 'vmoat-hostd is not running' : String(cause);
  return new VmoatError('daemon_unreachable', `${socket}: ${why}`, {
    cause,
    hint: 'start it: systemctl start vmoat-hostd (in a checkout: npm start or npm run demo), or name its socket with --socket',
  });
}
