// Debian packages: finds which of setup/packages.txt are missing and installs those.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { captured, logged } from './command.mjs';
import { SetupFailure } from './failure.mjs';
import { root } from './place.mjs';
import { say, step } from './progress.mjs';

const LISTS = '/var/lib/apt/lists';
const APT = [
  ...['apt-get', '-y', '-o', 'DPkg::Lock::Timeout=300', '-o', 'Dpkg::Use-Pty=0'],
  // a configuration file that the operator changed stays as it is, unasked
  ...['-o', 'Dpkg::Options::=--force-confdef', '-o', 'Dpkg::Options::=--force-confold'],
];
const QUIET = { DEBIAN_FRONTEND: 'noninteractive', NEEDRESTART_MODE: 'l', LC_ALL: 'C.UTF-8' };

/** @param {string[]} groups of setup/packages.txt @returns {string[]} package names */
export function packagesOf(groups) {
  const lines = readFileSync(join(root, 'setup/packages.txt'), 'utf8').split('\n');
  const pairs = lines
    .filter((line) => line.trim() && !line.startsWith('#'))
    .map((line) => line.trim().split(/\s+/));
  return [...new Set(pairs.filter(([group]) => groups.includes(group ?? '')).map(([, name]) => name ?? ''))];
}

/** @param {string[]} names @returns {string[]} those that dpkg does not have installed */
export function missing(names) {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own fields
  const { out } = captured(['dpkg-query', '-W', '-f', '${binary:Package} ${db:Status-Status}\n', ...names]);
  const installed = new Set();
  for (const line of out.split('\n')) {
    const [name = '', status] = line.split(' ');
    if (status === 'installed') installed.add(name.split(':')[0]);
  }
  return names.filter((name) => !installed.has(name));
}

/** Debian 12 or a later one, as root: else nothing here can work. */
export function requireDebian() {
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  const id = /^ID=(.*)$/m.exec(release)?.[1]?.replaceAll('"', '') ?? 'unknown';
  const version = Number(/^VERSION_ID="?(\d+)/m.exec(release)?.[1] ?? 0);
  if (id === 'debian' && version >= 12) return;
  throw new SetupFailure(
    `this is ${id} ${version || ''}: the set-up installs packages of Debian 12 or newer`,
    {
      hint: 'run it in a Debian 12 machine; packaging/deb builds there too',
    },
  );
}

/** @param {string} what is about to be done */
export function requireRoot(what) {
  if (process.getuid?.() === 0) return;
  throw new SetupFailure(`${what} needs root`, { hint: 'run the same command with sudo' });
}

/** @param {string[]} groups of setup/packages.txt; installs what is missing of them, nothing else */
export async function installPackages(groups) {
  const wanted = missing(packagesOf(groups));
  if (wanted.length === 0) return;
  requireDebian();
  requireRoot(`installing ${wanted.join(' ')}`);
  await refreshLists(wanted);
  await step(`installing ${wanted.length} Debian packages: ${wanted.join(' ')}`, () =>
    apt('apt-install', ['install', '--no-install-recommends', ...wanted]),
  );
}

/** apt-get update where the lists are missing or do not know a wanted package. */
export async function refreshLists(wanted) {
  if (listsExist() && wanted.every((name) => hasCandidate(name))) return;
  await step('reading the Debian package lists (apt-get update)', () => apt('apt-update', ['update']));
}

const listsExist = () => existsSync(LISTS) && readdirSync(LISTS).some((name) => name.includes('Packages'));
const hasCandidate = (name) => /Candidate: \d/.test(captured(['apt-cache', 'policy', name]).out);

async function apt(name, args) {
  try {
    await logged(name, [...APT, ...args], { env: QUIET });
  } catch (error) {
    if (!(error instanceof SetupFailure)) throw error;
    if (args[0] === 'install' && /404|Unable to fetch|Hash Sum/.test(error.message))
      return retried(name, args);
    throw new SetupFailure(error.message, { log: error.log, hint: hintFor(error.message) });
  }
}

// Package lists age: a file they name may be gone from the mirror.
async function retried(name, args) {
  say('the package lists are out of date, reading them again');
  await logged('apt-update', [...APT, 'update'], { env: QUIET, hint: hintFor('resolve') });
  await logged(name, [...APT, ...args], { env: QUIET });
}

function hintFor(message) {
  if (/resolve|Could not connect|Network is unreachable|Temporary failure/.test(message))
    return 'no network to a Debian mirror: check /etc/apt/sources.list* and the proxy settings';
  if (/dpkg was interrupted/.test(message)) return 'run: dpkg --configure -a';
  if (/Could not get lock/.test(message)) return 'another apt or dpkg is running: wait for it';
  return 'mend what apt says, then run the same command again';
}
