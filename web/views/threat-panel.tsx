// One incident: what it means, the proof, its ends, where and how often it was seen, and that somebody saw to it.
import { useEffect, useState } from 'preact/hooks';
import type { Threat, WorkloadRef } from '../../hostd/api/schema.ts';
import { kindTitles, nodeIdOf } from '../domain/ends.ts';
import { agoText, dateText } from '../domain/moment.ts';
import { portName, socketText } from '../domain/port.ts';
import { countText } from '../domain/quantity.ts';
import { sideName } from '../domain/threat.ts';
import { visible } from '../domain/visible.ts';
import { now } from '../ui/clock.ts';
import { Empty } from '../ui/empty.tsx';
import { type Fact, Facts } from '../ui/facts.tsx';
import { SeverityChip } from '../ui/severity-chip.tsx';
import { Acknowledging } from './acknowledging.tsx';
import { useDashboard } from './context.ts';
import { PanelFrame } from './panel-frame.tsx';

const alikeMax = 20;

/** Asked of the API, and again whenever incidents change. */
function useThreat(id: string): { threat: Threat | null; failed: string; took: (threat: Threat) => void } {
  const { threats, api } = useDashboard();
  const [threat, setThreat] = useState<Threat | null>(null);
  const [failed, setFailed] = useState('');
  const took = (found: Threat) => {
    setThreat(found);
    setFailed('');
    threats.opened.value = found;
  };
  useEffect(() => {
    const asking = new AbortController();
    api
      .threat(id, asking.signal)
      .then(took)
      .catch((error) => !asking.signal.aborted && setFailed(String(error.message ?? error)));
    return () => asking.abort();
  }, [id, threats.changes.value]);
  return { threat, failed, took };
}

export function ThreatPanel({ id }: { id: string }) {
  const { threat, failed, took } = useThreat(id);
  const { threats } = useDashboard();
  if (!threat)
    return (
      <PanelFrame kind="threat" title={id}>
        {failed ? (
          <p class="hint">This incident could not be read: {failed}</p>
        ) : (
          <Empty busy title="Reading the incident …" />
        )}
      </PanelFrame>
    );
  const kind = threats.kinds.value.find(({ name }) => name === threat.name);
  return (
    <PanelFrame kind="threat" title={threat.name}>
      <p class="summary">
        <SeverityChip severity={threat.severity} /> {kind?.means}
      </p>
      <section>
        <h3>Evidence</h3>
        <pre class="evidence">{visible(threat.evidence) || 'none'}</pre>
      </section>
      <Acknowledging threat={threat} onChange={took} />
      <End
        title="From, who did it"
        end={threat.from}
        address={threat.src}
        port={threat.sport}
        threat={threat}
      />
      <End title="To" end={threat.to} address={threat.dst} port={threat.dport} threat={threat} />
      <section>
        <h3>Seen</h3>
        <Facts facts={sightings(threat)} />
        <FlowLink flow={threat.flow} />
      </section>
      <Alike threat={threat} />
    </PanelFrame>
  );
}

type EndProps = {
  title: string;
  end: WorkloadRef | undefined;
  address: string | null;
  port: number;
  threat: Threat;
};

function End({ title, end, address, port, threat }: EndProps) {
  const { places } = useDashboard();
  const facts: Fact[] = [];
  if (end)
    facts.push([
      'Who',
      <button type="button" class="link" onClick={() => places.select({ kind: 'node', id: nodeIdOf(end) })}>
        {end.name} <small>{kindTitles[end.kind]}</small>
      </button>,
    ]);
  if (address !== null)
    facts.push(['Address', <span class="mono">{socketText(threat.proto, address, port)}</span>]);
  if (end) facts.push(['Why', end.why]);
  return (
    <section>
      <h3>{title}</h3>
      {facts.length > 0 ? <Facts facts={facts} /> : <p class="hint">Nothing in the packet says it.</p>}
    </section>
  );
}

function sightings(threat: Threat): Fact[] {
  const sender = threat.sender === 'guest' ? 'sent by its machine' : 'sent to its machine';
  return [
    ['First', dateText(threat.first)],
    ['Last', `${dateText(threat.last)}, ${agoText(threat.last, now.value)}`],
    ['Times', countText(threat.count)],
    ['Service', <span class="mono">{portName(threat.proto, threat.dport)}</span>],
    ['NIC', threat.nic ? <span class="mono">{threat.nic}</span> : 'none'],
    ['Direction', sender],
    ['Segment', threat.segment],
    ['Protect', threat.action === 'deny' ? 'would deny it' : 'would only alert'],
    ['Id', <span class="mono">{threat.id}</span>],
  ];
}

function FlowLink({ flow }: { flow: string | null }) {
  const { places } = useDashboard();
  if (flow === null) return <p class="hint">It belongs to no single flow.</p>;
  return (
    <button type="button" class="button" onClick={() => places.select({ kind: 'flow', id: flow })}>
      Its flow
    </button>
  );
}

/** What the same source did likewise. */
function Alike({ threat }: { threat: Threat }) {
  const { places, threats, api } = useDashboard();
  const [all, setAll] = useState<readonly Threat[]>([]);
  useEffect(() => {
    const asking = new AbortController();
    api
      .threatsAlike(threat, alikeMax + 1, asking.signal)
      .then(setAll)
      .catch(() => undefined); // the incident itself is shown; its siblings come with the next change
    return () => asking.abort();
  }, [threat.name, threat.source, threats.changes.value]);
  const others = all.filter(({ id }) => id !== threat.id).slice(0, alikeMax);
  if (others.length === 0) return null;
  return (
    <section>
      <h3>Other incidents by the same source</h3>
      <ul class="flow-rows">
        {others.map((one) => (
          <li key={one.id}>
            <button type="button" onClick={() => places.select({ kind: 'threat', id: one.id })}>
              <time>{dateText(one.last)}</time>
              <span class="ends">→ {sideName(one.to, one.dst)}</span>
              <span class="number">{countText(one.count)}</span>
              <span class="end">{one.acknowledged ? 'acknowledged' : 'open'}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
