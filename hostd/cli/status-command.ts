// `vmoat status`: both processes, libvirt, NICs and losses at a glance.
import type { Command } from 'commander';
import { Status } from '../api/schema.ts';
import { type Context, examples, outputOption, printJson } from './context.ts';
import { bytes, duration, short } from './quantity.ts';
import { type Style, styled } from './terminal.ts';

export function statusCommand(program: Command, context: Context): void {
  program
    .command('status')
    .description('how vmoat is: processes, libvirt, NICs, open threats, losses')
    .addOption(outputOption('table', 'json'))
    .addHelpText('after', examples('vmoat status', "vmoat status -o json | jq '.lost'"))
    .action(async (options: { output: string }) => {
      const status = await context.daemon().get(Status, '/status');
      if (options.output === 'json') printJson(context.terminal, status);
      else context.terminal.out(statusText(status, context));
    });
}

type Line = [name: string, state: string, style: Style | null, detail: string];

export function statusText(status: Status, { terminal, now }: Context): string {
  const lines: Line[] = [hostdLine(status, now()), dataplaneLine(status, now()), libvirtLine(status, now())];
  lines.push(
    nicsLine(status),
    flowsLine(status),
    threatsLine(status),
    policyLine(status),
    ...protectionLines(status),
    ...fallbackLines(status),
    ...lossLines(status),
  );
  const width = Math.max(...lines.map(([name]) => name.length));
  return lines
    .map(([name, state, style, detail]) => {
      const head = styled(terminal, 'bold', name.padEnd(width));
      return `${head}  ${styled(terminal, style, state)}${detail && `  ${styled(terminal, null, detail)}`}\n`;
    })
    .join('');
}

const since = (time: string, now: number): string => `for ${duration(now - Date.parse(time))}`;
const use = ({ pid, cpuPercent, residentBytes }: Status['hostd']['use']): string =>
  `pid ${pid}, cpu ${cpuPercent} %, memory ${bytes(residentBytes)}`;

const hostdLine = ({ hostd, version }: Status, now: number): Line => [
  'hostd',
  'running',
  'green',
  `${version}, ${since(hostd.since, now)}, ${use(hostd.use)}, history ${short(hostd.historyRows)} flows in ${bytes(hostd.historyBytes)}`,
];

function dataplaneLine({ dataplane }: Status, now: number): Line {
  const good = dataplane.state === 'connected';
  const workers = dataplane.workers.map(
    ({ worker, heartbeatAgeMs }) => `${worker}: ${Math.round(heartbeatAgeMs)} ms`,
  );
  const parts = [
    good ? `${dataplane.version}` : dataplane.reason,
    since(dataplane.since, now),
    ...(dataplane.use ? [use(dataplane.use)] : []),
    ...(workers.length ? [`heartbeat of workers ${workers.join(', ')}`] : []),
    ...(dataplane.reconnects ? [`reconnected ${dataplane.reconnects} times`] : []),
  ];
  return ['data plane', dataplane.state, good ? 'green' : 'red', parts.join(', ')];
}

function libvirtLine({ libvirt }: Status, now: number): Line {
  const good = libvirt.state === 'connected';
  const parts = [
    ...(good ? [] : [libvirt.reason]),
    since(libvirt.since, now),
    `${libvirt.domains} domains`,
    ...(libvirt.reconnects ? [`reconnected ${libvirt.reconnects} times`] : []),
  ];
  return ['libvirt', libvirt.state, good ? 'green' : 'red', parts.join(', ')];
}

function nicsLine({ nics, workloads }: Status): Line {
  const hooks = Object.entries(nics.byHook).map(([hook, count]) => `${count} ${hook}`);
  const detail = `${nics.untapped} not tapped (${hooks.join(', ') || 'none yet'}), ${workloads.running} of ${workloads.total} VMs running`;
  return ['NICs', `${nics.tapped} tapped`, null, detail];
}

function flowsLine({ dataplane: { flows } }: Status): Line {
  if (!flows) return ['flows', 'unknown', 'yellow', 'the data plane is not connected'];
  const { sessions, sessionsMax, kernel, kernelMax, pickedUp } = flows;
  const detail = `of at most ${short(sessionsMax)}, ${short(kernel)} of ${short(kernelMax)} kernel entries, ${short(pickedUp)} picked up (older than vmoat)`;
  return ['flows', `${short(sessions)} sessions`, null, detail];
}

function threatsLine({ threats }: Status): Line {
  const { critical, high, medium, low } = threats;
  const bySeverity = Object.entries({ critical, high, medium, low }).filter(([, count]) => count > 0);
  if (bySeverity.length === 0) return ['threats', 'none open', 'green', ''];
  const total = critical + high + medium + low;
  const detail = `${bySeverity.map(([severity, count]) => `${short(count)} ${severity}`).join(', ')}; see vmoat threats`;
  return ['threats', `${short(total)} open`, critical + high > 0 ? 'red' : 'yellow', detail];
}

function policyLine({ policy, dataplane }: Status): Line {
  const { version, rules, learned, generation, inForce, refused, confirmBy } = policy;
  const name = version === null ? 'none applied' : `version ${version}`;
  const detail = `${short(rules)} rules${learned ? ` and ${short(learned)} learned` : ''}`;
  if (refused !== null) return ['policy', name, 'red', `vmoat-dp refuses it: ${refused}`];
  if (confirmBy !== null) return ['policy', name, 'yellow', `${detail}, to be confirmed until ${confirmBy}`];
  if (inForce === generation || dataplane.state !== 'connected') return ['policy', name, null, detail];
  return ['policy', name, 'yellow', `${detail}, not in force at vmoat-dp yet`];
}

/** While vmoat-dp answers. */
function protectionLines({ dataplane: { enforces, panic, tapToPolicy } }: Status): Line[] {
  if (enforces === null) return [];
  if (panic !== null)
    return [
      ['protection', 'panic', 'red', `nothing is dropped or held until ${panic.until}; vmoat panic --end`],
    ];
  if (!enforces)
    return [['protection', 'off', null, 'verdicts are told, not carried out: vmoat-dp has no --enforce on']];
  const { nics = 0, sumMs = 0, maxMs = 0 } = tapToPolicy ?? {};
  const times = `from tap to policy ${(sumMs / nics).toFixed(1)} ms on average, ${maxMs.toFixed(1)} ms at most, ${short(nics)} NICs`;
  return [['protection', 'on', 'green', nics > 0 ? times : '']];
}

/** Only where the operator asked for one. */
function fallbackLines({ dataplane: { fallback } }: Status): Line[] {
  if (fallback === null) return [];
  const { library, reason } = fallback;
  return [['fallback', reason ? 'missing' : library, reason ? 'red' : 'green', reason]];
}

function lossLines({ lost, anomalies }: Status): Line[] {
  const some = (counts: Record<string, number>): string =>
    Object.entries(counts)
      .filter(([, count]) => count > 0)
      .map(([cause, count]) => `${cause} ${short(count)}`)
      .join(', ');
  const losses = some(lost);
  const lines: Line[] = [['lost', losses || 'nothing', losses ? 'red' : 'green', '']];
  const oddities = some(anomalies);
  if (oddities) lines.push(['anomalies', oddities, 'yellow', '']);
  return lines;
}
