// vmoat beside a private libvirt: both processes in its namespaces, kept up by the project's own supervisor.
import {
  appendFileSync,
  chmodSync,
  chownSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Status } from '../../hostd/api/schema.ts';
import { ask } from '../../setup/ready.mjs';
import { Supervisor } from '../../setup/supervise.mjs';
import { VMOAT_DP, VMOAT_HOSTD } from '../programs.ts';
import { type PrivateLibvirt, startPrivateLibvirt, until } from './private-libvirt.ts';
import { VmoatCli } from './vmoat-cli.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const NOBODY = 65534;
const PROGRAMS: Record<ProgramName, string> = { 'vmoat-dp': VMOAT_DP, 'vmoat-hostd': VMOAT_HOSTD };
type Argv = [string, ...string[]];
/** What libvirt notes on an image would outlive an instance that is killed, and bar the host's own libvirt from it. */
const NO_OWNERS = 'dynamic_ownership = 0\nremember_owner = 0\n';

export interface StackOptions {
  /** Runs both programs; ours where not given. */
  node?: string;
  /** dp enforces, and libvirt has the hook that the package installs. */
  protects?: boolean;
  /** By this one for every NIC, where it enforces. */
  enforcer?: Enforcer;
}

/** In the order of dp's registry. */
export const ENFORCERS = ['splice', 'inplace'] as const;
export type Enforcer = (typeof ENFORCERS)[number];

type ProgramName = 'vmoat-dp' | 'vmoat-hostd';

export interface VmoatStack {
  libvirt: PrivateLibvirt;
  cli: VmoatCli;
  /** kill -9, or another signal; the supervisor starts again what ends. */
  kill(program: ProgramName, signal?: NodeJS.Signals): void;
  /** Keeps what ends from being started again, until it is let. */
  hold(program: ProgramName): void;
  letGo(program: ProgramName): void;
  /** `vmoat-dp …`, inside, with the stack's own places. */
  dp(...args: string[]): Promise<string>;
  /** Waits until hostd answers and has its dp and libvirt. */
  ready(timeoutMs?: number): Promise<void>;
  stop(): Promise<void>;
}

/** hostd runs as nobody, behind the D-Bus policy that the package installs. */
export async function startVmoatStack({
  node = process.execPath,
  protects = false,
  enforcer,
}: StackOptions = {}): Promise<VmoatStack> {
  const policy = readFileSync(join(root, 'packaging/deb/vmoat.dbus.conf'), 'utf8');
  const rules = /<policy[\s\S]*<\/policy>/.exec(policy)?.[0].replace('user="vmoat"', 'user="nobody"') ?? '';
  const hook = protects ? { qemuHook: hookOf } : {};
  const libvirt = await startPrivateLibvirt({ busPolicy: rules, qemuConf: NO_OWNERS, ...hook });
  const folder = layOut(libvirt);
  const dp: Argv = [...dpArgv(folder, node, protects), ...(enforcer ? ['--enforcer', enforcer] : [])];
  const supervisor = new Supervisor(programs(libvirt, folder, node, dp), join(folder, 'supervisor.json'));
  supervisor.onEnd = (name: string, how: string) =>
    appendFileSync(join(folder, 'ends.log'), `${name} ${how}\n`);
  const cli = new VmoatCli(join(folder, 'run/api.sock'));
  const ready = (timeoutMs = 20_000): Promise<void> => until('vmoat is up', () => isUp(folder), timeoutMs);
  const stop = async (): Promise<void> => {
    await supervisor.stop();
    await libvirt.stop();
  };
  supervisor.start();
  await ready().catch(async (error: unknown) => {
    const logs = ['vmoat-dp', 'vmoat-hostd'].map((name) => readFileSync(join(folder, `${name}.log`), 'utf8'));
    await stop();
    throw new Error(`${error}\n${logs.join('\n')}`);
  });
  return {
    ...{ libvirt, cli, ready, stop },
    kill: (program, signal = 'SIGKILL') => {
      killIn(libvirt, program, signal);
      // nsenter stops along with what it runs, but does not go on by itself
      if (signal === 'SIGCONT') supervisor.running.get(program)?.kill(signal);
    },
    hold: (program) => writeFileSync(join(folder, `${program}.held`), ''),
    letGo: (program) => rmSync(join(folder, `${program}.held`), { force: true }),
    dp: (...args) => libvirt.run(...dp, ...args),
  };
}

/** The hook as it is installed, looking for dp's state where this instance has it. */
const hookOf = (folder: string): string => `#!/bin/sh
VMOAT_GUARD_MARKER=${folder}/vmoat/dp-state/guard exec ${join(root, 'packaging/deb/libvirt-hook')} "$@"
`;

function layOut(libvirt: PrivateLibvirt): string {
  chmodSync(libvirt.root, 0o755);
  const folder = join(libvirt.root, 'vmoat');
  for (const part of ['', 'run', 'state']) mkdirSync(join(folder, part), { mode: 0o755 });
  for (const part of ['run', 'state']) chownSync(join(folder, part), NOBODY, NOBODY);
  const config = [
    `stateDir: ${folder}/state`,
    `sockets: { api: ${folder}/run/api.sock, dataplane: ${folder}/dp.sock }`,
    `libvirt: { bus: "${libvirt.busAddress}" }`,
    `web: { listen: "127.0.0.1:8443", root: ${root}build/web }`,
  ];
  writeFileSync(join(folder, 'vmoat.yaml'), `${config.join('\n')}\n`);
  return folder;
}

function dpArgv(folder: string, node: string, protects: boolean): Argv {
  const places = ['--socket', join(folder, 'dp.sock'), '--state', join(folder, 'dp-state')];
  const enforce = protects ? 'on' : 'off';
  return [node, VMOAT_DP, ...places, '--user', 'nobody', '--enforce', enforce];
}

function programs({ enter }: PrivateLibvirt, folder: string, node: string, dp: string[]) {
  const asNobody = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];
  const hostd = [node, VMOAT_HOSTD, '--config', join(folder, 'vmoat.yaml')];
  const held = (name: string): string[] => {
    const wait = `while [ -e ${join(folder, name)}.held ]; do sleep 0.05; done; exec "$@"`;
    return ['sh', '-c', wait, 'held'];
  };
  return [
    { name: 'vmoat-dp', argv: [...enter, ...held('vmoat-dp'), ...dp], log: join(folder, 'vmoat-dp.log') },
    {
      name: 'vmoat-hostd',
      argv: [...enter, ...asNobody, ...held('vmoat-hostd'), ...hostd],
      log: join(folder, 'vmoat-hostd.log'),
    },
  ];
}

/** Asked over the socket itself: a command line of its own would take longer to start than hostd. */
async function isUp(folder: string): Promise<boolean> {
  const status: Status | null = await ask({ folder }, 'GET', '/api/v1/status').catch(() => null);
  return status?.dataplane.state === 'connected' && status.libvirt.state === 'connected';
}

/** The supervisor's own child is nsenter, which ends with what it runs. */
function killIn(libvirt: PrivateLibvirt, program: ProgramName, signal: NodeJS.Signals): void {
  const pids = libvirt
    .pids('')
    .filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(PROGRAMS[program]));
  if (pids.length !== 1) throw new Error(`${pids.length} processes are ${program}`);
  for (const pid of pids) process.kill(pid, signal);
}
