// Reads and edits policy documents without keeping the API waiting: small ones at once, large ones on a thread of their own, one
// after the other, each for a bounded time and in bounded memory.
import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { messageOf, VmoatError } from '../../base/errors.ts';
import { openThread } from '../../base/open-thread.ts';
import { type Edit, type EditText, edited } from './edits.ts';
import {
  joined,
  POLICY_BYTES_MAX,
  type PolicyParts,
  type ReadPolicy,
  readPolicy,
  required,
} from './parse.ts';

/** To read the text as that file, or to edit it. */
export type ReadWish = { text: string; file: string } | { text: string; edits: readonly Edit[] };
export type ReadRequest = { id: number } & ReadWish;
export type ReadAnswer = { id: number } & ({ parts: PolicyParts } | { text: string });

export interface ReaderOptions {
  /** Shorter texts are read at once: a thread would take longer to start. */
  chars_least: number;
  /** What takes longer is refused. */
  time_ms_max: number;
}

/** As `Reader.read`; `file` is what problems call the text. Rejects with every mistake. */
export type Read = (text: string, file: string) => Promise<ReadPolicy>;

const STANDARD: ReaderOptions = { chars_least: 32 * 1024, time_ms_max: 60_000 };
const WAITING_MAX = 8;
const MEMORY_MIB_MAX = 2048;
/** The thread ends when it had nothing to do for so long. */
const IDLE_MS = 30_000;

export class Reader {
  readonly #options: ReaderOptions;
  #thread: Worker | null = null;
  #idle: NodeJS.Timeout | null = null;
  #turn: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #requests = 0;
  #stopped = false;

  constructor(options: Partial<ReaderOptions> = {}) {
    this.#options = { ...STANDARD, ...options };
  }

  readonly read: Read = async (text, file) => {
    // What is too long is refused before anything is read.
    if (this.#isShort(text) || text.length > POLICY_BYTES_MAX) return readPolicy(text, file);
    const answer = await this.#answer({ text, file });
    if ('text' in answer) throw unread(file, 'something else was answered');
    return required(joined(answer.parts, text, file));
  };

  readonly edit: EditText = async (text, edits) => {
    if (this.#isShort(text)) return edited(text, edits);
    const answer = await this.#answer({ text, edits });
    if ('parts' in answer) throw unread('the policy', 'something else was answered');
    return answer.text;
  };

  stop(): void {
    this.#stopped = true;
    this.#end();
  }

  #isShort(text: string): boolean {
    return text.length < this.#options.chars_least;
  }

  async #answer(wish: ReadWish): Promise<ReadAnswer> {
    if (this.#waiting >= WAITING_MAX) throw tooMany();
    this.#waiting++;
    const answer = this.#turn.then(() => this.#ask(wish)).finally(() => this.#waiting--);
    this.#turn = answer.catch(() => undefined);
    return answer;
  }

  async #ask(wish: ReadWish): Promise<ReadAnswer> {
    const file = 'file' in wish ? wish.file : 'the policy';
    if (this.#stopped) throw unread(file, 'vmoat-hostd stops');
    if (this.#idle) clearTimeout(this.#idle);
    const thread = this.#running();
    const id = ++this.#requests;
    const { time_ms_max } = this.#options;
    try {
      const answer = await answerOf(thread, { id, ...wish }, time_ms_max);
      this.#idle = setTimeout(() => this.#end(), IDLE_MS).unref();
      return answer;
    } catch (thrown) {
      this.#end();
      throw unread(file, messageOf(thrown));
    }
  }

  #running(): Worker {
    const limits = { maxOldGenerationSizeMb: MEMORY_MIB_MAX };
    const source = new URL('./read-thread.ts', import.meta.url);
    const thread = this.#thread ?? openThread(source, { role: 'vmoat-policy-reader' }, limits);
    // Also of a thread that nobody waits for.
    if (!this.#thread) thread.on('error', () => this.#end());
    thread.unref();
    this.#thread = thread;
    return thread;
  }

  #end(): void {
    if (this.#idle) clearTimeout(this.#idle);
    void this.#thread?.terminate();
    this.#thread = null;
  }
}

/** Rejects where the thread ends, fails or takes too long. */
async function answerOf(thread: Worker, request: ReadRequest, time_ms_max: number): Promise<ReadAnswer> {
  const over = new AbortController();
  const { signal } = over;
  const late = setTimeout(() => over.abort(new Error(`it takes longer than ${time_ms_max} ms`)), time_ms_max);
  const ended = (): void => over.abort(new Error('its reader ended'));
  thread.once('exit', ended);
  try {
    thread.postMessage(request);
    for (;;) {
      const [answer] = (await once(thread, 'message', { signal })) as [ReadAnswer];
      if (answer.id === request.id) return answer;
    }
  } catch (thrown) {
    throw signal.aborted ? signal.reason : thrown;
  } finally {
    clearTimeout(late);
    thread.off('exit', ended);
  }
}

const unread = (file: string, why: string): VmoatError =>
  new VmoatError('policy_syntax', `${file}: cannot be read: ${why}`, {
    hint: '`vmoat policy lint` of the file, on your own machine, says more',
  });

const tooMany = (): VmoatError =>
  new VmoatError('rate_limited', 'other policies are being read', { hint: 'try again in a minute' });
