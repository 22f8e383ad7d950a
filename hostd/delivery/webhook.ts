// A webhook: events as signed HTTP POST requests, one at a time.
import { readFile } from 'node:fs/promises';
import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { hostname } from 'node:os';
import type { EventRecord } from '../api/schema.ts';
import type { Clock } from '../base/clock.ts';
import { VERSION } from '../base/version.ts';
import type { WebhookConfig } from '../config/delivery.ts';
import { type Destination, Refusal, TryLater } from './destination.ts';
import { SIGNATURE_HEADER, signature } from './signature.ts';

const SECRET_CHARS_MIN = 16;
/** The event itself is at fault: the same request will be refused again. */
const FINAL = [400, 413, 415, 422];
const WAIT_S_MAX = 3600;

export class Webhook implements Destination {
  readonly id: string;
  readonly target: string;
  readonly settings: string;
  readonly #config: WebhookConfig;
  readonly #clock: Clock;
  readonly #closed = new AbortController();

  constructor(config: WebhookConfig, clock: Clock) {
    this.id = `webhook:${config.name}`;
    // Path and query of many services are a secret.
    this.target = new URL(config.url).origin;
    this.settings = JSON.stringify(config);
    this.#config = config;
    this.#clock = clock;
  }

  async send(event: EventRecord, attempt: number): Promise<void> {
    const { url, secretFile, ca, timeoutMs } = this.#config;
    // Read each time: a secret can be changed while hostd runs.
    const secret = (await readFile(secretFile, 'utf8')).trim();
    if (secret.length < SECRET_CHARS_MIN)
      throw new Error(`${secretFile}: shorter than ${SECRET_CHARS_MIN} characters`);
    const body = JSON.stringify({ host: hostname(), event });
    // Over all of the exchange: a peer that answers a byte a minute must not hold the others up.
    const time = AbortSignal.timeout(timeoutMs);
    const options = {
      method: 'POST',
      agent: false,
      signal: AbortSignal.any([this.#closed.signal, time]),
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'user-agent': `vmoat/${VERSION}`,
        'vmoat-event': event.id,
        'vmoat-attempt': String(attempt),
        [SIGNATURE_HEADER]: signature(secret, Math.floor(this.#clock.now() / 1000), body),
      },
    };
    const sent = url.startsWith('https:')
      ? requestHttps(url, { ...options, ...(ca !== null && { ca: await readFile(ca) }) })
      : requestHttp(url, options);
    const answer = await exchange(sent, body).catch((error) => {
      throw time.aborted ? new Error(`no answer within ${timeoutMs} ms`) : error;
    });
    judge(answer);
  }

  close(): void {
    this.#closed.abort();
  }
}

/** Only the head of the answer is read. */
function exchange(sent: ClientRequest, body: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    sent.on('response', (response) => {
      resolve(response);
      response.destroy();
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Throws unless the answer says that the event was taken. */
function judge({ statusCode: status = 0, headers }: IncomingMessage): void {
  if (status >= 200 && status < 300) return;
  if (FINAL.includes(status)) throw new Refusal(`answers ${status}`);
  if (status >= 300 && status < 400) throw new Error(`answers ${status}: redirects are not followed`);
  const seconds = Number(headers['retry-after']);
  if (seconds > 0) throw new TryLater(`answers ${status}`, Math.min(seconds, WAIT_S_MAX) * 1000);
  throw new Error(`answers ${status}`);
}
