// Debian's kernel for guests, taken out of its package: nothing is installed on the host.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { captured, logged } from '../../setup/command.mjs';
import { SetupFailure } from '../../setup/failure.mjs';
import { refreshLists } from '../../setup/packages.mjs';

const META_PACKAGE = 'linux-image-amd64';

export interface Kernel {
  /** as in `uname -r` */
  version: string;
  image: string;
  modules: string;
}

/** The kernel in `folder`/kernel, downloaded when it is not there. */
export async function guestKernel(folder: string): Promise<Kernel> {
  const place = join(folder, 'kernel');
  if (!existsSync(place)) await unpackKernel(place);
  const version = readdirSync(join(place, 'lib/modules'))[0];
  if (!version) throw new SetupFailure(`${place} holds no kernel`, { hint: `remove ${place} and try again` });
  return {
    version,
    image: join(place, 'boot', `vmlinuz-${version}`),
    modules: join(place, 'lib/modules', version),
  };
}

async function unpackKernel(place: string): Promise<void> {
  await refreshLists([META_PACKAGE]);
  const fresh = `${place}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  const download = ['apt-get', '-o', 'APT::Sandbox::User=root', 'download', kernelPackage()];
  await logged('kernel-download', download, { cwd: fresh, hint: 'a Debian mirror has to be reachable' });
  const deb = readdirSync(fresh).find((name) => name.endsWith('.deb'));
  await logged('kernel-unpack', ['dpkg-deb', '-x', join(fresh, deb ?? ''), fresh]);
  rmSync(join(fresh, deb ?? ''));
  renameSync(fresh, place);
}

function kernelPackage(): string {
  const { out } = captured(['apt-cache', 'depends', META_PACKAGE]);
  const name = /Depends: (linux-image-\S+)/.exec(out)?.[1];
  if (!name) throw new SetupFailure(`apt does not know ${META_PACKAGE}`, { hint: 'run: apt-get update' });
  return name;
}

/** Files of the named modules and all they depend on, in the order in which they have to be loaded. */
export async function moduleFiles(
  kernel: Kernel,
  names: readonly string[],
): Promise<{ name: string; data: Buffer }[]> {
  const files = modulePaths(kernel.modules);
  const loaded = new Map<string, Buffer>();
  const visit = (name: string): void => {
    const path = files.get(name);
    if (!path || loaded.has(name)) return; // not a module here: built in
    const data = readModule(path);
    for (const dependency of dependenciesOf(data)) visit(dependency);
    loaded.set(name, data);
  };
  for (const name of names) visit(name);
  return [...loaded].map(([name, data]) => ({ name, data }));
}

function modulePaths(folder: string): Map<string, string> {
  const paths = new Map<string, string>();
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) for (const [name, file] of modulePaths(path)) paths.set(name, file);
    const name = /^(.+)\.ko(\.xz)?$/.exec(entry.name)?.[1];
    if (name && entry.isFile()) paths.set(name.replaceAll('-', '_'), path);
  }
  return paths;
}

function readModule(path: string): Buffer {
  if (!path.endsWith('.xz')) return readFileSync(path);
  return Buffer.from(captured(['xz', '-dc', path], { encoding: 'latin1' }).out, 'latin1');
}

function dependenciesOf(module: Buffer): string[] {
  const names = /\0depends=([^\0]*)\0/.exec(module.toString('latin1'))?.[1] ?? '';
  return names
    .split(',')
    .filter(Boolean)
    .map((name) => name.replaceAll('-', '_'));
}
