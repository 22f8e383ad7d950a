// `vmoat group`: who is in which group, and what the names and tags of VMs propose; `vmoat mode` sets a group's mode.
import { Argument, type Command } from 'commander';
import { Page } from '../api/schema.ts';
import { MODES } from '../base/modes.ts';
import { GroupView } from '../policy/groups/group-view.ts';
import { GroupProposal } from '../policy/shapes.ts';
import { type Context, examples, outputOption, printJson } from './context.ts';
import { groupTable, groupText, proposalTable } from './group-text.ts';
import {
  type ChangeOptions,
  change,
  forceOption,
  insistence,
  reasonOf,
  reasonOption,
} from './policy/change-options.ts';
import { styled } from './terminal.ts';

export function groupCommand(program: Command, context: Context): void {
  const group = program.command('group').description('the groups of the policy and who is in them');
  listCommand(group, context);
  showCommand(group, context);
  proposalsCommand(group, context);
  acceptCommand(group, context);
}

function listCommand(group: Command, context: Context): void {
  group
    .command('list')
    .description('all groups: of the document, automatic (vm.NAME) and built in')
    .addOption(outputOption('table', 'json', 'name'))
    .addHelpText('after', examples('vmoat group list', 'vmoat group list -o name'))
    .action(async ({ output }: { output: string }) => {
      const { terminal } = context;
      const { items } = await context.daemon().get(Page(GroupView), '/groups');
      if (output === 'json') printJson(terminal, items);
      else if (output === 'name')
        terminal.out(items.map(({ name }) => `${styled(terminal, null, name)}\n`).join(''));
      else terminal.out(groupTable(items, terminal));
    });
}

function showCommand(group: Command, context: Context): void {
  group
    .command('show')
    .description('one group: what puts VMs into it, its members with their modes, its rules')
    .argument('<group>', 'its name')
    .addOption(outputOption('table', 'json'))
    .addHelpText('after', examples('vmoat group show web', 'vmoat group show vm.web-1 -o json'))
    .action(async (name: string, { output }: { output: string }) => {
      const found = await context.daemon().get(GroupView, `/groups/${encodeURIComponent(name)}`);
      if (output === 'json') printJson(context.terminal, found);
      else context.terminal.out(groupText(found, context.terminal));
    });
}

function proposalsCommand(group: Command, context: Context): void {
  group
    .command('proposals')
    .description('groups that VMs seem to make by their names and tags, and that the policy does not have')
    .addOption(outputOption('table', 'json', 'name'))
    .addHelpText('after', examples('vmoat group proposals', 'sudo vmoat group accept svc.web --name web'))
    .action(async ({ output }: { output: string }) => {
      const { items } = await context.daemon().get(Page(GroupProposal), '/group-proposals');
      if (output === 'json') printJson(context.terminal, items);
      else if (output === 'name')
        context.terminal.out(items.map(({ name }) => `${styled(context.terminal, null, name)}\n`).join(''));
      else context.terminal.out(proposalTable(items, context.terminal));
    });
}

function acceptCommand(group: Command, context: Context): void {
  const command = group
    .command('accept')
    .description('write a proposed group into the policy: a new version; root only')
    .argument('<group>', 'as proposals show it')
    .option('--name <name>', 'another name for it');
  reasonOption(command)
    .addHelpText(
      'after',
      examples('sudo vmoat group accept svc.web', 'sudo vmoat group accept svc.web --name web'),
    )
    .action((proposed: string, options: ChangeOptions & { name?: string }) => {
      const body = { ...reasonOf(options), ...(options.name !== undefined && { name: options.name }) };
      return change(context, `/group-proposals/${encodeURIComponent(proposed)}/accept`, body, options.output);
    });
}

export function modeCommand(program: Command, context: Context): void {
  const command = program
    .command('mode')
    .description('set the mode of a group in the policy: a new version; root only')
    .argument('<group>', 'a group of VMs, vm.NAME, or host')
    .addArgument(new Argument('<mode>', 'the mode').choices(MODES));
  forceOption(command)
    .addHelpText(
      'after',
      examples('sudo vmoat mode web monitor', "sudo vmoat mode vm.db-1 learn --reason 'moves'"),
    )
    .action((name: string, mode: string, options: ChangeOptions) =>
      change(
        context,
        `/groups/${encodeURIComponent(name)}/mode`,
        { mode, ...reasonOf(options), ...insistence(options) },
        options.output,
      ),
    );
}
