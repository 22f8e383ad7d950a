// `vmoat completion`: a completion script, made from the commands themselves.
import { Argument, type Command } from 'commander';
import { bashScript, type Completable, fishScript, zshScript } from './completion-scripts.ts';
import { type Context, examples } from './context.ts';

export function completionCommand(program: Command, context: Context): void {
  program
    .command('completion')
    .description('a completion script for a shell')
    .addArgument(new Argument('<shell>', 'which shell').choices(['bash', 'zsh', 'fish']))
    .addHelpText(
      'after',
      examples(
        'vmoat completion bash > /etc/bash_completion.d/vmoat',
        'vmoat completion zsh > ~/.zfunc/_vmoat',
        'vmoat completion fish > ~/.config/fish/completions/vmoat.fish',
      ),
    )
    .action((shell: 'bash' | 'zsh' | 'fish') => {
      const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript };
      context.terminal.out(scripts[shell](completables(program)));
    });
}

export function completables(command: Command, path: string[] = []): Completable[] {
  const subcommands = command.commands.map((sub) => ({ name: sub.name(), description: sub.description() }));
  const options = command.options.map((option) => ({
    flags: [option.short, option.long].filter((flag) => flag !== undefined && flag !== null),
    description: option.description,
    takesValue: option.required || option.optional,
    choices: option.argChoices ?? [],
  }));
  const own = { path, description: command.description(), subcommands, options };
  return [own, ...command.commands.flatMap((sub) => completables(sub, [...path, sub.name()]))];
}
