// StateFile: one text that outlives the process and the host. Either the old or the new one is on disk, whenever the
// machine stops; one that is not as it was written is told from one that is.
import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, mkdirSync, openSync, readFileSync, renameSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Longest text, bytes: two policies and an inventory, each as large as a client may send them. */
export const STATE_BYTES_MAX = 128 * 1024 * 1024;
const NAME = 'state';
const KIND = 'vmoat-dp state';
/** Of what stands in the text; another one is not read. */
const SCHEMA = 1;
const PRIVATE = 0o600;
const HEAD_BYTES_MAX = 128;

export class StateFile {
  readonly path: string;
  readonly #folder: string;
  #turn: Promise<unknown> = Promise.resolve();
  #next: string | null = null;

  constructor(folder: string) {
    this.#folder = folder;
    this.path = join(folder, NAME);
  }

  /** Throws where there is no such folder, nor may one be made. */
  makeFolder(): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
  }

  /** null: nothing was kept. Throws an Error that says why what is there is not to be believed. */
  read(): string | null {
    const fd = this.#open();
    if (fd === null) return null;
    try {
      refuseForeign(fd);
      return unwrapped(readFileSync(fd));
    } finally {
      closeSync(fd);
    }
  }

  /** Out of the way, for whoever wants to look at it; where it is then. */
  setAside(): string {
    const aside = `${this.path}.refused`;
    renameSync(this.path, aside);
    return aside;
  }

  /** Resolves once this text, or one given later, is on disk; one after the other, and what is outdated is left out. */
  write(text: string): Promise<void> {
    this.#next = text;
    const done = this.#turn.then(async () => {
      const newest = this.#next;
      this.#next = null;
      if (newest !== null) await this.#write(newest);
    });
    this.#turn = done.catch(() => undefined);
    return done;
  }

  #open(): number | null {
    try {
      return openSync(this.path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw cause;
    }
  }

  async #write(text: string): Promise<void> {
    const body = Buffer.from(text);
    if (body.length > STATE_BYTES_MAX) throw new Error(`it takes ${body.length} bytes: too much to keep`);
    const fresh = `${this.path}.new`;
    const file = await open(fresh, 'w', PRIVATE);
    try {
      await file.chmod(PRIVATE);
      await file.writeFile(headOf(body));
      await file.writeFile(body);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(fresh, this.path);
    await syncFolder(dirname(this.path));
  }
}

const hashOf = (body: Buffer): string => createHash('sha256').update(body).digest('hex');
const headOf = (body: Buffer): string => `${KIND} ${SCHEMA} ${hashOf(body)}\n`;

function refuseForeign(fd: number): void {
  const { uid, mode, size } = fstatSync(fd);
  if ((mode & constants.S_IFMT) !== constants.S_IFREG) throw new Error('it is no file');
  if (uid !== process.geteuid?.()) throw new Error(`it belongs to uid ${uid}`);
  if ((mode & 0o077) !== 0) throw new Error('others than its owner may read or change it');
  if (size > STATE_BYTES_MAX + HEAD_BYTES_MAX) throw new Error(`it has ${size} bytes: too many`);
}

function unwrapped(bytes: Buffer): string {
  const end = bytes.subarray(0, HEAD_BYTES_MAX).indexOf('\n');
  const head = bytes.subarray(0, Math.max(0, end)).toString('latin1');
  if (!head.startsWith(`${KIND} `)) throw new Error('it is no state of vmoat-dp');
  if (!head.startsWith(`${KIND} ${SCHEMA} `))
    throw new Error(`another version of vmoat-dp wrote it: ${head}`);
  const body = bytes.subarray(end + 1);
  if (`${head}\n` !== headOf(body))
    throw new Error('it is not what was written: its checksum is another one');
  return body.toString();
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
