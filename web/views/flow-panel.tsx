// Every field of one flow record, and why its ends were taken for who they are.
import { useEffect, useState } from 'preact/hooks';
import type { Flow, WorkloadRef } from '../../hostd/api/schema.ts';
import { endName, kindTitles, nodeIdOf } from '../domain/ends.ts';
import { dateText, spanText } from '../domain/moment.ts';
import { noThreatFilter } from '../domain/place.ts';
import { portName, socketText } from '../domain/port.ts';
import { bytesText, countText } from '../domain/quantity.ts';
import { ApplicationChip } from '../ui/application-chip.tsx';
import { Empty } from '../ui/empty.tsx';
import { type Fact, Facts } from '../ui/facts.tsx';
import { useDashboard } from './context.ts';
import { PanelFrame } from './panel-frame.tsx';

/** The row if the table has it, renewed by the stream; else asked of the API. */
function useFlow(id: string): { flow: Flow | null; failed: string } {
  const { table, heard, api } = useDashboard();
  const [asked, setAsked] = useState<Flow | null>(null);
  const [failed, setFailed] = useState('');
  const known =
    heard.value.find((flow) => flow.id === id) ?? table.rows.value.find((flow) => flow.id === id) ?? null;
  useEffect(() => {
    if (known) return setAsked(known);
    const asking = new AbortController();
    api
      .flow(id, asking.signal)
      .then(setAsked)
      .catch((error) => !asking.signal.aborted && setFailed(String(error.message ?? error)));
    return () => asking.abort();
  }, [id, known]);
  return { flow: known ?? asked, failed };
}

export function FlowPanel({ id }: { id: string }) {
  const { flow, failed } = useFlow(id);
  if (!flow)
    return (
      <PanelFrame kind="flow" title={id}>
        {failed ? (
          <p class="hint">This flow could not be read: {failed}</p>
        ) : (
          <Empty busy title="Reading the flow …" />
        )}
      </PanelFrame>
    );
  return (
    <PanelFrame kind="flow" title={`${endName(flow, 'from')} → ${endName(flow, 'to')}`}>
      <Facts facts={what(flow)} />
      <End title="From, the client" end={flow.from} socket={socketText(flow.proto, flow.src, flow.sport)} />
      <End title="To, the server" end={flow.to} socket={socketText(flow.proto, flow.dst, flow.dport)} />
      <Section title="Counted" facts={counted(flow)} />
      <Section title="Decided" facts={decided(flow)} />
      <Threats flow={flow} />
      {Object.keys(flow.facts ?? {}).length > 0 && (
        <Section title="Facts" facts={Object.entries(flow.facts ?? {})} />
      )}
      <Section title="Record" facts={record(flow)} />
    </PanelFrame>
  );
}

function Section({ title, facts }: { title: string; facts: readonly Fact[] }) {
  return (
    <section>
      <h3>{title}</h3>
      <Facts facts={facts} />
    </section>
  );
}

function what(flow: Flow): Fact[] {
  return [
    ['Application', <ApplicationChip app={flow.app} guess={flow.confidence === 'guess'} />],
    ['Confidence', flow.confidence ?? '–'],
    ['Port', <span class="mono">{portName(flow.proto, flow.dport)}</span>],
    ['State', flow.end === null ? 'open' : `ended: ${flow.end}`],
    ['Direction', flow.direction === 'seen' ? 'seen' : 'inferred: its beginning was not seen'],
    ...(flow.retransmissions ? [['Retransmissions', flow.retransmissions.join(' / ')] as Fact] : []),
    ...(flow.pickedUp ? [['Picked up', 'older than the tap: its first packets were not seen'] as Fact] : []),
  ];
}

function End({ title, end, socket }: { title: string; end: WorkloadRef | undefined; socket: string }) {
  const { places } = useDashboard();
  const facts: Fact[] = [['Address', <span class="mono">{socket}</span>]];
  if (end) {
    const open = () => places.select({ kind: 'node', id: nodeIdOf(end) });
    facts.unshift([
      'Who',
      <button type="button" class="link" onClick={open}>
        {end.name} <small>{kindTitles[end.kind]}</small>
      </button>,
    ]);
    if (end.nic) facts.push(['NIC', <span class="mono">{end.nic}</span>]);
    facts.push(['Why', end.why]);
  }
  return <Section title={title} facts={facts} />;
}

/** Each leads to the incidents of its name at the client's end, whoever of the two did it. */
function Threats({ flow }: { flow: Flow }) {
  const { places } = useDashboard();
  const workload = flow.from && flow.from.kind !== 'external' ? nodeIdOf(flow.from) : flow.src;
  const list = (name: string) => {
    const filter = { ...places.place.value.filter, workload, text: '' };
    places.go({ view: 'threats', filter, threats: { ...noThreatFilter, name, all: true } });
  };
  return (
    <section>
      <h3>Threats</h3>
      {flow.threats.length === 0 && <p class="hint">None was seen in it.</p>}
      <div class="buttons">
        {flow.threats.map((name) => (
          <button key={name} type="button" class="button threat-link" onClick={() => list(name)}>
            {name}
          </button>
        ))}
      </div>
    </section>
  );
}

function counted(flow: Flow): Fact[] {
  const ways = (pair: [number, number], write: (value: number) => string) =>
    `${write(pair[0])} to server, ${write(pair[1])} to client`;
  return [
    ['Bytes', ways(flow.bytes, bytesText)],
    ['Packets', ways(flow.packets, countText)],
    ['First', dateText(flow.first)],
    ['Last', dateText(flow.last)],
    ['Lasted', spanText(Date.parse(flow.last) - Date.parse(flow.first))],
  ];
}

function decided(flow: Flow): Fact[] {
  return [
    ['Verdict', flow.verdict ?? '–'],
    ['Decided by', flow.decidedBy ?? '–'],
    ['Rule', flow.rule ?? '–'],
    ['Enforced', flow.enforced ?? '–'],
    ['Violation', flow.violation ? <strong class="bad">yes</strong> : 'no'],
    ['Anomalies', flow.anomalies.join(', ') || 'none'],
  ];
}

function record(flow: Flow): Fact[] {
  return [
    ['Id', <span class="mono">{flow.id}</span>],
    ['Segment', flow.segment],
    ['Parent', flow.parent ?? 'none'],
    ['Tunnel', flow.tunnel.map(({ kind, id }) => `${kind} ${id}`).join(' › ') || 'none'],
    ['VLAN', flow.vlan?.join(', ') || 'none'],
    ['Via', flow.via ?? 'none'],
  ];
}
