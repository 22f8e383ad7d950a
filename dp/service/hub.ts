// Hub: what the data plane says goes to every client; a new client gets the newest tables at once, the first
// one also what was said while nobody listened.
import type { DataplaneOutput } from '../client/addon.ts';
import { flowCount } from '../client/flow-batch.ts';
import { ADDRESS_RECORD_BYTES, THREAT_RECORD_BYTES } from '../client/layout.ts';
import { type DpStatus, MessageType } from '../contract/protocol.ts';
import { Backlog, type Kept } from './backlog.ts';
import type { Peer } from './peer.ts';
import { processUse } from './process-use.ts';

const TABLES = { links: MessageType.links, segments: MessageType.segments, nics: MessageType.nics } as const;
const BULK = {
  flows: MessageType.flows,
  addresses: MessageType.addresses,
  threats: MessageType.threats,
} as const;
const REFRESH_MS = 1_000;

export class Hub {
  readonly #peers = new Set<Peer>();
  readonly #tables = new Map<number, object>();
  readonly #backlog = new Backlog();
  readonly #refresh: () => void;
  #refreshTimer: NodeJS.Timeout | null = null;
  #refreshAgain = false;
  #lostRecords = 0;

  /** `refresh` asks the data plane to say everything once more; called at most once a second. */
  constructor(refresh: () => void) {
    this.#refresh = refresh;
  }

  add(peer: Peer): void {
    for (const [type, table] of this.#tables) peer.sendTable(type, table);
    this.#peers.add(peer);
    for (const { type, body } of this.#backlog.take()) this.#bulk(type, body);
    this.#askAtMostOnceASecond();
  }

  remove(peer: Peer): void {
    this.#peers.delete(peer);
  }

  /** Takes one output of the data plane; `log` is not for clients. */
  take<Kind extends keyof DataplaneOutput>(kind: Kind, value: DataplaneOutput[Kind]): void {
    if (Buffer.isBuffer(value)) this.#bulk(BULK[kind as keyof typeof BULK], value);
    else if (kind === 'status') this.#status(value as DataplaneOutput['status']);
    else if (kind in TABLES) this.#table(TABLES[kind as keyof typeof TABLES], value);
  }

  close(): void {
    if (this.#refreshTimer) clearTimeout(this.#refreshTimer);
    for (const peer of this.#peers) peer.close();
  }

  #bulk(type: number, body: Buffer): void {
    if (this.#peers.size === 0) for (const gone of this.#backlog.keep(type, body)) this.#lose(gone);
    for (const peer of this.#peers) if (!peer.sendBulk(type, body)) this.#lose({ type, body });
  }

  #lose({ type, body }: Kept): void {
    this.#lostRecords += recordCount(type, body);
  }

  #table(type: number, table: object): void {
    this.#tables.set(type, table);
    for (const peer of this.#peers) peer.sendTable(type, table);
  }

  #status(status: DataplaneOutput['status']): void {
    const lost = { ...status.lost, records: status.lost.records + this.#lostRecords };
    const whole: DpStatus = { at: new Date().toISOString(), use: processUse(), ...status, lost };
    for (const peer of this.#peers) peer.sendTable(MessageType.status, whole);
  }

  #askAtMostOnceASecond(): void {
    if (this.#refreshTimer) {
      this.#refreshAgain = true;
      return;
    }
    this.#refresh();
    this.#refreshTimer = setTimeout(() => this.#afterRefresh(), REFRESH_MS);
  }

  #afterRefresh(): void {
    this.#refreshTimer = null;
    if (!this.#refreshAgain) return;
    this.#refreshAgain = false;
    this.#askAtMostOnceASecond();
  }
}

function recordCount(type: number, body: Buffer): number {
  if (type === MessageType.flows) return flowCount(body);
  return body.length / (type === MessageType.threats ? THREAT_RECORD_BYTES : ADDRESS_RECORD_BYTES);
}
