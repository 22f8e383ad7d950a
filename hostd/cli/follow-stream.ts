// Follows the live stream, and waits out a restart of the daemon without a hole: the stream is opened first, then
// what came before it is asked for.
import type { StreamEvent } from '../api/schema.ts';
import { VmoatError } from '../base/errors.ts';
import type { Context } from './context.ts';
import type { Query } from './daemon.ts';

const RETRY_MS = 500;
/** What was seen before the connection went may be told this much later: dp and hostd both collect for a while. */
const LATE_MS = 15_000;

export interface Following {
  /** Of the stream. */
  query: Query;
  /** Prints what was there before the stream; since: RFC 3339, what was missed and some more, null at the start. */
  catchUp: (since: string | null) => Promise<void>;
  take: (event: StreamEvent) => void;
}

/** Never resolves; rejects with what the daemon refuses, and when it cannot be reached at the start. */
export async function followStream(context: Context, { query, catchUp, take }: Following): Promise<never> {
  let ended_ms: number | null = null;
  for (;;) {
    const since = ended_ms === null ? null : new Date(ended_ms - LATE_MS).toISOString();
    let wasOpen = false;
    const opened = (): Promise<void> => {
      wasOpen = true;
      return catchUp(since);
    };
    await context
      .daemon()
      .events(query, opened, take)
      .catch((error: unknown) => {
        if (ended_ms === null && !wasOpen) throw error;
        patient(error);
      });
    if (wasOpen) {
      ended_ms = context.now();
      context.terminal.err('vmoat: the connection to vmoat-hostd ended; waiting for it\n');
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/** A daemon that went away may come back; what it refused, it will refuse again. */
function patient(error: unknown): void {
  if (error instanceof VmoatError && error.code !== 'daemon_unreachable') throw error;
}
