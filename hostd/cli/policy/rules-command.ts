// `vmoat policy rules`: every rule with what it has decided and when it last did.
import { type Command, Option } from 'commander';
import { Page } from '../../api/schema.ts';
import { CountedRule } from '../../policy/counters/shapes.ts';
import { type Context, examples, outputOption, printJson } from '../context.ts';
import { countedTable } from './rule-text.ts';

interface RulesOptions {
  unusedFor?: string;
  sort: keyof typeof ORDERS;
  output: string;
}

const sum = ([a, b]: [number, number]): number => a + b;

/** What stands first; `order`: as they are asked. */
const ORDERS = {
  order: () => 0,
  flows: (a: CountedRule, b: CountedRule) => b.flows - a.flows,
  bytes: (a: CountedRule, b: CountedRule) => sum(b.bytes) - sum(a.bytes),
  last: (a: CountedRule, b: CountedRule) => Date.parse(b.last ?? EVER) - Date.parse(a.last ?? EVER),
  unused: (a: CountedRule, b: CountedRule) => b.idleMs - a.idleMs,
};
const EVER = '1970-01-01T00:00:00Z';

export function rulesCommand(policy: Command, context: Context): void {
  policy
    .command('rules')
    .description('every rule that is live: what it has decided, when it last did, how long it was watched')
    .option('--unused-for <duration>', 'only those that decided nothing while watched for so long: 12h, 30d')
    .addOption(
      new Option('--sort <by>', 'which stand first: as they are asked, or the most of something')
        .choices(Object.keys(ORDERS))
        .default('order'),
    )
    .addOption(outputOption('table', 'json'))
    .addHelpText(
      'after',
      examples(
        'vmoat policy rules --sort flows',
        'vmoat policy rules --unused-for 30d',
        'vmoat policy rules -o json | jq ".[] | select(.last == null).id"',
      ),
    )
    .action(async ({ unusedFor, sort, output }: RulesOptions) => {
      const { items } = await context.daemon().get(Page(CountedRule), '/policy/rules', { unusedFor });
      const rules = [...items].sort(ORDERS[sort]);
      if (output === 'json') printJson(context.terminal, rules);
      else context.terminal.out(countedTable(rules, context.terminal, context.now()));
    });
}
