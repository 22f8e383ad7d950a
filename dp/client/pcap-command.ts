// `vmoat pcap FILE…`: capture files through the same engine that watches live traffic, offline and unprivileged.
import { type Command, Option } from 'commander';
import type { Registry } from '../contract/protocol.ts';
import { type Addon, type FallbackLibrary, loadAddon, type OfflineSummary, registryWith } from './addon.ts';
import { readCapture } from './capture-file.ts';
import { DataplaneError } from './dataplane-error.ts';
import type { FlowBatch } from './flow-batch.ts';
import { flowJson } from './flow-json.ts';
import { FlowTable } from './flow-table.ts';
import { type OperatorApplication, readApplications } from './operator-applications.ts';
import { printable } from './printable.ts';
import { ReaderGone, TextOutput } from './text-output.ts';

interface Options {
  json: boolean;
  quiet: boolean;
  progress: boolean;
  applications?: string;
  fallback: FallbackLibrary;
}

/** What reads the files, and what it is told beside them. */
interface Engine {
  addon: Addon;
  registry: Registry;
  applications: OperatorApplication[];
  fallback: FallbackLibrary;
}

const EXAMPLES = `
Reads pcap and pcapng, also .gz; Ethernet, raw IP and Linux cooked captures. Exit code 0, 1 when a file
was broken or could not be read (what was readable is printed first), 2 on wrong use.

Examples:
  vmoat pcap trace.pcap
  vmoat pcap --json *.pcapng.gz | jq 'select(.app == "dns")'
  vmoat pcap -q huge.pcap
  vmoat pcap --applications /etc/vmoat/dp.yaml trace.pcap
  vmoat pcap --fallback ndpi trace.pcap`;

/** Adds the command to the program. */
export function pcapCommand(program: Command): void {
  program
    .command('pcap')
    .description('recognise the flows of capture files')
    .argument('<file...>', 'capture files; - is standard input')
    .option('--json', 'one JSON object per flow, then one summary per file', false)
    .option('-q, --quiet', 'the summaries only', false)
    .option('--progress', 'progress on stderr, also where that is no terminal', false)
    .option('--applications <file>', "YAML file with the operator's own applications")
    .addOption(
      new Option('--fallback <library>', 'who names what vmoat does not know')
        .choices(['none', 'ndpi'])
        .default('none'),
    )
    .addHelpText('after', EXAMPLES)
    .action(async (files: string[], options: Options) => {
      process.exitCode = await readFiles(files, options);
    });
}

async function readFiles(files: string[], options: Options): Promise<number> {
  const out = new TextOutput(process.stdout);
  try {
    const engine = engineFor(options);
    let whole = true;
    for (const file of files) whole = (await readFile(engine, file, options, out)) && whole;
    return whole ? 0 : 1;
  } catch (error) {
    if (error instanceof ReaderGone) return 0;
    if (!(error instanceof DataplaneError)) throw error;
    process.stderr.write(`vmoat: ${error.message}\n`);
    return error.code === 'bad_applications' ? 2 : 1;
  }
}

function engineFor({ applications: file, fallback }: Options): Engine {
  const addon = loadAddon();
  const fallbackNames = namesOf(addon, fallback);
  const applications = file === undefined ? [] : readApplications(file, addon.registry.applications);
  const registry = registryWith(addon.registry, applications, fallbackNames);
  return { addon, applications, fallback, registry };
}

function namesOf(addon: Addon, fallback: FallbackLibrary): string[] {
  try {
    return addon.fallbackNames(fallback);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DataplaneError('fallback_missing', `${reason}; Debian has it as libndpi4.2`, { cause });
  }
}

