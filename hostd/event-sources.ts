// What becomes an event, and when the parts of hostd are asked for it.
import type { Connection } from '../libvirt-watch/types.ts';
import type { AddressConflict } from '../topology/types.ts';
import type { Flow, Nic, Threat } from './api/schema.ts';
import type { Clock, Stop } from './base/clock.ts';
import { VERSION } from './base/version.ts';
import type { Dataplane } from './dataplane/dataplane.ts';
import { ConflictNews } from './events/conflict-news.ts';
import { ConnectionNews } from './events/connection-news.ts';
import type { Emit } from './events/events.ts';
import { LossNews } from './events/loss-news.ts';
import { NicNews } from './events/nic-news.ts';
import { PanicNews } from './events/panic-news.ts';
import { ThreatNews } from './events/threat-news.ts';
import { ViolationNews } from './events/violation-news.ts';

export interface EventSourcesOptions {
  clock: Clock;
  emit: Emit;
  dataplane: Dataplane;
  /** Of running VMs. */
  nics: () => Nic[];
  lost: () => Record<string, number>;
  segmentName: (segment: number) => string;
}

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;

export class EventSources {
  readonly #options: EventSourcesOptions;
  readonly #nics: NicNews;
  readonly #panic: PanicNews;
  readonly #threats: ThreatNews;
  readonly #violations: ViolationNews;
  readonly #losses: LossNews;
  readonly #conflicts: ConflictNews;
  readonly #libvirt: ConnectionNews;
  readonly #stops: Stop[];
  #libvirtAnswers = false;

  constructor(options: EventSourcesOptions) {
    this.#options = options;
    const { clock, emit, dataplane, segmentName } = options;
    this.#nics = new NicNews(emit);
    this.#panic = new PanicNews(emit);
    this.#threats = new ThreatNews(emit);
    this.#violations = new ViolationNews(emit);
    this.#losses = new LossNews(emit);
    this.#conflicts = new ConflictNews(emit, segmentName);
    this.#libvirt = new ConnectionNews({
      emit,
      name: 'libvirt',
      connected: 'libvirt-connected',
      lost: 'libvirt-lost',
    });
    const dp = new ConnectionNews({
      emit,
      name: 'vmoat-dp',
      connected: 'dataplane-connected',
      lost: 'dataplane-lost',
    });
    dataplane.on('connected', ({ version }) => dp.take(true, version));
    dataplane.on('disconnected', (reason) => dp.take(false, reason));
    this.#stops = [
      clock.every(SECOND_MS, () => this.#second()),
      clock.every(MINUTE_MS, () => this.#minute()),
    ];
    emit('hostd-started', { text: `vmoat-hostd ${VERSION} runs`, data: { version: VERSION } });
  }

  threat(threat: Threat): void {
    this.#threats.take(threat, this.#options.clock.now());
  }

  flows(flows: readonly Flow[]): void {
    const now = this.#options.clock.now();
    for (const flow of flows) this.#violations.take(flow, now);
  }

  conflicts(conflicts: readonly AddressConflict[]): void {
    this.#conflicts.take(conflicts);
  }

  libvirt({ state, reason }: Connection): void {
    this.#libvirtAnswers = state === 'connected';
    this.#libvirt.take(this.#libvirtAnswers, reason);
  }

  stop(): void {
    for (const stop of this.#stops) stop();
  }

  #second(): void {
    const { clock, dataplane, nics } = this.#options;
    const now = clock.now();
    this.#conflicts.tell(now);
    this.#violations.second(now);
    const { status } = dataplane.state;
    if (status) this.#panic.take(status.panic);
    if (this.#libvirtAnswers && dataplane.state.state === 'connected') this.#nics.take(nics(), now);
  }

  #minute(): void {
    this.#threats.minute();
    this.#violations.minute();
    this.#losses.take(this.#options.lost());
  }
}
