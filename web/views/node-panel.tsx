// Everything about one node: state, NICs and addresses, what it serves and uses, rates, recent sessions.
import type { Graph, GraphNode, Workload } from '../../hostd/api/schema.ts';
import { colourOf } from '../domain/application.ts';
import { kindTitles, stateTitles } from '../domain/ends.ts';
import { profile, type Use } from '../domain/profile.ts';
import { bytesText, plural, rateText } from '../domain/quantity.ts';
import { ApplicationChip } from '../ui/application-chip.tsx';
import { type Fact, Facts } from '../ui/facts.tsx';
import { theme } from '../ui/look.ts';
import { Sparkline } from '../ui/sparkline.tsx';
import { useDashboard } from './context.ts';
import { NicCard } from './nic-card.tsx';
import { RecentFlows } from './panel-flows.tsx';
import { PanelFrame, PanelGone } from './panel-frame.tsx';
import { ThreatMarks } from './threat-marks.tsx';

export function NodePanel({ id }: { id: string }) {
  const { graph, workloads } = useDashboard();
  const node = graph.value?.nodes.find((one) => one.id === id);
  const workload = workloads.value.find((one) => one.id === id);
  if (!node || !graph.value) return <PanelGone kind="node" id={id} />;
  return (
    <PanelFrame kind={kindTitles[node.kind]} title={node.name}>
      <ThreatMarks mark={node.threats} workload={node.id} />
      <About node={node} workload={workload} />
      <Rates graph={graph.value} node={node} />
      <Uses graph={graph.value} node={node} />
      {workload && (
        <section>
          <h3>{plural(workload.nics.length, 'NIC')}</h3>
          {workload.nics.length === 0 && <p class="hint">This machine has no network interface.</p>}
          {workload.nics.map((nic) => (
            <NicCard key={nic.id} nic={nic} />
          ))}
        </section>
      )}
      <section>
        <h3>Recent flows</h3>
        <RecentFlows filter={{ workload: id }} keep={() => true} />
        <ShowAll id={id} />
      </section>
    </PanelFrame>
  );
}

function ShowAll({ id }: { id: string }) {
  const { places } = useDashboard();
  const { filter } = places.place.value;
  return (
    <button
      type="button"
      class="button"
      onClick={() => places.go({ view: 'flows', filter: { ...filter, workload: id } })}
    >
      All its flows
    </button>
  );
}

function About({ node, workload }: { node: GraphNode; workload: Workload | undefined }) {
  const facts: Fact[] = [];
  if (node.state) facts.push(['State', <span class={`state ${node.state}`}>{stateTitles[node.state]}</span>]);
  if (node.mode) facts.push(['Mode', modeText(node.mode, workload)]);
  if (workload) {
    if (workload.title) facts.push(['Title', workload.title]);
    if (workload.os) facts.push(['System', workload.os]);
    if (workload.tags.length > 0) facts.push(['Tags', workload.tags.join(', ')]);
    facts.push(['UUID', <span class="mono">{workload.id}</span>]);
    if (!workload.persistent) facts.push(['Definition', 'transient: gone when it stops']);
  } else if (node.addresses.length > 0) {
    facts.push(['Addresses', <span class="mono">{node.addresses.slice(0, 20).join(', ')}</span>]);
  }
  return facts.length === 0 ? null : <Facts facts={facts} />;
}

const modeText = (mode: string, workload: Workload | undefined): string =>
  workload ? `${mode}, ${workload.modeFrom === null ? 'the default' : `of ${workload.modeFrom}`}` : mode;

function Rates({ graph, node }: { graph: Graph; node: GraphNode }) {
  const { rates, isLive } = useDashboard();
  if (!isLive.value) return null;
  void rates.tick.value;
  const own = (side: 'from' | 'to') =>
    graph.edges.filter((edge) => edge[side] === node.id).map((edge) => edge.id);
  const points = rates.points(own('from'), own('to'));
  return (
    <section>
      <h3>Rate</h3>
      <Sparkline
        points={points}
        names={['sent', 'received']}
        colour={colourOf('http', theme())}
        label={`Rate of ${node.name}`}
      />
    </section>
  );
}

function Uses({ graph, node }: { graph: Graph; node: GraphNode }) {
  const { serves, uses, peers, open } = profile(graph, node.id);
  if (serves.length + uses.length === 0)
    return (
      <section>
        <h3>Applications</h3>
        <p class="hint">Nobody talked to it, and it talked to nobody, in this window.</p>
      </section>
    );
  return (
    <section>
      <p class="summary">
        {plural(peers, 'peer')}, {plural(open, 'open session')}
      </p>
      <UseTable title="Serves" uses={serves} peer="client" />
      <UseTable title="Uses" uses={uses} peer="server" />
    </section>
  );
}

function UseTable({ title, uses, peer }: { title: string; uses: readonly Use[]; peer: string }) {
  const { places, isLive } = useDashboard();
  if (uses.length === 0) return null;
  return (
    <table class="uses">
      <caption>{title}</caption>
      <tbody>
        {uses.map((use) => (
          <tr key={`${use.app} ${use.port}`}>
            <td>
              <button
                type="button"
                class="link"
                onClick={() => places.select({ kind: 'edge', id: use.edges[0] ?? '' })}
              >
                <ApplicationChip app={use.app} />
              </button>
            </td>
            <td class="mono">{use.port}</td>
            <td class="number">{plural(use.peers, peer)}</td>
            <td class="number">{isLive.value ? rateText(use.rate) : bytesText(use.bytes)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
