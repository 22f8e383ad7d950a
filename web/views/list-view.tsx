// The map as two tables, nodes and connections: for reading, and for whoever cannot use a canvas.
import type { Graph, GraphEdge, GraphNode, ThreatMark, Workload } from '../../hostd/api/schema.ts';
import { isApplication } from '../domain/application.ts';
import { kindTitles, stateTitles } from '../domain/ends.ts';
import { agoText } from '../domain/moment.ts';
import { type Filter, hasFilter } from '../domain/place.ts';
import { portName } from '../domain/port.ts';
import { bytesText, countText, plural, rateText } from '../domain/quantity.ts';
import { search } from '../domain/search.ts';
import { markText } from '../domain/threat.ts';
import { ApplicationChip } from '../ui/application-chip.tsx';
import { now } from '../ui/clock.ts';
import { Empty } from '../ui/empty.tsx';
import { type Column, VirtualTable } from '../ui/virtual-table.tsx';
import { useDashboard } from './context.ts';
import { GraphAbsent } from './graph-absent.tsx';

const rowHeight = 36;
const hitsMax = 5000;

export function ListView() {
  const { graph } = useDashboard();
  if (!graph.value || graph.value.nodes.length === 0) return <GraphAbsent />;
  return (
    <div class="lists">
      <Nodes graph={graph.value} />
      <Edges graph={graph.value} />
    </div>
  );
}

/** Opens what is pressed in the panel, or closes it when it is open already. */
function useOpening(kind: 'node' | 'edge'): { chosen: string | null; onOpen: (id: string) => void } {
  const { places } = useDashboard();
  const { selection } = places.place.value;
  const chosen = selection?.kind === kind ? selection.id : null;
  return { chosen, onOpen: (id) => places.select(id === chosen ? null : { kind, id }) };
}

function taps(workload: Workload | undefined): string {
  if (!workload) return '–';
  const tapped = workload.nics.filter((nic) => nic.hook !== 'none').length;
  return `${tapped} of ${workload.nics.length} tapped`;
}

const threatsOf = (mark: ThreatMark | undefined) =>
  mark ? <span class={`threats ${mark.worst}`}>{markText(mark)}</span> : '–';

function nodeColumns(workloads: readonly Workload[]): Column<GraphNode>[] {
  const byId = new Map(workloads.map((workload) => [workload.id, workload]));
  const addresses = (node: GraphNode) => node.addresses.join(', ');
  const state = ({ state: it }: GraphNode) =>
    it ? <span class={`state ${it}`}>{stateTitles[it]}</span> : '–';
  return [
    { title: 'Name', kind: 'strong', cell: (node) => node.name },
    { title: 'Kind', cell: (node) => kindTitles[node.kind] },
    { title: 'State', cell: state },
    { title: 'Threats', cell: (node) => threatsOf(node.threats) },
    { title: 'NICs', cell: (node) => taps(byId.get(node.id)) },
    { title: 'Addresses', kind: 'mono', cell: (node) => addresses(node) || '–', tip: addresses },
  ];
}

function Nodes({ graph }: { graph: Graph }) {
  const { workloads, places } = useDashboard();
  const { text, workload } = places.place.value.filter;
  const wanted = text || workload;
  const nodes = wanted ? search(graph, wanted, hitsMax).map((hit) => hit.node) : graph.nodes;
  return (
    <section class="table upper" aria-label="Nodes">
      <h2>
        Nodes <small>{countText(nodes.length)}</small>
      </h2>
      {nodes.length === 0 && <NothingMatches what="node" />}
      <VirtualTable
        name="Nodes"
        columns={nodeColumns(workloads.value)}
        items={nodes}
        rowHeight={rowHeight}
        keyOf={(node) => node.id}
        {...useOpening('node')}
      />
    </section>
  );
}

function passes(edge: GraphEdge, { app, port, workload }: Filter): boolean {
  if (app && !isApplication(edge.app, app)) return false;
  if (port && edge.port !== Number(port)) return false;
  return !workload || edge.from === workload || edge.to === workload;
}

const bytesOf = (edge: GraphEdge): number => edge.bytes[0] + edge.bytes[1];

function edgeColumns(graph: Graph): Column<GraphEdge>[] {
  const names = new Map(graph.nodes.map((node) => [node.id, node.name]));
  return [
    { title: 'Client', kind: 'strong', cell: (edge) => names.get(edge.from) ?? edge.from },
    { title: 'Server', kind: 'strong', cell: (edge) => names.get(edge.to) ?? edge.to },
    {
      title: 'Application',
      cell: (edge) => <ApplicationChip app={edge.app} guess={edge.confidence === 'guess'} />,
    },
    { title: 'Port', kind: 'mono', cell: (edge) => portName(edge.proto, edge.port) },
    {
      title: 'Sessions',
      kind: 'number',
      cell: (edge) => countText(edge.sessions),
      tip: (edge) => plural(edge.open, 'open session'),
    },
    { title: 'Rate', kind: 'number', cell: (edge) => rateText(edge.rate[0] + edge.rate[1]) },
    { title: 'Bytes', kind: 'number', cell: (edge) => bytesText(bytesOf(edge)) },
    { title: 'Threats', cell: (edge) => threatsOf(edge.threats) },
    { title: 'Last seen', kind: 'number', cell: (edge) => agoText(edge.last, now.value) },
  ];
}

function Edges({ graph }: { graph: Graph }) {
  const { filter } = useDashboard().places.place.value;
  const edges = graph.edges.filter((edge) => passes(edge, filter)).sort((a, b) => bytesOf(b) - bytesOf(a));
  return (
    <section class="table" aria-label="Connections">
      <h2>
        Connections <small>{countText(edges.length)}</small>
      </h2>
      {edges.length === 0 &&
        (graph.edges.length === 0 ? (
          <Empty title="Nobody has talked yet" />
        ) : (
          <NothingMatches what="connection" />
        ))}
      <VirtualTable
        name="Connections"
        columns={edgeColumns(graph)}
        items={edges}
        rowHeight={rowHeight}
        keyOf={(edge) => edge.id}
        {...useOpening('edge')}
      />
    </section>
  );
}

function NothingMatches({ what }: { what: string }) {
  const { places } = useDashboard();
  return (
    <Empty title={`No ${what} passes the filter`}>
      {hasFilter(places.place.value.filter) && (
        <button type="button" class="button" onClick={() => places.clearFilter()}>
          Clear the filter
        </button>
      )}
    </Empty>
  );
}
