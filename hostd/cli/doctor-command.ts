// `vmoat doctor`: what on this host stands in vmoat's way; works without a daemon.
import type { Command } from 'commander';
import { type Context, examples, outputOption, printJson } from './context.ts';
import type { Finding } from './doctor/check.ts';
import { realHost } from './doctor/host.ts';
import { checks } from './doctor/registry.ts';
import { socketPath } from './socket-path.ts';
import { type Style, styled, type Terminal } from './terminal.ts';

export function doctorCommand(program: Command, context: Context): void {
  program
    .command('doctor')
    .description("what on this host stands in vmoat's way, and what to do about it")
    .option('-a, --all', 'also what is well')
    .addOption(outputOption('table', 'json'))
    .addHelpText(
      'after',
      `\nSome checks need root; without it they say so. Exit code 1 where something keeps vmoat from working.\n${examples('vmoat doctor', 'sudo vmoat doctor --all', 'vmoat doctor -o json')}`,
    )
    .action(async (options: { all?: boolean; output: string }) => {
      const host = realHost(socketPath(program.opts<{ socket?: string }>().socket));
      const findings = (await Promise.all(checks.map((check) => check.run(host)))).flat();
      if (findings.some((finding) => finding.severity === 'problem')) context.fail(1);
      if (options.output === 'json') printJson(context.terminal, findings);
      else context.terminal.out(doctorText(findings, options.all === true, context.terminal));
    });
}

const STYLES: Record<Finding['severity'], Style> = {
  problem: 'red',
  warning: 'yellow',
  note: 'blue',
  good: 'green',
};
const ORDER: readonly Finding['severity'][] = ['problem', 'warning', 'note', 'good'];
const WIDTH = Math.max(...ORDER.map((severity) => severity.length));

export function doctorText(findings: readonly Finding[], all: boolean, terminal: Terminal): string {
  const shown = findings.filter((finding) => all || finding.severity !== 'good');
  const sorted = [...shown].sort((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));
  const good = findings.filter((finding) => finding.severity === 'good').length;
  return `${sorted.map((finding) => findingText(finding, terminal)).join('')}${good} of ${findings.length} checks are well\n`;
}

function findingText({ severity, check, says, remedy }: Finding, terminal: Terminal): string {
  const head = styled(terminal, STYLES[severity], severity.padEnd(WIDTH));
  const todo = remedy ? `${' '.repeat(WIDTH)}  → ${styled(terminal, null, remedy)}\n` : '';
  return `${head}  ${styled(terminal, 'bold', check)}: ${styled(terminal, null, says)}\n${todo}`;
}
