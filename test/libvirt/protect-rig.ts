// Guests of a private libvirt that vmoat protects: a client that asks, a server that may be asked.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { arePlain, areSpliced } from './plumbing.ts';
import { until } from './private-libvirt.ts';
import { ShellGuest, type ShellImage, shellImage } from './shell-guest.ts';
import { type StackOptions, startVmoatStack, type VmoatStack } from './vmoat-stack.ts';

export const MAC = '52:54:00:00:08:0';
export const SERVER = '10.8.0.2';

/** Beside its addresses a guest of number n may serve web pages and something on redis' port. */
const INIT = `ip link set lo up; ip link set eth0 up
ip address add 10.8.0.$n/24 dev eth0; ip -6 address add fd08::$n/64 dev eth0
echo hello > /www/hello; httpd -p 80 -h /www
nc -ll -p 6379 -e echo redis &`;
const DHCP = `<ip address='10.8.0.254' netmask='255.255.255.0'><dhcp><range start='10.8.0.100' end='10.8.0.199'/></dhcp></ip>`;

/** libvirt makes bridges with STP on by itself; one without forwards at once. */
export const network = (name: string, stp: 'on' | 'off', more = ''): string =>
  `<network><name>${name}</name><bridge name='${name}0' stp='${stp}' delay='0'/>${more}</network>`;
export const nicOn = (n: number, name = 'pro', more = ''): string =>
  `<interface type='network'><source network='${name}'/><mac address='${MAC}${n}'/><model type='virtio'/>${more}</interface>`;

export interface RigOptions extends Pick<StackOptions, 'enforcer'> {
  /** Lines that every guest runs when it boots, after ours. */
  init?: string;
  modules?: readonly string[];
}

export class ProtectRig {
  readonly stack: VmoatStack;
  readonly image: ShellImage;
  readonly client: ShellGuest;
  readonly server: ShellGuest;

  private constructor(stack: VmoatStack, image: ShellImage, client: ShellGuest, server: ShellGuest) {
    [this.stack, this.image, this.client, this.server] = [stack, image, client, server];
  }

  /** Both of them in the network `pro`, and up. */
  static async start({ enforcer, init = '', modules = [] }: RigOptions = {}): Promise<ProtectRig> {
    const stack = await startVmoatStack({ protects: true, ...(enforcer && { enforcer }) });
    try {
      await stack.libvirt.virshXml('net-define', network('pro', 'off', DHCP));
      await stack.libvirt.virsh('net-start', 'pro');
      const image = await shellImage(stack.libvirt, `${INIT}\n${init}`, modules);
      const make = (name: string, n: number) =>
        ShellGuest.make(stack.libvirt, image, domain(name, n), 'define');
      const rig = new ProtectRig(stack, image, await make('client', 1), await make('server', 2));
      for (const { name } of rig.guests) await stack.libvirt.virsh('start', name);
      await Promise.all(rig.guests.map((guest) => guest.up()));
      return rig;
    } catch (error) {
      await stack.stop();
      throw error;
    }
  }

  get guests(): ShellGuest[] {
    return [this.client, this.server];
  }

  async stop(): Promise<void> {
    for (const guest of this.guests) guest.close();
    await this.stack.stop();
  }

  taps = async (): Promise<string[]> => (await Promise.all(this.guests.map((guest) => guest.taps()))).flat();

  /** Makes it the policy, whatever was. */
  async apply(text: string): Promise<void> {
    const { cli, libvirt } = this.stack;
    const file = join(libvirt.root, 'policy.yaml');
    writeFileSync(file, text);
    const { version } = (await cli.status()).policy;
    await cli.run('policy', 'apply', file, ...(version === null ? [] : ['--base', String(version)]));
  }

  /** Waits until these taps are spliced. */
  spliced = (taps: readonly string[]): Promise<void> =>
    until(`spliced: ${taps}`, () => areSpliced(this.stack.libvirt, taps));

  /** Waits until nothing of vmoat's stands for them in their bridges. */
  plain = (taps: readonly string[]): Promise<void> =>
    until(`in their bridges: ${taps}`, () => arePlain(this.stack.libvirt, taps));

  /** Waits until verdicts are carried out at these taps, as vmoat says; which enforcer does it, and why, by tap. */
  async inline(taps: readonly string[]): Promise<Map<string, string>> {
    let by = new Map<string, string>();
    await until(`inline: ${taps}`, async () => {
      const nics = await this.stack.cli.nics();
      const inline = nics.flatMap(({ tap, protection }): [string, string][] =>
        protection?.state === 'inline' ? [[tap ?? '', `${protection.enforcer}: ${protection.reason}`]] : [],
      );
      by = new Map(inline);
      return taps.every((tap) => by.has(tap));
    });
    return by;
  }
}

/** Guest number n of the network `pro`. */
export const domain = (name: string, n: number, nics = nicOn(n)) => ({ name, nics, variables: `n=${n}` });
