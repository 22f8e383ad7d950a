// The command line of vmoat-dp: what to do, and the settings out of flags, file and defaults, in this order.
import { parseArgs } from 'node:util';
import { loadAddon } from '../client/addon.ts';
import type { ThreatInfo } from '../contract/protocol.ts';
import { checkSetting } from './check-setting.ts';
import { readConfigFile } from './config-file.ts';
import { ServiceError } from './service-error.ts';
import { DEFAULTS, SETTINGS, type Settings } from './settings.ts';

export interface Options {
  action: 'run' | 'restore' | 'help' | 'version';
  /** Take everything off the host at the end. */
  detachOnExit: boolean;
  settings: Settings;
}

const SWITCHES = {
  config: { type: 'string' },
  restore: { type: 'boolean' },
  'detach-on-exit': { type: 'boolean' },
  version: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

const VALUES = Object.fromEntries(
  SETTINGS.map(
    ({ flag, kind }) => [flag, { type: 'string', multiple: kind === 'list' || kind === 'ports' }] as const,
  ),
);

/** Reads process.argv.slice(2); throws `usage`. */
export function readOptions(
  argv: string[],
  threats: () => readonly ThreatInfo[] = () => loadAddon().threats,
): Options {
  const values = parse(argv);
  const action = values.help ? 'help' : values.version ? 'version' : values.restore ? 'restore' : 'run';
  const file = typeof values.config === 'string' ? readConfigFile(values.config, threats) : {};
  return {
    action,
    detachOnExit: values['detach-on-exit'] === true,
    settings: { ...DEFAULTS, ...file, ...flags(values) },
  };
}

function parse(argv: string[]): Record<string, unknown> {
  try {
    return parseArgs({ args: argv, options: { ...VALUES, ...SWITCHES }, allowPositionals: false }).values;
  } catch (cause) {
    throw new ServiceError('usage', cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function flags(values: Record<string, unknown>): Partial<Settings> {
  const given = SETTINGS.filter(({ flag }) => values[flag] !== undefined);
  return Object.fromEntries(
    given.map((setting) => [setting.key, checkSetting(setting, values[setting.flag], `--${setting.flag}`)]),
  );
}

const text = (value: string | number | boolean): string =>
  typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value);

export const DESCRIPTION =
  "The data plane: taps the NICs of this host's VMs and tells vmoat-hostd what it sees. Needs root.";
export const EXAMPLES: readonly string[] = [
  'vmoat-dp --config /etc/vmoat/dp.yaml',
  'vmoat-dp --socket /tmp/try/dp.sock --user nobody --detach-on-exit',
  "vmoat-dp --tap 'veth-lab*' --hook clsact",
  'vmoat-dp --restore',
];

/** Every option as people read it, and what it does. */
export const optionTexts = (): [string, string][] => [
  ...SETTINGS.map(({ key, flag, value, describe }): [string, string] => {
    const standard = [DEFAULTS[key]].flat().map(text).join(', ');
    return [`--${flag} ${value}`, `${describe}${standard === '' ? '' : ` (${standard})`}`];
  }),
  ['--config FILE', 'the same settings as YAML; flags win'],
  ['--detach-on-exit', 'take everything off the host at the end (else taps stay for the next run)'],
  ['--restore', "take everything of vmoat's off this host and end"],
  ['--version', 'print the version and end'],
  ['-h, --help', 'print this and end'],
];

/** What --help prints. */
export const usage = (): string => `Usage: vmoat-dp [options]

${DESCRIPTION}

${optionTexts()
  .map(([option, describe]) => `  ${option.padEnd(26)} ${describe}`)
  .join('\n')}

Ends with 0, 1 when something failed, 2 on wrong use. SIGTERM and SIGINT end it.

Examples:
${EXAMPLES.map((line) => `  ${line}`).join('\n')}
`;
