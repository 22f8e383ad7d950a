// A guest that does nothing but run: Debian's kernel and a busybox that sleeps. Enough for ACPI hot-unplug.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface GuestFiles {
  kernel: string;
  initrd: string;
}

const INIT = `#!/bin/busybox sh
/bin/busybox mount -t devtmpfs none /dev
echo tiny guest is up > /dev/ttyS0
while :; do /bin/busybox sleep 1000; done
`;

/** Makes kernel and initramfs in `directory`. Throws where Debian's kernel, busybox-static or cpio are missing. */
export function makeGuest(directory: string): GuestFiles {
  const tree = join(directory, 'initramfs');
  for (const name of ['bin', 'dev']) mkdirSync(join(tree, name), { recursive: true });
  copyFileSync('/bin/busybox', join(tree, 'bin/busybox'));
  writeFileSync(join(tree, 'init'), INIT, { mode: 0o755 });
  const archive = execFileSync('cpio', ['-o', '-H', 'newc', '--quiet'], {
    cwd: tree,
    maxBuffer: 64 << 20,
    input: '.\nbin\ndev\nbin/busybox\ninit\n',
  });
  const initrd = join(directory, 'initrd');
  writeFileSync(initrd, archive);
  const kernel = join(directory, 'kernel');
  copyFileSync(newestKernel(), kernel);
  return { kernel, initrd };
}

function newestKernel(): string {
  const newest = readdirSync('/boot')
    .filter((name) => name.startsWith('vmlinuz-'))
    .sort()
    .at(-1);
  if (newest === undefined) throw new Error('no /boot/vmlinuz-*: install linux-image-amd64');
  return join('/boot', newest);
}

export interface DomainOptions {
  boot?: GuestFiles;
  /** A qcow2 image: snapshots need one. */
  disk?: string;
  /** `<interface>` elements. */
  nics?: string;
  /** Elements before the devices: title, metadata, … */
  head?: string;
  /** File that gets the console's output. */
  console?: string;
}

/** XML of a domain under TCG; without `boot` the machine runs firmware only. */
export function domainXml(name: string, options: DomainOptions = {}): string {
  const { boot, disk, nics = '', head = '', console } = options;
  const kernel = boot
    ? `<kernel>${boot.kernel}</kernel><initrd>${boot.initrd}</initrd><cmdline>console=ttyS0 quiet</cmdline>`
    : '';
  const drive = disk
    ? `<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${disk}'/><target dev='vda' bus='virtio'/></disk>`
    : '';
  const serial = console ? `<serial type='file'><source path='${console}'/></serial>` : '';
  return `<domain type='qemu'><name>${name}</name>${head}<memory unit='MiB'>${boot ? 160 : 32}</memory>
    <os><type arch='x86_64' machine='pc'>hvm</type>${kernel}</os><features><acpi/><apic/></features>
    <devices>${drive}${nics}${serial}<memballoon model='none'/></devices></domain>`;
}