/** True where the file was read to its end. */
async function readFile(engine: Engine, file: string, options: Options, out: TextOutput): Promise<boolean> {
  const table = options.json ? null : new FlowTable();
  const progress = progressLine(printable(file), options);
  const flows = (batch: FlowBatch): Promise<void> => out.write(batchText(batch, engine.registry, table));
  const summary = await readCapture(engine.addon, file === '-' ? '/dev/stdin' : file, {
    ...(options.quiet ? {} : { flows }),
    progress: progress.show,
    applications: engine.applications,
    fallback: engine.fallback,
  }).catch((error: Error) => unreadable(error));
  progress.clear();
  await out.write(table ? `${table.finish()}${summaryText(file, summary)}` : summaryJson(file, summary));
  if (summary.broken) process.stderr.write(`vmoat: ${printable(file)}: ${brokenText(summary.broken)}\n`);
  return summary.broken === null;
}

function batchText(batch: FlowBatch, registry: Registry, table: FlowTable | null): string {
  let text = '';
  for (const record of batch) {
    const flow = flowJson(record, registry, String(record.segment));
    text += table ? table.add(flow) : `${JSON.stringify(flow)}\n`;
  }
  return text;
}

/** A file that gave nothing, not even a header, still has its summary. */
function unreadable(error: Error): OfflineSummary {
  if (error instanceof ReaderGone || error instanceof DataplaneError || error instanceof TypeError)
    throw error;
  return {
    kind: 'summary',
    frames: 0,
    flows: 0,
    bytes: 0,
    unparsed: 0,
    anomalies: {},
    threats: {},
    refused: {
      sessions: 0,
      openings: 0,
      facts: 0,
      contents: 0,
      fallback: 0,
      fragments: 0,
      tunnels: 0,
      expectations: 0,
    },
    broken: { offset: 0, reason: error.message },
  };
}

function summaryJson(file: string, summary: OfflineSummary): string {
  const { frames, flows, unparsed, anomalies, broken } = summary;
  const threats = Object.keys(summary.threats);
  const refused = Object.fromEntries(Object.entries(summary.refused).filter(([, count]) => count > 0));
  const line = { type: 'summary', file, frames, flows, unparsed, anomalies, threats, broken };
  return `${JSON.stringify(Object.keys(refused).length > 0 ? { ...line, refused } : line)}\n`;
}

const list = (counts: Record<string, number>): string =>
  Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');

function summaryText(file: string, summary: OfflineSummary): string {
  const parts = [`${summary.frames} frames`, `${summary.flows} flows`];
  if (summary.unparsed > 0) parts.push(`${summary.unparsed} unparsed`);
  const lines = [`${printable(file)}: ${parts.join(', ')}`];
  for (const [title, counts] of [
    ['threats', summary.threats],
    ['anomalies', summary.anomalies],
    ['no room for', summary.refused],
  ] as const) {
    const some = Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
    if (Object.keys(some).length > 0) lines.push(`  ${title}: ${list(some)}`);
  }
  if (summary.broken) lines.push(`  ${brokenText(summary.broken)}`);
  return `${lines.join('\n')}\n`;
}

const brokenText = ({ offset, reason }: { offset: number; reason: string }): string =>
  `broken at byte ${offset}: ${reason}`;

const MIB = 2 ** 20;
const ERASE_LINE = '\r\u001b[K';

/** A line on stderr that replaces itself on a terminal; in a file, lines one below the other. */
function progressLine(
  file: string,
  options: Options,
): { show: (done: number, total: number) => void; clear: () => void } {
  const terminal = process.stderr.isTTY === true;
  let shown = false;
  const show = (done: number, total: number): void => {
    if (!terminal && !options.progress) return;
    shown = true;
    const share = total > 0 ? `${Math.floor((100 * done) / total)} %` : `${Math.floor(done / MIB)} MiB`;
    process.stderr.write(terminal ? `${ERASE_LINE}${file}: ${share}` : `${file}: ${share}\n`);
  };
  const clear = (): void => {
    if (shown && terminal) process.stderr.write(ERASE_LINE);
  };
  return { show, clear };
}
