// Guests that carry out what a test says: a busybox with a shell behind a virtio channel.
import { randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NETWORK_MODULES, writeInitramfs } from '../../demo/image/initramfs.ts';
import { guestKernel, type Kernel } from '../../demo/image/kernel.ts';
import { imageFolder } from '../../demo/image/place.ts';
import type { GuestHost } from './plumbing.ts';
import { until } from './private-libvirt.ts';

/** A megabyte that a guest's web server sends again and again, see `streamed`. */
export const CHUNK = Buffer.alloc(1 << 20, 'a moat around every virtual machine\n');
/** Bytes of the chunk one after the other, a few a second, until /stop is there. Then /chunks says how many it were. */
const STREAM = `#!/bin/sh
printf 'Content-Type: application/octet-stream\\r\\n\\r\\n'
chunks=0
while [ ! -e /stop ]; do cat /chunk; chunks=$((chunks + 1)); usleep 50000; done
echo $chunks > /chunks
`;
// Not by a serial line: an emulated one keeps the end of a line back now and then.
const SHELL = `line=/dev/$(ls /sys/class/virtio-ports | head -n 1)
# it opens once only
while :; do sh <> $line >&0 2>&1; usleep 100000; done
`;

export interface ShellImage {
  kernel: Kernel;
  initramfs: string;
}

/** One image for all guests of an instance; `init` runs before the shell. */
export async function shellImage(
  { root }: Pick<GuestHost, 'root'>,
  init: string,
  modules: readonly string[] = [],
): Promise<ShellImage> {
  const kernel = await guestKernel(imageFolder());
  const initramfs = join(root, 'images/shell.initramfs');
  await writeInitramfs(initramfs, {
    kernel,
    modules: [...NETWORK_MODULES, 'virtio_console', 'af_packet', ...modules],
    init: `${init}\n${SHELL}`,
    files: [
      { path: 'chunk', kind: 'file', mode: 0o644, data: CHUNK },
      { path: 'www', kind: 'folder' },
      { path: 'www/cgi-bin', kind: 'folder' },
      { path: 'www/cgi-bin/stream', kind: 'file', mode: 0o755, data: Buffer.from(STREAM) },
    ],
  });
  return { kernel, initramfs };
}

export interface ShellDomain {
  name: string;
  /** `<interface>` elements. */
  nics: string;
  /** Lines of the kernel's command line are variables of `init`: `address=10.0.0.1`. */
  variables: string;
}

export class ShellGuest {
  readonly name: string;
  readonly #libvirt: GuestHost;
  readonly #path: string;
  #line: Socket | null = null;
  #said = '';

  private constructor(libvirt: GuestHost, name: string) {
    this.#libvirt = libvirt;
    this.name = name;
    this.#path = join(libvirt.root, 'images', `${name}.shell`);
  }

  /** `verb` is how virsh takes the domain: `create`, or `define` for one that is started later. */
  static async make(
    libvirt: GuestHost,
    image: ShellImage,
    domain: ShellDomain,
    verb = 'create',
  ): Promise<ShellGuest> {
    const guest = new ShellGuest(libvirt, domain.name);
    await libvirt.virshXml(verb, guest.#xml(image, domain));
    return guest;
  }

  #xml({ kernel, initramfs }: ShellImage, { name, nics, variables }: ShellDomain): string {
    const line = `console=ttyS0 quiet panic=-1 mitigations=off no_timer_check nokaslr random.trust_cpu=on ${variables}`;
    return `<domain type='qemu'><name>${name}</name><memory unit='MiB'>128</memory><vcpu>1</vcpu>
      <os><type arch='x86_64' machine='pc'>hvm</type><kernel>${kernel.image}</kernel><initrd>${initramfs}</initrd>
      <cmdline>${line}</cmdline></os>
      <features><acpi/><apic/><tcg><tb-cache unit='MiB'>48</tb-cache></tcg></features>
      <on_reboot>restart</on_reboot><devices>${nics}
      <serial type='file'><source path='${this.#path}.log'/><target port='0'/></serial>
      <channel type='unix'><source mode='bind' path='${this.#path}'/><target type='virtio' name='shell'/></channel>
      <memballoon model='none'/></devices></domain>`;
  }

  /** Waits until its shell answers. */
  async up(): Promise<void> {
    this.#line?.destroy();
    this.#line = null;
    await until(`the shell of ${this.name} answers`, () => this.#answers(), 60_000);
  }

  async #answers(): Promise<boolean> {
    try {
      return (await this.sh('echo here', 1_000)) === 'here\n';
    } catch {
      this.#line?.destroy();
      this.#line = null;
      return false;
    }
  }

  /** What the lines print, both streams. Rejects where the last one fails, or no end is seen. */
  async sh(lines: string, timeout_ms = 30_000): Promise<string> {
    const line = await this.#connected();
    const mark = randomUUID();
    this.#said = '';
    // in two parts, so that a line that echoes does not say it
    line.write(`( ${lines}\n) < /dev/null 2>&1; echo "${mark.slice(0, 9)}""${mark.slice(9)} $?"\n`);
    const end = new RegExp(`^([^]*)${mark} (\\d+)\n`);
    const over_ms = Date.now() + timeout_ms;
    while (!end.test(this.#said)) {
      if (Date.now() > over_ms || line.destroyed)
        throw new Error(`${this.name}: ${lines}: no end: ${this.#said}`);
      await sleep(5);
    }
    const [, said = '', code] = end.exec(this.#said) ?? [];
    if (code === '0') return said;
    throw new Error(`${this.name}: ${lines}: exit ${code}: ${said}`);
  }

  /** True where the last of the lines succeeds. */
  async does(lines: string, timeout_ms?: number): Promise<boolean> {
    return (
      (await this.sh(`if ( ${lines}\n) > /dev/null 2>&1; then echo yes; else echo no; fi`, timeout_ms)) ===
      'yes\n'
    );
  }

  async #connected(): Promise<Socket> {
    if (this.#line && !this.#line.destroyed) return this.#line;
    const line = connect({ path: this.#path });
    await new Promise<void>((done, fail) => line.once('connect', done).once('error', fail));
    line.on('error', () => line.destroy());
    line.on('data', (data: Buffer) => {
      this.#said += data.toString('latin1');
    });
    this.#line = line;
    return line;
  }

  close(): void {
    this.#line?.destroy();
  }

  /** Host-side names of its NICs, in order. */
  async taps(): Promise<string[]> {
    const xml = await this.#libvirt.virsh('dumpxml', this.name);
    return [...xml.matchAll(/<interface[ >][\s\S]*?<target dev='([^']+)'/g)].map((match) => match[1] ?? '');
  }
}
