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

/** Runs vmoat over a capture file. Throws when it fails or says that the file is broken. */
export function expectationOf(capture: string): Expectation {
  const run = spawnSync(vmoat, ['pcap', '--json', capture], { encoding: 'utf8', maxBuffer: 1 << 26 });
  if (run.status !== 0)
    throw new Error(`vmoat pcap ${capture}: exit ${run.status} ${run.error ?? ''}\n${run.stderr}`);
  const lines: (FlowLine | SummaryLine)[] = run.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const summary = lines.find((line) => line.type === 'summary');
  if (!summary || summary.broken !== null) throw new Error(`vmoat pcap ${capture}: no whole summary`);
  const flows = lines.filter((line) => line.type === 'flow');
  const ids = flows.map((flow) => flow.id);
  return {
    frames: summary.frames,
    unparsed: summary.unparsed,
    flows: flows.map((flow) => lasting(flow, ids)),
  };
}

function writeExpectations(names: string[]): void {
  const files = names.map((name) => join(folder, name, 'expect.json'));
  for (const [at, name] of names.entries()) {
    const expectation = expectationOf(join(folder, name, 'capture.pcap'));
    writeFileSync(files[at] ?? '', JSON.stringify(expectation, null, 2));
  }
  const biome = join(folder, '../../node_modules/.bin/biome');
  spawnSync(biome, ['format', '--write', ...files], { stdio: ['ignore', 'ignore', 'inherit'] });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeExpectations(process.argv.slice(2));
