// The benchmark runner: `npm run bench -- [NAME…] [--json] [--rounds N]`, a table or JSON lines.
import { parseArgs } from 'node:util';
import { benches } from './registry.ts';
import type { Row } from './row.ts';

const usage = `Usage: npm run bench -- [NAME…] [--json] [--rounds N]

Benchmarks:
${benches.map((bench) => `  ${bench.name.padEnd(10)} ${bench.describe}`).join('\n')}

A ratio is always higher-is-better, the baseline = 1; values are medians of --rounds alternating runs.
Examples:
  npm run bench -- observe
  npm run bench -- pcap --json --rounds 7`;

function fail(message: string): never {
  process.stderr.write(`${message}\n\n${usage}\n`);
  process.exit(2);
}

function parse() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        rounds: { type: 'string', default: '5' },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

const number = (value: number): string =>
  value >= 1000 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(4);

function line(row: Row): string {
  const ratio = row.ratio === null ? '' : row.ratio.toFixed(2);
  return [
    row.bench.padEnd(9),
    row.metric.padEnd(22),
    row.variant.padEnd(26),
    number(row.value).padStart(12),
    row.unit.padEnd(12),
    ratio.padStart(6),
    row.baseline,
  ].join(' ');
}

const { values, positionals } = parse();
if (values.help) {
  process.stdout.write(`${usage}\n`);
  process.exit(0);
}
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1)
  fail(`--rounds takes a whole number from 1, not ${values.rounds}`);
for (const name of positionals)
  if (!benches.some((bench) => bench.name === name)) fail(`no benchmark is called ${name}`);

for (const bench of benches.filter((b) => positionals.length === 0 || positionals.includes(b.name)))
  for await (const row of bench.run({ rounds, log: (text) => process.stderr.write(`${text}\n`) }))
    process.stdout.write(`${values.json ? JSON.stringify(row) : line(row)}\n`);
