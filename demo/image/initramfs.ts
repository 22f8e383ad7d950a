// Builds initramfs archives for guests: a static busybox, kernel modules and one init script.
import { readFileSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { cpio, type Entry } from './cpio.ts';
import { type Kernel, moduleFiles } from './kernel.ts';

export const NETWORK_MODULES = ['virtio_pci', 'virtio_net'] as const;
export const ROOT_MODULES = [
  ...NETWORK_MODULES,
  'virtio_blk',
  'virtio_console',
  'squashfs',
  'overlay',
] as const;

const FOLDERS = ['bin', 'sbin', 'dev', 'proc', 'sys', 'run', 'tmp', 'modules', 'lower', 'upper', 'root'];
const LOAD_MODULES = 'for module in $(cat /modules/order); do insmod /modules/$module.ko; done';

export interface Initramfs {
  kernel: Kernel;
  modules: readonly string[];
  /** Shell lines that run as process 1 once /proc, /sys and /dev are there and the modules are loaded. */
  init: string;
  files?: readonly Entry[];
}

/** Writes the archive to `path`. `files` may add folders, links and files of the caller's own. */
export async function writeInitramfs(
  path: string,
  { kernel, modules, init, files = [] }: Initramfs,
): Promise<void> {
  const loaded = await moduleFiles(kernel, modules);
  const entries: Entry[] = [
    ...FOLDERS.map((folder): Entry => ({ path: folder, kind: 'folder' })),
    { path: 'dev/console', kind: 'device', major: 5, minor: 1 },
    file('bin/busybox', 0o755, readFileSync('/bin/busybox')),
    { path: 'bin/sh', kind: 'link', target: 'busybox' },
    file('modules/order', 0o644, Buffer.from(loaded.map(({ name }) => name).join('\n'))),
    ...loaded.map(({ name, data }) => file(`modules/${name}.ko`, 0o644, data)),
    file('init', 0o755, Buffer.from(initScript(init))),
    ...files,
  ];
  writeFileSync(path, gzipSync(cpio(entries), { level: 1 }));
}

function file(path: string, mode: number, data: Buffer): Entry {
  return { path, kind: 'file', mode, data };
}

function initScript(body: string): string {
  return [
    '#!/bin/sh',
    '/bin/busybox --install -s /bin',
    'export PATH=/bin:/sbin',
    'mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev',
    LOAD_MODULES,
    body,
    '',
  ].join('\n');
}

/** Goes over to the squashfs on the first disk, with a tmpfs over it for what is written. */
export const ROOT_INIT = [
  'i=0; while [ ! -b /dev/vda ] && [ $i -lt 100 ]; do usleep 50000; i=$((i + 1)); done',
  'mount -t squashfs -o ro /dev/vda /lower',
  'mount -t tmpfs -o size=75% tmpfs /upper && mkdir /upper/data /upper/work',
  'mount -t overlay -o lowerdir=/lower,upperdir=/upper/data,workdir=/upper/work overlay /root',
  'umount /proc /sys',
  'exec switch_root /root /sbin/demo-init',
].join('\n');
