// `vmoat graph`: who talks to whom, now or in a past window.
import { type Command, Option } from 'commander';
import { Graph } from '../api/schema.ts';
import { VmoatError } from '../base/errors.ts';
import { type Context, examples, outputOption, printJson } from './context.ts';
import { graphDot, graphTable } from './graph-text.ts';

interface Options {
  output: 'table' | 'json' | 'dot';
  level: string;
  since?: string;
  until?: string;
}

export function graphCommand(program: Command, context: Context): void {
  program
    .command('graph')
    .description('who talks to whom, with which application')
    .addOption(outputOption('table', 'json', 'dot'))
    .addOption(
      new Option('--level <level>', 'nodes are VMs or groups').choices(['vm', 'group']).default('vm'),
    )
    .option('--since <time>', 'a past window: 90s, 15m, 2h, 7d ago, or RFC 3339; without it, what is live')
    .option('--until <time>', 'its end; now if not given')
    .addHelpText(
      'after',
      examples(
        'vmoat graph',
        'vmoat graph --since 24h --level group',
        'vmoat graph -o dot | dot -Tsvg > graph.svg',
      ),
    )
    .action(async (options: Options) => {
      const { output, level, since, until } = options;
      if (until !== undefined && since === undefined)
        throw new VmoatError('usage', '--until needs --since: a past window has a beginning');
      const graph = await context.daemon().get(Graph, '/graph', { level, since, until });
      if (output === 'json') printJson(context.terminal, graph);
      else if (output === 'dot') context.terminal.out(graphDot(graph));
      else context.terminal.out(graphTable(graph, context.terminal, context.now()));
    });
}
