// `vmoat policy lint`: what is wrong and what is odd about a policy, file or live.
import type { Command } from 'commander';
import { Page } from '../../api/schema.ts';
import { VmoatError } from '../../base/errors.ts';
import { renderProblem, type TextProblem } from '../../base/text-problem.ts';
import { meaningOf } from '../../policy/counters/meaning.ts';
import { CountedRule } from '../../policy/counters/shapes.ts';
import { parsePolicy } from '../../policy/document/parse.ts';
import type { Finding, LintSeverity, LiveKnowledge } from '../../policy/lint/check.ts';
import { lint, renderFinding } from '../../policy/lint/lint.ts';
import { Lint } from '../../policy/shapes.ts';
import { type Context, examples, outputOption, printJson } from '../context.ts';
import { type Style, styled } from '../terminal.ts';
import { fileName, fileText } from './policy-file.ts';

export function lintCommand(policy: Command, context: Context): void {
  policy
    .command('lint')
    .description(
      'names what is wrong or odd about a policy, with its line; exit code 1 if something is wrong',
    )
    .argument(
      '[file]',
      'the policy, - for standard input, with what hostd counts where it answers; without it what is live',
    )
    .addOption(outputOption('table', 'json'))
    .addHelpText(
      'after',
      examples(
        'vmoat policy lint policy.yaml',
        'vmoat policy lint',
        'vmoat policy lint policy.yaml -o json | jq .findings[].check',
      ),
    )
    .action(async (file: string | undefined, { output }: { output: string }) =>
      show(file === undefined ? await lintLive(context) : await lintFile(file, context), output, context),
    );
}

interface Linted {
  file: string;
  /** Why it is no policy at all. */
  problems: TextProblem[];
  findings: Finding[];
  complete: boolean;
}

async function lintFile(file: string, context: Context): Promise<Linted> {
  const name = fileName(file);
  const parsed = parsePolicy(fileText(file), name);
  if (parsed.document === null)
    return { file: name, problems: parsed.problems, findings: [], complete: true };
  return { file: name, problems: [], ...lint(parsed, context.now(), await knowledge(context)) };
}

/** What hostd counts of rules that say the same as those of the file; null: it does not answer, or not us. */
async function knowledge(context: Context): Promise<LiveKnowledge | null> {
  try {
    const { items } = await context.daemon().get(Page(CountedRule), '/policy/rules');
    const counted = new Map(items.map((rule) => [rule.id, rule]));
    return {
      members: () => null,
      watch: (rule) => {
        const count = counted.get(rule.id);
        if (!count || count.since === null || meaningOf(count) !== meaningOf(rule)) return null;
        return { hasMatched: count.last !== null, watched_ms: count.watchedMs };
      },
    };
  } catch (thrown) {
    if (thrown instanceof VmoatError) return null;
    throw thrown;
  }
}

async function lintLive(context: Context): Promise<Linted> {
  const { findings, complete } = await context.daemon().get(Lint, '/policy/lint');
  return { file: 'what is live', problems: [], findings, complete };
}

const STYLES: Record<LintSeverity, Style | null> = { error: 'red', warning: 'yellow', hint: null };

function show(linted: Linted, output: string, { terminal, fail }: Context): void {
  const { file, problems, findings, complete } = linted;
  if (problems.length || findings.some(({ severity }) => severity === 'error')) fail(1);
  if (output === 'json') {
    printJson(terminal, linted);
    return;
  }
  for (const problem of problems) terminal.err(`${styled(terminal, null, renderProblem(problem))}\n`);
  for (const finding of findings)
    terminal.out(`${styled(terminal, STYLES[finding.severity], renderFinding(finding))}\n`);
  if (!complete) terminal.err('the rules are too many to be compared with each other in full\n');
  if (!problems.length && !findings.length) terminal.out(`${styled(terminal, null, file)}: good\n`);
}
