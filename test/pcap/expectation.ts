// What a case's expect.json holds: of each flow that which does not change when the case is recorded again by
// chance. As a script: `expectation.ts CASE…` writes expect.json anew; read what it wrote before you keep it.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('.', import.meta.url));
const vmoat = process.env.VMOAT ?? join(folder, '../../bin/vmoat');

interface FlowLine {
  type: 'flow';
  id: string;
  parent: string | null;
  proto: string;
  src: string;
  dst: string;
  dport: number;
  direction: string;
  app?: string;
  confidence?: string;
  packets: [number, number];
  bytes: [number, number];
  end: string | null;
  facts?: Record<string, string>;
  threats: string[];
  anomalies: string[];
}
interface SummaryLine {
  type: 'summary';
  file: string;
  frames: number;
  unparsed: number;
  broken: unknown;
}

/** `parent` is the parent's place in the list; it and `threats` are left out where there is none. */
type LastingFlow = Omit<FlowLine, 'type' | 'id' | 'parent' | 'threats'> & {
  parent?: number;
  threats?: string[];
};

export interface Expectation {
  frames: number;
  unparsed: number;
  flows: LastingFlow[];
}

/** Source ports, times and ids are left out: chance chose them. */
function lasting(flow: FlowLine, ids: string[]): LastingFlow {
  const { proto, src, dst, dport, direction, packets, bytes, end, anomalies } = flow;
  return {
    proto,
    src,
    dst,
    dport,
    direction,
    ...(flow.app !== undefined && { app: flow.app }),
    ...(flow.confidence !== undefined && { confidence: flow.confidence }),
    packets,
    bytes,
    end,
    ...(flow.parent !== null && { parent: ids.indexOf(flow.parent) }),
    ...(flow.facts && { facts: flow.facts }),
    ...(flow.threats.length > 0 && { threats: flow.threats }),
    anomalies,
  };
}

/** Runs vmoat once over capture files. Throws when it fails or says that one of them is broken. */
export function expectationsOf(captures: string[]): Expectation[] {
  const run = spawnSync(vmoat, ['pcap', '--json', ...captures], { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (run.status !== 0) throw new Error(`vmoat pcap: exit ${run.status} ${run.error ?? ''}\n${run.stderr}`);
  const expectations: Expectation[] = [];
  let flows: FlowLine[] = [];
  for (const text of run.stdout.trim().split('\n')) {
    const line: FlowLine | SummaryLine = JSON.parse(text);
    if (line.type === 'flow') {
      flows.push(line);
    } else {
      expectations.push(expectationFrom(flows, line));
      flows = [];
    }
  }
  if (expectations.length !== captures.length) throw new Error('vmoat pcap: a summary is missing');
  return expectations;
}

/** A file's summary stands behind its flows. */
function expectationFrom(flows: FlowLine[], summary: SummaryLine): Expectation {
  if (summary.broken !== null) throw new Error(`vmoat pcap ${summary.file}: broken`);
  const ids = flows.map((flow) => flow.id);
  const { frames, unparsed } = summary;
  return { frames, unparsed, flows: flows.map((flow) => lasting(flow, ids)) };
}

function writeExpectations(names: string[]): void {
  const files = names.map((name) => join(folder, name, 'expect.json'));
  const expectations = expectationsOf(names.map((name) => join(folder, name, 'capture.pcap')));
  for (const [at, file] of files.entries()) writeFileSync(file, JSON.stringify(expectations[at], null, 2));
  const biome = join(folder, '../../node_modules/.bin/biome');
  spawnSync(biome, ['format', '--write', ...files], { stdio: ['ignore', 'ignore', 'inherit'] });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeExpectations(process.argv.slice(2));
