// The status in full: connections and their reasons, what was lost by cause, use of CPU and memory, versions.
import type { Status } from '../../hostd/api/schema.ts';
import { agoText } from '../domain/moment.ts';
import { bytesText, countText, plural } from '../domain/quantity.ts';
import { now } from '../ui/clock.ts';
import { type Fact, Facts } from '../ui/facts.tsx';
import { Icon } from '../ui/icon.tsx';

type Use = { cpuPercent: number; residentBytes: number; pid: number };

const useText = (use: Use | null): string =>
  use ? `${use.cpuPercent.toFixed(1)} % CPU, ${bytesText(use.residentBytes)}, pid ${use.pid}` : '–';

function counts(record: Record<string, number>, nothing: string): Fact[] {
  const all = Object.entries(record).sort((a, b) => b[1] - a[1]);
  return all.length === 0
    ? [[nothing, '']]
    : all.map(([name, count]) => [name, count > 0 ? <strong class="bad">{countText(count)}</strong> : '0']);
}

function libvirt({ libvirt: it }: Status): Fact[] {
  const facts: Fact[] = [
    ['State', `${it.state}, ${agoText(it.since, now.value)}`],
    ['Domains', String(it.domains)],
    ['Reconnected', plural(it.reconnects, 'time')],
  ];
  return it.reason ? [...facts, ['Reason', it.reason]] : facts;
}

function dataplane({ dataplane: it }: Status): Fact[] {
  const facts: Fact[] = [
    ['State', `${it.state}, ${agoText(it.since, now.value)}`],
    ['Version', it.version ?? '–'],
    ['Use', useText(it.use)],
    ['Reconnected', plural(it.reconnects, 'time')],
    [
      'Workers',
      it.workers.map(({ worker, heartbeatAgeMs }) => `${worker}: ${heartbeatAgeMs} ms ago`).join(', ') || '–',
    ],
  ];
  if (it.enforces !== null) facts.push(['Verdicts', it.enforces ? 'enforced in protect' : 'told only']);
  if (it.flows) {
    const { kernel, kernelMax, sessions, sessionsMax, pickedUp } = it.flows;
    facts.push(['Kernel flows', `${countText(kernel)} of at most ${countText(kernelMax)}`]);
    facts.push(['Sessions', `${countText(sessions)} of at most ${countText(sessionsMax)}`]);
    facts.push(['Picked up', plural(pickedUp, 'flow')]);
  }
  return it.reason ? [...facts, ['Reason', it.reason]] : facts;
}

function hostd({ hostd: it, version, nics }: Status): Fact[] {
  return [
    ['Version', version],
    ['Use', useText(it.use)],
    ['Started', agoText(it.since, now.value)],
    ['History', `${countText(it.historyRows)} flows, ${bytesText(it.historyBytes)}`],
    ['NICs', `${nics.tapped} tapped, ${nics.untapped} not`],
    [
      'Hooks',
      Object.entries(nics.byHook)
        .map(([hook, count]) => `${count} ${hook}`)
        .join(', ') || '–',
    ],
  ];
}

export function StatusDetails({ status, onClose }: { status: Status; onClose: () => void }) {
  const parts: [string, Fact[]][] = [
    ['libvirt', libvirt(status)],
    ['Data plane', dataplane(status)],
    ['Host daemon', hostd(status)],
    ['Open threats', counts(status.threats, '')],
    ['Lost, by cause', counts(status.lost, 'Nothing was lost')],
    ['Anomalies', counts(status.anomalies, 'None seen')],
  ];
  return (
    <section class="status-details" aria-label="Status in detail">
      <button type="button" class="button quiet close" aria-label="Close" onClick={onClose}>
        <Icon name="close" />
      </button>
      {parts.map(([title, facts]) => (
        <div key={title}>
          <h3>{title}</h3>
          <Facts facts={facts} />
        </div>
      ))}
    </section>
  );
}
