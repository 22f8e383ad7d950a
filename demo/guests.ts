// Brings the demo's networks and guests up and takes them down. Touches only what is called vmoat-demo-*.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { say } from '../setup/progress.mjs';
import { type DomainType, domainPlan, domainXml, networkXml } from './domain-xml.ts';
import type { GuestImage } from './image/root-image.ts';
import { type GuestPlan, guests, networks, PREFIX } from './plan.ts';
import { freeSubnet } from './subnet.ts';
import { domainNames, networkNames, virsh, virshTried, virshWithXml } from './virsh.ts';

const READY_WITHIN_MS = 150_000;

/** Defines and starts what is missing; what runs already is left alone. */
export async function startNetworks(): Promise<void> {
  const known = new Set(await networkNames('--all'));
  const active = new Set(await networkNames());
  for (const network of networks) {
    if (!known.has(network.name)) await virshWithXml('net-define', networkXml(network, await freeSubnet()));
    if (!active.has(network.name)) await virsh('net-start', network.name);
  }
}

/** Names of the guests that were started; those that ran already are not among them. */
export async function startGuests(type: DomainType, image: GuestImage, folder: string): Promise<string[]> {
  const [running, known] = [new Set(await domainNames()), new Set(await domainNames('--all'))];
  mkdirSync(join(folder, 'console'), { recursive: true });
  const missing = guests.filter(({ name }) => !running.has(name));
  await Promise.all(missing.map((guest) => startGuest(guest, known.has(guest.name), type, image, folder)));
  return missing.map(({ name }) => name);
}

async function startGuest(
  guest: GuestPlan,
  known: boolean,
  type: DomainType,
  image: GuestImage,
  folder: string,
) {
  if (known) await virsh('undefine', guest.name, '--managed-save');
  const console = consoleOf(folder, guest.name);
  rmSync(console, { force: true });
  await virshWithXml('define', domainXml(type, domainPlan(guest, image, console)));
  await virsh('start', guest.name);
  say(`  ${guest.name} started (${guest.title})`);
}

export const consoleOf = (folder: string, name: string): string => join(folder, 'console', `${name}.log`);

/** Waits until each guest has said that its services are up; names those that have not in time. */
export async function guestsReady(names: readonly string[], folder: string): Promise<string[]> {
  const left = new Set(names);
  for (const end = Date.now() + READY_WITHIN_MS; left.size > 0 && Date.now() < end; await sleep(100))
    for (const name of left)
      if (isReady(consoleOf(folder, name))) {
        left.delete(name);
        say(`  ${name} is up`);
      }
  return [...left];
}

function isReady(console: string): boolean {
  return existsSync(console) && readFileSync(console, 'latin1').includes(' is ready after ');
}

/** Also what an earlier version of the demo has left: whatever bears the prefix. */
export async function removeAll(): Promise<void> {
  const own = (name: string): boolean => name.startsWith(PREFIX);
  const take = async (name: string): Promise<void> => {
    await virshTried('destroy', name);
    await virshTried('undefine', name, '--snapshots-metadata', '--managed-save');
  };
  await Promise.all((await domainNames('--all')).filter(own).map(take));
  for (const name of (await networkNames('--all')).filter(own)) {
    await virshTried('net-destroy', name);
    await virshTried('net-undefine', name);
  }
}
