// `vmoat policy diff`: what differs between versions and files, by group and rule, then line by line.
import type { Command } from 'commander';
import { unifiedDiff } from '../../base/text-diff.ts';
import { withoutBase } from '../../policy/base-version.ts';
import { policyDiff, renderChange } from '../../policy/document/diff.ts';
import { readPolicy } from '../../policy/document/parse.ts';
import { EMPTY_TEXT } from '../../policy/document/schema.ts';
import { type Context, examples, outputOption, printJson } from '../context.ts';
import { type Style, styled, type Terminal } from '../terminal.ts';
import { policyText } from './export-command.ts';
import { fileName, fileText } from './policy-file.ts';

export function diffCommand(policy: Command, context: Context): void {
  policy
    .command('diff')
    .description('what differs between two versions or files, by group and rule and as text')
    .argument('[a]', 'a version or a file; without b it is compared with what is live')
    .argument('[b]', 'likewise')
    .addOption(outputOption('table', 'json'))
    .addHelpText(
      'after',
      examples(
        'vmoat policy diff                  # what the last change did',
        'vmoat policy diff policy.yaml      # what apply would do',
        'vmoat policy diff 11 12',
      ),
    )
    .action(async (a: string | undefined, b: string | undefined, { output }: { output: string }) => {
      const [before, after] = await sides(a, b, context);
      const changes = policyDiff(documentOf(before), documentOf(after));
      const text = unifiedDiff(before.text, after.text, [before.name, after.name]);
      if (output === 'json')
        printJson(context.terminal, { from: before.name, to: after.name, changes, text });
      else context.terminal.out(shown(changes.map(renderChange), text, context.terminal));
    });
}

interface Side {
  name: string;
  text: string;
}

const documentOf = ({ text, name }: Side) => readPolicy(text, name).document;
const isVersion = (word: string): boolean => /^\d{1,9}$/.test(word);

/** A file is what would come, a version is what was. */
async function sides(a: string | undefined, b: string | undefined, context: Context): Promise<[Side, Side]> {
  if (a !== undefined && b !== undefined) return [await side(a, context), await side(b, context)];
  const { version, text } = await policyText(context);
  const live = { name: version ? `version ${version.version}` : 'no policy', text };
  if (a !== undefined) return isVersion(a) ? [await side(a, context), live] : [live, await side(a, context)];
  const before = version?.base;
  return [before ? await side(String(before), context) : { name: 'no policy', text: EMPTY_TEXT }, live];
}

async function side(word: string, context: Context): Promise<Side> {
  if (!isVersion(word)) return { name: fileName(word), text: withoutBase(fileText(word)) };
  return { name: `version ${word}`, text: (await policyText(context, Number(word))).text };
}

const STYLES: Record<string, Style> = { '+': 'green', '-': 'red', '@': 'cyan', '~': 'yellow', '>': 'yellow' };
const line = (text: string, terminal: Terminal): string =>
  `${styled(terminal, STYLES[text[0] ?? ''] ?? null, text)}\n`;

function shown(changes: readonly string[], text: string, terminal: Terminal): string {
  if (text === '') return 'no difference\n';
  const lines = text.trimEnd().split('\n');
  return [...changes, ...(changes.length ? [''] : []), ...lines].map((each) => line(each, terminal)).join('');
}
