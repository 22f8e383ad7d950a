// Follows the live stream, and waits out a restart of the daemon without a hole: the stream is opened first, then
// what came before it is asked for.
import type { StreamEvent } from '../api/schema.ts';
import { VmoatError } from '../base/errors.ts';
import type { Context } from './context.ts';
import type { Query } from './daemon.ts';

const RETRY_MS = 500;

export interface Following {
  /** Of the stream. */
  query: Query;
  /** Prints what was seen since: RFC 3339, the time without a connection. */
  catchUp: (since: string) => Promise<void>;
  take: (event: StreamEvent) => void;
}

/** Never resolves; rejects with what the daemon refuses. */
export async function followStream(context: Context, { query, catchUp, take }: Following): Promise<never> {
  let since = context.now();
  for (;;) {
    let wasOpen = false;
    const opened = (): Promise<void> => {
      wasOpen = true;
      return catchUp(new Date(since).toISOString());
    };
    await context.daemon().events(query, opened, take).catch(patient);
    if (wasOpen) {
      since = context.now() - RETRY_MS;
      context.terminal.err('vmoat: the connection to vmoat-hostd ended; waiting for it\n');
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/** A daemon that went away may come back; what it refused, it will refuse again. */
function patient(error: unknown): void {
  if (error instanceof VmoatError && error.code !== 'daemon_unreachable') throw error;
}
