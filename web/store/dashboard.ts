// Joins the feed and the stores into the one state that the views read.
import { batch, computed, effect, signal, untracked } from '@preact/signals';
import type { Flow, Graph, Status, StreamEvent, Workload } from '../../hostd/api/schema.ts';
import { home, type Place, spanOf, type Window, writePlace } from '../domain/place.ts';
import type { Api } from '../feed/api.ts';
import { type Connection, Stream, type StreamWorld } from '../feed/stream.ts';
import { FlowTableStore } from './flow-table.ts';
import { PastStore } from './past.ts';
import type { PlaceStore } from './place.ts';
import { RateStore } from './rates.ts';
import { ThreatStore } from './threats.ts';

const renewPast_ms = 15_000;

const windowKey = (window: Window): string => writePlace({ ...home, window });
const threatKey = ({ view, filter, threats, window }: Place): string =>
  view === 'threats' ? writePlace({ ...home, filter, threats, window }) : 'elsewhere';
const filterKey = ({ filter, window }: Place): string => writePlace({ ...home, filter, window });

export class Dashboard {
  readonly api: Api;
  readonly places: PlaceStore;
  readonly table: FlowTableStore;
  readonly past: PastStore;
  readonly threats: ThreatStore;
  readonly rates = new RateStore();
  readonly connection = signal<Connection>({ state: 'connecting' });
  readonly status = signal<Status | null>(null);
  readonly workloads = signal<readonly Workload[]>([]);
  /** The workloads were told: only then is it known which network a node belongs to. */
  readonly inventoried = signal(false);
  readonly live = signal<Graph | null>(null);
  /** The flows last heard on the stream, for panels that follow one edge or flow. */
  readonly heard = signal<readonly Flow[]>([]);
  /** The graph to draw: what is live, or the chosen past window. */
  readonly graph = computed(() =>
    this.places.place.value.window.kind === 'live' ? this.live.value : this.past.graph.value,
  );
  readonly isLive = computed(() => this.places.place.value.window.kind === 'live');
  /** Why the secret of the link was refused, for the login page. */
  readonly signInError = signal('');
  readonly #stream: Stream;

  constructor(api: Api, places: PlaceStore, world: StreamWorld) {
    this.api = api;
    this.places = places;
    this.table = new FlowTableStore(api);
    this.past = new PastStore(api);
    this.threats = new ThreatStore(api);
    const connection = (state: Connection) => this.#connection(state);
    this.#stream = new Stream({ event: (event) => this.hear(event), connection }, world);
  }

  /** Signs in first where the page was opened by a link that carries a secret. */
  async start(secret = ''): Promise<void> {
    if (secret) await this.api.signIn(secret).catch((error) => this.#refused(error));
    this.#stream.start();
    this.#followWindow();
    this.#followFilter();
    this.#followThreats();
  }

  retry(): void {
    this.#stream.retry();
  }

  async signIn(secret: string): Promise<void> {
    await this.api.signIn(secret);
    this.#stream.start();
  }

  #refused(error: unknown): void {
    this.signInError.value = error instanceof Error ? error.message : String(error);
  }

  hear(event: StreamEvent): void {
    batch(() => {
      if (event.kind === 'dropped') this.#catchUp();
      if (event.kind === 'threats') this.threats.hear();
      if (event.kind === 'status') this.status.value = event.status;
      if (event.kind === 'workloads') {
        this.workloads.value = event.workloads;
        this.inventoried.value = true;
      }
      if (event.kind === 'graph') {
        this.live.value = event.graph;
        this.rates.hear(event.graph);
      }
      if (event.kind === 'flows') {
        this.heard.value = event.flows;
        this.table.hear(event.flows, this.places.place.value.follow);
      }
    });
  }

  /** What passed while the stream was away is asked for when it is back. */
  #connection(state: Connection): void {
    this.connection.value = state;
    if (state.state !== 'open') return;
    this.#catchUp();
    void this.threats.learn();
    void this.past.show(spanOf(this.places.place.peek().window, Date.now()), true);
  }

  #catchUp(): void {
    void this.#showFlows();
    this.threats.hear();
  }

  #showThreats(): Promise<void> {
    const { view, filter, threats, window } = this.places.place.value;
    if (view !== 'threats') return this.threats.show(null);
    return this.threats.show({ filter, threats, span: spanOf(window, Date.now()) });
  }

  #followThreats(): void {
    const key = computed(() => threatKey(this.places.place.value));
    effect(() => {
      void key.value;
      const timer = setTimeout(() => void this.#showThreats(), 0);
      return () => clearTimeout(timer);
    });
  }

  #showFlows(): Promise<void> {
    const { filter, window } = this.places.place.value;
    return this.table.show(filter, spanOf(window, Date.now()));
  }

  #followWindow(): void {
    const key = computed(() => windowKey(this.places.place.value.window));
    effect(() => {
      void key.value;
      const { window } = this.places.place.peek();
      void untracked(() => this.past.show(spanOf(window, Date.now())));
      if (window.kind !== 'last') return;
      const timer = setInterval(() => void this.past.show(spanOf(window, Date.now()), true), renewPast_ms);
      return () => clearInterval(timer);
    });
  }

  #followFilter(): void {
    const key = computed(() => filterKey(this.places.place.value));
    effect(() => {
      void key.value;
      const timer = setTimeout(() => void this.#showFlows(), 120);
      return () => clearTimeout(timer);
    });
    const follow = computed(() => this.places.place.value.follow);
    effect(() => {
      if (follow.value) untracked(() => this.table.release());
    });
  }
}
