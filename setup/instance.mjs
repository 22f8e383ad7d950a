// One vmoat of a checkout: its folder, its user, its configuration, its two programs.

import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { captured } from './command.mjs';
import { SetupFailure } from './failure.mjs';
import { build, root } from './place.mjs';
import { say } from './progress.mjs';
import { copyRuntime, reachable } from './runtime.mjs';
import { supervisorPid } from './supervise.mjs';

const BUS_POLICIES = '/etc/dbus-1/system.d';

/**
 * @typedef {{name: string, folder: string, code: string, user: {name: string, uid: number, gid: number}, listen: string,
 *   config: string, policy: string, pins: string, state: string, supervisor: string}} Instance
 */

/**
 * Lays out everything that the programs need, at ./var or, where hostd's user cannot come there, below /var/lib.
 * @param {string} name `vmoat-start` or `vmoat-demo`
 * @param {string} listen ADDRESS:PORT of the dashboard
 * @returns {Instance}
 */
export function makeInstance(name, listen) {
  const user = accountFor(['vmoat', 'nobody']);
  const near = reachable(root);
  const folder = near ? join(root, 'var') : outside(name);
  const code = near ? build : join(folder, 'runtime');
  if (!near) copyRuntime(code);
  const instance = {
    name,
    folder,
    code,
    user,
    listen,
    config: join(folder, 'vmoat.yaml'),
    policy: join(BUS_POLICIES, `${name}.conf`),
    pins: '/sys/fs/bpf/vmoat',
    state: join(folder, 'state'),
    supervisor: join(folder, 'supervisor.json'),
  };
  layOut(instance);
  return instance;
}

/** @param {string} what runs already @param {string} program part of its command line @param {string} hint how to end it */
export function requireNoOther(what, program, hint) {
  const pid = supervisorPid(join(root, 'var/supervisor.json'), program);
  if (pid !== null) throw new SetupFailure(`${what} runs already in this checkout (pid ${pid})`, { hint });
}

// ./var then is a link to it, so that the command line finds the socket where it always is.
function outside(name) {
  const folder = `/var/lib/${name}`;
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const link = join(root, 'var');
  const there = lstatSync(link, { throwIfNoEntry: false });
  if (there && !there.isSymbolicLink())
    throw new SetupFailure(`${link} is in the way`, { hint: `remove ${link}` });
  rmSync(link, { force: true });
  symlinkSync(folder, link);
  say(`user nobody cannot come to ${root}: code and state are in ${folder}`);
  return folder;
}

function layOut({ folder, state, user, config, listen, code }) {
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o755);
  for (const part of [join(folder, 'run'), state]) {
    mkdirSync(part, { recursive: true, mode: 0o750 });
    chownSync(part, user.uid, user.gid);
  }
  mkdirSync(join(folder, 'log'), { recursive: true });
  const text = [
    '# Written anew at every start.',
    `stateDir: ${state}`,
    `sockets: { api: ${join(folder, 'run/api.sock')}, dataplane: ${join(folder, 'dp.sock')} }`,
    `web: { listen: "${listen}", root: ${join(code, 'web')} }`,
    '',
  ].join('\n');
  writeFileSync(config, text);
}

/** @param {string[]} names the first that exists is taken */
function accountFor(names) {
  const lines = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  for (const name of names) {
    const line = lines.find(([user]) => user === name);
    if (line) return { name, uid: Number(line[2]), gid: Number(line[3]) };
  }
  throw new SetupFailure(`there is no user ${names.join(' or ')}`, {
    hint: 'run: adduser --system --group vmoat',
  });
}

/** @param {Instance} instance @param {string[]} dpArgs @returns {import('./supervise.mjs').Program[]} */
export function programs({ folder, code, user, config, pins }, dpArgs) {
  const node = process.execPath;
  return [
    {
      name: 'vmoat-dp',
      argv: [
        node,
        join(code, 'js/vmoat-dp.mjs'),
        '--socket',
        join(folder, 'dp.sock'),
        '--user',
        user.name,
        '--pins',
        pins,
        '--state',
        join(folder, 'dp-state'),
        '--detach-on-exit',
        ...dpArgs,
      ],
      log: join(folder, 'log/vmoat-dp.log'),
    },
    {
      name: 'vmoat-hostd',
      argv: [node, join(code, 'js/vmoat-hostd.mjs'), '--config', config],
      log: join(folder, 'log/vmoat-hostd.log'),
      uid: user.uid,
      gid: user.gid,
    },
  ];
}

/** Lets hostd's user read from libvirt-dbus, as the package's policy does for user vmoat. */
export function openBus({ policy, user }) {
  const text = readFileSync(join(root, 'packaging/deb/vmoat.dbus.conf'), 'utf8').replaceAll(
    'user="vmoat"',
    `user="${user.name}"`,
  );
  mkdirSync(BUS_POLICIES, { recursive: true });
  writeFileSync(policy, text);
  reloadBus();
}

export function closeBus({ policy }) {
  if (!existsSync(policy)) return;
  rmSync(policy);
  reloadBus();
}

const reloadBus = () =>
  captured([
    'dbus-send',
    '--system',
    '--print-reply',
    '--dest=org.freedesktop.DBus',
    '/',
    'org.freedesktop.DBus.ReloadConfig',
  ]);

/** Takes whatever a killed vmoat-dp left off the host. */
export const restore = ({ code, pins }) =>
  captured([process.execPath, join(code, 'js/vmoat-dp.mjs'), '--restore', '--pins', pins]);
