// Cuts a stream of server-sent events into their data.

/** An event longer than this is no event of hostd's. */
const EVENT_CHARS_MAX = 64 * 1024 * 1024;

export class EventReader {
  #rest = '';

  /** Returns the data of the events that the chunk completes; comments are skipped. */
  push(chunk: string): string[] {
    const parts = (this.#rest + chunk).split('\n\n');
    this.#rest = parts.pop() ?? '';
    if (this.#rest.length > EVENT_CHARS_MAX) throw new Error('an event of the stream does not end');
    return parts.flatMap((part) => part.split('\n').filter(isData).map(content));
  }
}

const isData = (line: string): boolean => line.startsWith('data: ');
const content = (line: string): string => line.slice('data: '.length);
