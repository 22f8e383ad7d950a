// Everything about one edge: both ends, application and port, rates, totals, recent flows and their facts.
import type { Flow, GraphEdge } from '../../hostd/api/schema.ts';
import { applicationName, colourOf } from '../domain/application.ts';
import { nodeIdOf } from '../domain/ends.ts';
import { edgeModeText } from '../domain/mode.ts';
import { agoText, dateText } from '../domain/moment.ts';
import { portName } from '../domain/port.ts';
import { bytesText, countText } from '../domain/quantity.ts';
import { ApplicationChip } from '../ui/application-chip.tsx';
import { now } from '../ui/clock.ts';
import { Facts } from '../ui/facts.tsx';
import { theme } from '../ui/look.ts';
import { Sparkline } from '../ui/sparkline.tsx';
import { useDashboard } from './context.ts';
import { FlowRows, useRecentFlows } from './panel-flows.tsx';
import { PanelFrame, PanelGone } from './panel-frame.tsx';
import { ThreatMarks } from './threat-marks.tsx';

const factsMax = 12;

function isOf(edge: GraphEdge, flow: Flow): boolean {
  if (
    flow.proto !== edge.proto ||
    flow.dport !== edge.port ||
    applicationName(flow.app) !== applicationName(edge.app)
  )
    return false;
  return (
    flow.from !== undefined &&
    flow.to !== undefined &&
    nodeIdOf(flow.from) === edge.from &&
    nodeIdOf(flow.to) === edge.to
  );
}

export function EdgePanel({ id }: { id: string }) {
  const { graph } = useDashboard();
  const edge = graph.value?.edges.find((one) => one.id === id);
  if (!edge) return <PanelGone kind="connection" id={id} />;
  return (
    <PanelFrame
      kind="connection"
      title={<ApplicationChip app={edge.app} guess={edge.confidence === 'guess'} />}
    >
      <Ends edge={edge} />
      <ThreatMarks mark={edge.threats} workload={edge.from} />
      <Rate edge={edge} />
      <Totals edge={edge} />
      <Siblings edge={edge} />
      <Flows edge={edge} />
    </PanelFrame>
  );
}

function Ends({ edge }: { edge: GraphEdge }) {
  const { graph, places } = useDashboard();
  const nodeOf = (id: string) => graph.value?.nodes.find((node) => node.id === id);
  const end = (id: string, title: string) => (
    <button type="button" class="end-button" onClick={() => places.select({ kind: 'node', id })}>
      <small>{[title, nodeOf(id)?.mode].filter(Boolean).join(', ')}</small>
      {nodeOf(id)?.name ?? id}
    </button>
  );
  return (
    <div class="edge-ends">
      {end(edge.from, 'client')}
      <span aria-hidden="true">→</span>
      {end(edge.to, 'server')}
    </div>
  );
}

function Rate({ edge }: { edge: GraphEdge }) {
  const { rates, isLive } = useDashboard();
  if (!isLive.value) return null;
  void rates.tick.value;
  return (
    <section>
      <h3>Rate</h3>
      <Sparkline
        points={rates.points([edge.id])}
        names={['to server', 'to client']}
        colour={colourOf(edge.app, theme())}
        label="Rate of this connection"
      />
    </section>
  );
}

function Totals({ edge }: { edge: GraphEdge }) {
  const { graph } = useDashboard();
  const ways = (pair: [number, number], write: (value: number) => string) =>
    `${write(pair[0])} to server, ${write(pair[1])} to client`;
  return (
    <Facts
      facts={[
        ['Port', <span class="mono">{portName(edge.proto, edge.port)}</span>],
        ['Mode', edgeModeText(graph.value?.nodes ?? [], edge)],
        ['Sessions', `${countText(edge.sessions)}, ${countText(edge.open)} open`],
        ['Bytes', ways(edge.bytes, bytesText)],
        ['Packets', ways(edge.packets, countText)],
        ['First seen', dateText(edge.first)],
        ['Last seen', `${dateText(edge.last)}, ${agoText(edge.last, now.value)}`],
        ...(edge.violations > 0
          ? ([['Violations', <strong class="bad">{countText(edge.violations)}</strong>]] as const).map(
              ([a, b]) => [a, b] as [string, typeof b],
            )
          : []),
      ]}
    />
  );
}

const siblingsMax = 12;

/** What else these two have with each other; the map may draw several of them as one line. */
function Siblings({ edge }: { edge: GraphEdge }) {
  const { graph, places } = useDashboard();
  const pair = [edge.from, edge.to];
  const others = (graph.value?.edges ?? []).filter(
    (one) => one.id !== edge.id && pair.includes(one.from) && pair.includes(one.to),
  );
  if (others.length === 0) return null;
  return (
    <section>
      <h3>Also between these two</h3>
      <ul class="siblings">
        {others.slice(0, siblingsMax).map((one) => (
          <li key={one.id}>
            <button type="button" class="link" onClick={() => places.select({ kind: 'edge', id: one.id })}>
              <ApplicationChip app={one.app} /> <span class="mono">{portName(one.proto, one.port)}</span>
              {one.from !== edge.from && <small> the other way</small>}
            </button>
          </li>
        ))}
      </ul>
      {others.length > siblingsMax && <p class="hint">and {others.length - siblingsMax} more in the list</p>}
    </section>
  );
}

/** Distinct values of every fact that the flows at hand bear. */
function factsOf(flows: readonly Flow[]): [string, string][] {
  const values = new Map<string, Set<string>>();
  for (const flow of flows)
    for (const [name, value] of Object.entries(flow.facts ?? {}))
      values.set(name, (values.get(name) ?? new Set()).add(value));
  return [...values].slice(0, factsMax).map(([name, set]) => [name, [...set].slice(0, 6).join(', ')]);
}

function Flows({ edge }: { edge: GraphEdge }) {
  const filter = {
    workload: edge.from,
    app: applicationName(edge.app),
    port: edge.port > 0 ? String(edge.port) : '',
  };
  const { places } = useDashboard();
  const { flows, failed } = useRecentFlows({ filter, keep: (flow) => isOf(edge, flow) });
  const facts = factsOf(flows);
  return (
    <>
      {facts.length > 0 && (
        <section>
          <h3>Facts</h3>
          <Facts facts={facts} />
        </section>
      )}
      <section>
        <h3>Recent flows</h3>
        {failed && <p class="hint">The flows could not be read: {failed}</p>}
        {!failed && flows.length === 0 && <p class="hint">No flows in this window.</p>}
        <FlowRows flows={flows} />
        <button
          type="button"
          class="button"
          onClick={() => places.go({ view: 'flows', filter: { ...places.place.value.filter, ...filter } })}
        >
          All its flows
        </button>
      </section>
    </>
  );
}
