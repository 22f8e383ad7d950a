// Requests to a hostd under test, over its Unix socket or HTTPS.
import { type IncomingMessage, request } from 'node:http';
import { request as requestHttps } from 'node:https';

export interface Answer {
  status: number;
  headers: IncomingMessage['headers'];
  text: string;
  json: unknown;
}

export interface Asked {
  method?: string;
  headers?: Record<string, string>;
  body?: unknown;
}

export const askSocket = (socketPath: string, path: string, asked: Asked = {}): Promise<Answer> =>
  answered((done) => request({ socketPath, path, ...head(asked) }, done), asked);

/** Takes the self-signed certificate as it is: whose it is, another test asks. */
export const askHttps = (page: string, path: string, asked: Asked = {}): Promise<Answer> =>
  answered(
    (done) => requestHttps(new URL(path, page), { ...head(asked), rejectUnauthorized: false }, done),
    asked,
  );

const head = ({ method = 'GET', headers = {}, body }: Asked) => ({
  method,
  agent: false as const,
  headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
});

function answered(
  send: (done: (message: IncomingMessage) => void) => ReturnType<typeof request>,
  { body }: Asked,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = send((message) => {
      let text = '';
      message.setEncoding('utf8');
      message.on('data', (chunk) => {
        text += chunk;
      });
      message.on('end', () => {
        const { statusCode: status = 0, headers } = message;
        resolve({ status, headers, text, json: parsed(text) });
      });
    });
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body));
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Reads events of the stream until `enough`; returns them. */
export function readEvents(
  socketPath: string,
  path: string,
  enough: (events: { kind: string }[]) => boolean,
  within_ms = 15_000,
): Promise<{ kind: string; [key: string]: unknown }[]> {
  return new Promise((resolve, reject) => {
    const events: { kind: string }[] = [];
    let rest = '';
    const sent = request({ socketPath, path, agent: false }, (message) => {
      message.setEncoding('utf8');
      message.on('data', (chunk: string) => {
        const parts = (rest + chunk).split('\n\n');
        rest = parts.pop() ?? '';
        for (const part of parts)
          for (const line of part.split('\n'))
            if (line.startsWith('data: ')) events.push(JSON.parse(line.slice(6)));
        if (enough(events)) finish();
      });
    });
    const timer = setTimeout(() => {
      sent.destroy();
      reject(new Error(`only ${JSON.stringify(events.map((event) => event.kind))} within ${within_ms} ms`));
    }, within_ms);
    const finish = (): void => {
      clearTimeout(timer);
      sent.destroy();
      resolve(events);
    };
    sent.on('error', () => undefined);
    sent.end();
  });
}
