// `vmoat web-login`: prints where the web page is and a secret that signs one browser in.
import type { Command } from 'commander';
import { WebLogin } from '../api/schema.ts';
import { type Context, examples, outputOption, printJson } from './context.ts';
import { duration } from './quantity.ts';
import { styled } from './terminal.ts';

export function webLoginCommand(program: Command, context: Context): void {
  program
    .command('web-login')
    .alias('login')
    .description('the address of the web page, with a secret that signs one browser in')
    .addOption(outputOption('table', 'json'))
    .addHelpText('after', examples('vmoat web-login', 'vmoat web-login -o json | jq -r .url'))
    .action(async (options: { output: string }) => {
      const login = await context.best().post(WebLogin, '/web-login');
      if (options.output === 'json') printJson(context.terminal, login);
      else context.terminal.out(loginText(login, context));
    });
}

function loginText(login: WebLogin, { terminal, now }: Context): string {
  const { host, port } = new URL(login.url);
  const lines: [string, string][] = [
    ['open', login.url],
    ['secret', login.secret],
    ['', `works once, for ${duration(Date.parse(login.expires) - now())}`],
    ['certificate', `SHA-256 ${login.fingerprint}`],
    ['from afar', `ssh -L ${port || '443'}:${host} THIS_HOST, then open the same address there`],
  ];
  return lines.map(([name, text]) => `${styled(terminal, 'bold', name.padEnd(11))}  ${text}\n`).join('');
}
