// `vmoat policy rollback`: back to an old version, or from one that waits to be confirmed.
import type { Command } from 'commander';
import { type Context, examples } from '../context.ts';
import { type ChangeOptions, change, changeBody, changeOptions, versionOption } from './change-options.ts';

export function rollbackCommand(policy: Command, context: Context): void {
  const command = policy
    .command('rollback')
    .description('withdraw what waits to be confirmed, or make an old version live again; root only')
    .argument(
      '[version]',
      'whose text becomes a new version; without it, what waits is withdrawn',
      versionOption,
    );
  changeOptions(command)
    .addHelpText(
      'after',
      examples('sudo vmoat policy rollback', "sudo vmoat policy rollback 12 --reason 'the web was down'"),
    )
    .action((version: number | undefined, options: ChangeOptions) =>
      version === undefined
        ? change(context, '/policy/withdraw', {}, options.output)
        : change(context, `/policy/versions/${version}/rollback`, changeBody(options), options.output),
    );
}
