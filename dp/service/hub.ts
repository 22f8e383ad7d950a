// Hub: what the data plane says goes to every client; a new client gets the newest tables at once, a keeper also
// the flow records that are not on its disk yet.
import type { DataplaneOutput } from '../client/addon.ts';
import { flowCount, numberBatch } from '../client/flow-batch.ts';
import { ADDRESS_RECORD_BYTES, NAME_RECORD_BYTES, THREAT_RECORD_BYTES } from '../client/layout.ts';
import { type DpStatus, MessageType, type Receipt } from '../contract/protocol.ts';
import { Backlog, type Bulk, type Held } from './backlog.ts';
import type { Peer } from './peer.ts';
import { processUse } from './process-use.ts';

const TABLES = { links: MessageType.links, segments: MessageType.segments, nics: MessageType.nics } as const;
/** What the data plane says, with what clients are to know of the policy beside it. */
export type HubInput = Omit<DataplaneOutput, 'status'> & {
  status: Omit<DpStatus, 'at' | 'use' | 'caughtUp'> & { retold: number };
};

const REFRESH_MS = 1_000;

export class Hub {
  /** With the refresh after which it has heard all. */
  readonly #peers = new Map<Peer, number>();
  readonly #tables = new Map<number, object>();
  readonly #backlog: Backlog;
  #batches = 0;
  readonly #refresh: () => void;
  #refreshTimer: NodeJS.Timeout | null = null;
  #refreshAgain = false;
  #refreshes = 0;
  #lostRecords = 0;

  /**
   * `instance`: as in `welcome`. `refresh` asks the data plane to say everything once more, which its status counts as
   * `retold` when it is done; called at most once a second.
   */
  constructor(instance: string, refresh: () => void) {
    this.#backlog = new Backlog(instance);
    this.#refresh = refresh;
  }

  /** `has`: the client keeps records, and has these already. */
  add(peer: Peer, has: Receipt | null): void {
    for (const [type, table] of this.#tables) peer.sendTable(type, table);
    if (has) this.#resend(peer, has);
    this.#askAtMostOnceASecond();
    this.#peers.set(peer, this.#refreshes + (this.#refreshAgain ? 1 : 0));
  }

  /** Batches of flow records that no keeper has on disk yet. */
  get held(): number {
    return this.#backlog.held;
  }

  kept({ batch }: Receipt): void {
    this.#backlog.kept(batch);
  }

  remove(peer: Peer): void {
    this.#peers.delete(peer);
  }

  /** Takes one output of the data plane; `log` is not for clients. */
  take<Kind extends keyof HubInput>(kind: Kind, value: HubInput[Kind]): void {
    if (kind === 'flows') this.#flows(value as HubInput['flows']);
    else if (kind === 'addresses') this.#learned(kind, ADDRESS_RECORD_BYTES, value as Buffer);
    else if (kind === 'names') this.#learned(kind, NAME_RECORD_BYTES, value as Buffer);
    else if (kind === 'threats') this.#threats(value as HubInput['threats']);
    else if (kind === 'status') this.#status(value as HubInput['status']);
    else if (kind in TABLES) this.#table(TABLES[kind as keyof typeof TABLES], value);
  }

  close(): void {
    if (this.#refreshTimer) clearTimeout(this.#refreshTimer);
    for (const peer of this.#peers.keys()) peer.close();
  }

  #flows(body: Buffer): void {
    numberBatch(body, ++this.#batches);
    this.#hold({ type: MessageType.flows, number: this.#batches, records: flowCount(body), body });
  }

  /** Kept when the batch of flows after them is. */
  #threats(body: Buffer): void {
    const records = body.length / THREAT_RECORD_BYTES;
    this.#hold({ type: MessageType.threats, number: this.#batches + 1, records, body });
  }

  /** What was learned is told again by every refresh, so nobody has to hold it. */
  #learned(kind: 'addresses' | 'names', recordBytes: number, body: Buffer): void {
    const records = body.length / recordBytes;
    for (const peer of this.#peers.keys()) this.#send(peer, { type: MessageType[kind], records, body });
  }

  #hold(bulk: Held): void {
    this.#backlog.hold(bulk);
    for (const peer of this.#peers.keys()) this.#send(peer, bulk);
  }

  #send(peer: Peer, { type, body, records }: Bulk): void {
    if (!peer.sendBulk(type, body)) this.#lostRecords += records;
  }

  #resend(peer: Peer, has: Receipt): void {
    const { bulk, lost } = this.#backlog.after(has);
    this.#lostRecords += lost;
    for (const each of bulk) this.#send(peer, each);
  }

  #table(type: number, table: object): void {
    this.#tables.set(type, table);
    for (const peer of this.#peers.keys()) peer.sendTable(type, table);
  }

  #status({ retold, ...status }: HubInput['status']): void {
    const lost = { ...status.lost, records: status.lost.records + this.#lostRecords };
    const whole = { at: new Date().toISOString(), use: processUse(), ...status, lost };
    for (const [peer, refresh] of this.#peers) {
      const told: DpStatus = { ...whole, caughtUp: retold >= refresh };
      peer.sendTable(MessageType.status, told);
    }
  }

  #askAtMostOnceASecond(): void {
    if (this.#refreshTimer) {
      this.#refreshAgain = true;
      return;
    }
    this.#refreshes++;
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
