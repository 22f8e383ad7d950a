// A few words on what the pointer is over.
import type { Graph, GraphEdge, GraphNode } from '../../hostd/api/schema.ts';
import { kindTitles, stateTitles } from '../domain/ends.ts';
import { edgeModeText } from '../domain/mode.ts';
import { portName } from '../domain/port.ts';
import { profile } from '../domain/profile.ts';
import { bytesText, plural, rateText } from '../domain/quantity.ts';
import { markText } from '../domain/threat.ts';
import { ApplicationChip } from '../ui/application-chip.tsx';
import type { Pick } from '../ui/map/messages.ts';

type Props = { graph: Graph; pick: Pick; x: number; y: number };

export function MapTooltip({ graph, pick, x, y }: Props) {
  if (!pick) return null;
  const node = pick.kind === 'node' ? graph.nodes.find((one) => one.id === pick.id) : undefined;
  const edge = pick.kind === 'edge' ? graph.edges.find((one) => one.id === pick.id) : undefined;
  if (!node && !edge) return null;
  const left = Math.min(x + 16, innerWidth - 280);
  return (
    <div class="tooltip" role="tooltip" style={{ left: `${left}px`, top: `${y + 18}px` }}>
      {node && <NodeWords graph={graph} node={node} />}
      {edge && <EdgeWords graph={graph} edge={edge} />}
    </div>
  );
}

function NodeWords({ graph, node }: { graph: Graph; node: GraphNode }) {
  const { sent, received, peers } = profile(graph, node.id);
  const addresses = node.addresses.slice(0, 3).join(', ');
  return (
    <>
      <b>{node.name}</b>
      <p>
        {kindTitles[node.kind]}
        {node.state && `, ${stateTitles[node.state]}`}
        {node.mode && `, ${node.mode}`}
      </p>
      {addresses && <p class="mono">{addresses}</p>}
      {node.threats && <p class="bad">{markText(node.threats)}</p>}
      <p>
        {plural(peers, 'peer')} · ↑ {rateText(sent)} · ↓ {rateText(received)}
      </p>
    </>
  );
}

function EdgeWords({ graph, edge }: { graph: Graph; edge: GraphEdge }) {
  const name = (id: string) => graph.nodes.find((node) => node.id === id)?.name ?? id;
  return (
    <>
      <b>
        {name(edge.from)} → {name(edge.to)}
      </b>
      <p>
        <ApplicationChip app={edge.app} guess={edge.confidence === 'guess'} /> on{' '}
        {portName(edge.proto, edge.port)}
      </p>
      <p>
        {plural(edge.open, 'session')} open · {rateText(edge.rate[0] + edge.rate[1])} ·{' '}
        {bytesText(edge.bytes[0] + edge.bytes[1])}
      </p>
      <p>mode: {edgeModeText(graph.nodes, edge)}</p>
      {edge.threats && <p class="bad">{markText(edge.threats)}</p>}
    </>
  );
}
