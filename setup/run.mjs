#!/usr/bin/env node
// What `npm run …` starts: brings the machine to where the verb can work, then does it. Built-ins of Node only,
// since it runs before anything is installed.
import { SetupFailure } from './failure.mjs';
import { say } from './progress.mjs';
import { verbs } from './verbs.mjs';

const NODE_MIN = [18, 19];

function usage() {
  const lines = Object.entries(verbs).map(([name, { describe }]) => `  ${name.padEnd(10)} ${describe}`);
  return `Usage: npm run VERB [-- ARGUMENTS]\n\n${lines.join('\n')}\n`;
}

function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1])) return;
  throw new SetupFailure(`Node ${process.versions.node} is too old`, {
    hint: `vmoat needs ${NODE_MIN.join('.')} or newer: Debian 12's nodejs is new enough`,
  });
}

async function main() {
  const [name = '', ...args] = process.argv.slice(2);
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
  if (!verb) {
    process.stderr.write(usage());
    return name === '' || name === '--help' ? 0 : 2;
  }
  requireNode();
  return (await verb.run(args)) ?? 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof SetupFailure)) throw error;
  say(`failed: ${error.message}`);
  if (error.log) say(`the whole output: ${error.log}`);
  if (error.hint) say(`what to do: ${error.hint}`);
  process.exitCode = 1;
}
