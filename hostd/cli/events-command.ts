// `vmoat events`: what happened; -f follows what happens.
import { type Command, Option } from 'commander';
import { EventDestination, EventKindInfo, EventRecord, EventSeverity, Page } from '../api/schema.ts';
import { type Context, countOf, examples, outputOption, printJson } from './context.ts';
import { type EventsOptions, eventsText, newestEvents, SEVERITY_STYLES } from './events-ask.ts';
import { followEvents } from './events-follow.ts';
import { type Column, table } from './table.ts';
import { styled } from './terminal.ts';

const LAST_DEFAULT = 50;

export function eventsCommand(program: Command, context: Context): void {
  const events = program
    .command('events')
    .description('what happened to NICs, processes and policy, and which threats began; the newest last')
    .option('-f, --follow', 'go on printing what happens')
    .option('-n, --last <count>', `as many of the newest (${LAST_DEFAULT}; with -f 10)`, countOf)
    .option('--since <time>', 'only those since: 90s, 15m, 2h, 7d ago, or RFC 3339')
    .option('--until <time>', 'only those before')
    .option('--kind <kinds>', 'only these, separated by commas; vmoat events kinds lists them')
    .addOption(
      new Option('--severity <severity>', 'this severe or worse').choices([...EventSeverity.options]),
    )
    .option('--subject <subject>', 'only those about this VM, NIC, group, …: its name or id')
    .option('--grep <text>', 'text in kind, text and subjects')
    .addOption(outputOption('table', 'json'))
    .addHelpText(
      'after',
      examples(
        'vmoat events -f --severity medium',
        'vmoat events --since 24h --kind nic-untappable,nic-gone',
        'vmoat events --subject web-1 -o json',
      ),
    )
    .action((options: EventsOptions) => list(options, context));
  kindsCommand(events, context);
  destinationsCommand(events, context);
  testCommand(events, context);
}

async function list(options: EventsOptions, context: Context): Promise<void> {
  if (options.follow) return followEvents(options, context);
  const found = await newestEvents(options, context, options.last ?? LAST_DEFAULT);
  context.terminal.out(eventsText(found, options.output, context));
}

const KIND_COLUMNS: Column<EventKindInfo>[] = [
  { title: 'KIND', text: ({ name }) => name },
  { title: 'SEVERITY', text: ({ severity }) => severity, style: ({ severity }) => SEVERITY_STYLES[severity] },
  { title: 'MEANS', text: ({ means }) => means },
];

function kindsCommand(events: Command, context: Context): void {
  events
    .command('kinds')
    .description('every kind of event: severity and meaning')
    .addOption(outputOption('table', 'json', 'name'))
    .addHelpText('after', examples('vmoat events kinds', 'vmoat events kinds -o name'))
    .action(async ({ output }: { output: string }) => {
      const { terminal } = context;
      const { items } = await context.daemon().get(Page(EventKindInfo), '/event-kinds');
      if (output === 'json') printJson(terminal, items);
      else if (output === 'name')
        terminal.out(items.map(({ name }) => `${styled(terminal, null, name)}\n`).join(''));
      else terminal.out(table(terminal, KIND_COLUMNS, items));
    });
}

const DESTINATION_COLUMNS: Column<EventDestination>[] = [
  { title: 'DESTINATION', text: ({ id }) => id },
  { title: 'TARGET', text: ({ target }) => target },
  {
    title: 'STATE',
    text: ({ failing }) => (failing ? `failing: ${failing.reason}` : 'good'),
    style: ({ failing }) => (failing ? 'red' : 'green'),
  },
  { title: 'WAITING', text: ({ waiting }) => String(waiting), right: true },
  { title: 'DELIVERED', text: ({ delivered }) => String(delivered), right: true },
  { title: 'DROPPED', text: ({ dropped, refused }) => String(dropped + refused), right: true },
];

function destinationsCommand(events: Command, context: Context): void {
  events
    .command('destinations')
    .description('webhooks and syslog servers: what waits, what arrived, what fails')
    .addOption(outputOption('table', 'json', 'name'))
    .addHelpText('after', examples('vmoat events destinations', 'vmoat events destinations -o json'))
    .action(async ({ output }: { output: string }) => {
      const { terminal } = context;
      const { items } = await context.daemon().get(Page(EventDestination), '/destinations');
      if (output === 'json') printJson(terminal, items);
      else if (output === 'name')
        terminal.out(items.map(({ id }) => `${styled(terminal, null, id)}\n`).join(''));
      else terminal.out(table(terminal, DESTINATION_COLUMNS, items));
    });
}

function testCommand(events: Command, context: Context): void {
  events
    .command('test')
    .description('send an event to one destination; root only')
    .argument('<destination>', 'as the list of destinations shows it')
    .addOption(outputOption('table', 'json'))
    .addHelpText('after', examples('sudo vmoat events test webhook:ops', 'vmoat events destinations'))
    .action(async (id: string, { output }: { output: string }) => {
      const { terminal } = context;
      const path = `/destinations/${encodeURIComponent(id)}/test`;
      const event = await context.admin().post(EventRecord, path);
      if (output === 'json') printJson(terminal, event);
      else
        terminal.out(
          `${styled(terminal, null, event.id)}  is on its way: vmoat events destinations says whether it arrived\n`,
        );
    });
}
