// Completion scripts of the three shells.
/** A command as completion sees it: `path` is empty for vmoat itself. */
export interface Completable {
  path: string[];
  description: string;
  subcommands: { name: string; description: string }[];
  options: { flags: string[]; description: string; takesValue: boolean; choices: string[] }[];
}

/** Options and arguments that take a VM are completed with what the daemon knows. */
const VM_NAMES = 'vmoat vm list -o name 2>/dev/null';
const VM_OPTIONS = ['--from', '--to', '--vm'];
const TAPS = 'vmoat nic list -o name 2>/dev/null';
const GROUP_NAMES = 'vmoat group list -o name 2>/dev/null';
const PROPOSED_NAMES = 'vmoat group proposals -o name 2>/dev/null';
const UNUSED_RULES = 'vmoat policy unused -o name 2>/dev/null';
const THREAT_IDS = 'vmoat threats -o id 2>/dev/null';
const THREAT_NAMES = 'vmoat threats kinds -o name 2>/dev/null';
const VIOLATION_IDS = 'vmoat violations -o id 2>/dev/null';
const EXPORTS = 'vmoat export list -o name 2>/dev/null';
const DESTINATIONS = 'vmoat events destinations -o name 2>/dev/null';
const EVENT_KINDS = 'vmoat events kinds -o name 2>/dev/null';

const wordsOf = (command: Completable): string =>
  [
    ...command.subcommands.map((sub) => sub.name),
    ...command.options.flatMap((option) => option.flags),
    '--help',
  ].join(' ');

export function bashScript(commands: readonly Completable[]): string {
  const cases = commands.map((command) => `    '${command.path.join(' ')}') words='${wordsOf(command)}' ;;`);
  const values = commands.flatMap((command) =>
    command.options
      .filter((option) => option.choices.length)
      .map(
        (option) =>
          `    '${command.path.join(' ')} '${option.flags.join(`|'${command.path.join(' ')} '`)}) words='${option.choices.join(' ')}' ;;`,
      ),
  );
  return `# bash completion for vmoat
_vmoat() {
  local word path='' words='' current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ $word == -* ]] && break
    path="\${path:+$path }$word"
  done
  case "$path" in
${cases.join('\n')}
  esac
  [[ $current == -* ]] || case "$path $previous" in
${values.join('\n')}
    *' '${VM_OPTIONS.join(`|*' '`)}|'vm show show'|'vm isolate isolate'|'vm release release') words="$(${VM_NAMES})" ;;
    'nic show show') words="$(${TAPS})" ;;
    'threats --name') words="$(${THREAT_NAMES})" ;;
    'events --kind') words="$(${EVENT_KINDS})" ;;
    'violations show show'|'violations ack ack') words="$(${VIOLATION_IDS})" ;;
    'export show show'|'export run run') words="$(${EXPORTS})" ;;
    'events test test') words="$(${DESTINATIONS})" ;;
    'group show show'|'mode mode') words="$(${GROUP_NAMES})" ;;
    'group accept accept') words="$(${PROPOSED_NAMES})" ;;
    'policy unused --remove') words="$(${UNUSED_RULES})" ;;
    'threats show show'|'threats ack ack') words="$(${THREAT_IDS})" ;;
  esac
  local IFS=$' \\t\\n'
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [[ -z $words ]]; then COMPREPLY=($(compgen -f -- "$current")); fi
}
complete -F _vmoat vmoat
`;
}

export const zshScript = (commands: readonly Completable[]): string =>
  `#compdef vmoat
autoload -U +X bashcompinit && bashcompinit
${bashScript(commands)}`;

const fishText = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;

/** True when exactly these subcommands were given. */
function fishCondition(command: Completable): string {
  const seen = command.path.map((name) => `__fish_seen_subcommand_from ${name}`);
  const next = command.subcommands.map((sub) => sub.name).join(' ');
  if (command.path.length === 0) return '__fish_use_subcommand';
  return [...seen, ...(next ? [`not __fish_seen_subcommand_from ${next}`] : [])].join('; and ');
}

function valuesOf({ path }: Completable, { flags, choices }: Completable['options'][number]): string {
  if (flags.some((flag) => VM_OPTIONS.includes(flag))) return `(${VM_NAMES})`;
  if (flags.includes('--kind')) return `(${EVENT_KINDS})`;
  return path[0] === 'threats' && flags.includes('--name') ? `(${THREAT_NAMES})` : choices.join(' ');
}

export function fishScript(commands: readonly Completable[]): string {
  const lines = ['# fish completion for vmoat', 'complete -c vmoat -f'];
  for (const command of commands) {
    const when = `complete -c vmoat -n ${fishText(fishCondition(command))}`;
    for (const sub of command.subcommands)
      lines.push(`${when} -a ${sub.name} -d ${fishText(sub.description)}`);
    for (const option of command.options) {
      const flags = option.flags.map((flag) =>
        flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`,
      );
      const names = valuesOf(command, option);
      const value = option.takesValue ? ` -x${names ? ` -a ${fishText(names)}` : ''}` : '';
      lines.push(`${when} ${flags.join(' ')}${value} -d ${fishText(option.description)}`);
    }
  }
  const argument = (path: string, verbs: string, values: string): string =>
    `complete -c vmoat -n '__fish_seen_subcommand_from ${path}; and __fish_seen_subcommand_from ${verbs}' -a ${fishText(`(${values})`)}`;
  lines.push(
    argument('vm', 'show isolate release', VM_NAMES),
    argument('nic', 'show', TAPS),
    argument('group', 'show', GROUP_NAMES),
    argument('group', 'accept', PROPOSED_NAMES),
    argument('policy', 'unused', UNUSED_RULES),
    argument('threats', 'show ack', THREAT_IDS),
    argument('violations', 'show ack', VIOLATION_IDS),
  );
  lines.push(argument('events', 'test', DESTINATIONS), argument('export', 'show run', EXPORTS));
  return `${lines.join('\n')}\n`;
}
