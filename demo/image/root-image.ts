// Builds the guests' read-only root: Debian packages and this folder's own files, as one squashfs.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { captured, logged } from '../../setup/command.mjs';
import { root as checkout } from '../../setup/place.mjs';
import { ROOT_INIT, ROOT_MODULES, writeInitramfs } from './initramfs.ts';
import { guestKernel, type Kernel } from './kernel.ts';

const RECIPE = join(checkout, 'demo/image');
const SUITE = 'bookworm';

export interface GuestImage {
  kernel: Kernel;
  initramfs: string;
  root: string;
}

/** The image in `folder`; made anew when this folder's recipe is not the one it was made from. */
export async function guestImage(folder: string, say: (what: string) => void): Promise<GuestImage> {
  mkdirSync(folder, { recursive: true });
  const recipe = recipeHash();
  const image = join(folder, `root-${recipe}.squashfs`);
  const initramfs = join(folder, `initramfs-${recipe}.gz`);
  const kernel = await guestKernel(folder);
  if (!exists(initramfs)) {
    await writeInitramfs(`${initramfs}.new`, { kernel, modules: ROOT_MODULES, init: ROOT_INIT });
    renameSync(`${initramfs}.new`, initramfs);
  }
  if (!exists(image)) await buildRoot(folder, image, say);
  removeOthers(folder, recipe);
  return { kernel, initramfs, root: image };
}

/** One hash over all that the image is made of: whatever changes it makes a new one. */
export function recipeHash(): string {
  const hash = createHash('sha256').update(JSON.stringify([bootstrap(''), ROOT_INIT, ROOT_MODULES]));
  for (const path of filesBelow(RECIPE).filter((file) => !file.endsWith('.ts')))
    hash.update(path.slice(RECIPE.length)).update(readFileSync(path));
  return hash.digest('hex').slice(0, 12);
}

async function buildRoot(folder: string, image: string, say: (what: string) => void): Promise<void> {
  const tree = join(folder, 'root.new');
  rmSync(tree, { recursive: true, force: true });
  say(`installing ${packages().length} Debian packages into the guests' root`);
  await logged('guest-packages', bootstrap(tree), { hint: 'a Debian mirror has to be reachable' });
  say("squashing the guests' root");
  const squash = ['mksquashfs', tree, `${image}.new`, '-noappend', '-comp', 'lz4', '-no-progress', '-quiet'];
  await logged('guest-squash', squash);
  renameSync(`${image}.new`, image);
  rmSync(tree, { recursive: true, force: true });
}

function bootstrap(tree: string): string[] {
  return [
    'mmdebstrap',
    '--mode=root',
    '--variant=apt',
    '--aptopt=APT::Install-Recommends "false"',
    ...proxyOptions(),
    ...['doc', 'man', 'locale', 'info'].map((part) => `--dpkgopt=path-exclude=/usr/share/${part}/*`),
    '--dpkgopt=force-unsafe-io',
    `--essential-hook=${join(RECIPE, 'before-install.sh')} "$1"`,
    `--customize-hook=${join(RECIPE, 'after-install.sh')} "$1"`,
    `--include=${packages().join(',')}`,
    SUITE,
    tree,
    ...mirror(),
  ];
}

const packages = () => readFileSync(join(RECIPE, 'packages.txt'), 'utf8').split('\n').filter(Boolean);

/** The host's own mirror of the suite, where it has one: it may be the only one that can be reached. */
function mirror(): string[] {
  const format = '$(REPO_URI) $(RELEASE) $(COMPONENT)';
  const { out } = captured(['apt-get', 'indextargets', '--format', format, 'Created-By: Packages']);
  const line = out.split('\n').find((target) => target.endsWith(` ${SUITE} main`));
  return line ? [line.split(' ')[0] ?? ''] : [];
}

function proxyOptions(): string[] {
  const { out } = captured(['apt-config', 'dump', '--format', '%v%n', 'Acquire::http::Proxy']);
  return out.trim() ? [`--aptopt=Acquire::http::Proxy "${out.trim()}"`] : [];
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function removeOthers(folder: string, recipe: string): void {
  for (const name of readdirSync(folder))
    if (/^(root|initramfs)-/.test(name) && !name.includes(recipe))
      rmSync(join(folder, name), { force: true });
  writeFileSync(
    join(folder, 'README'),
    'Guests of the vmoat demo. May be removed; it is made anew when needed.\n',
  );
}

function filesBelow(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) =>
    entry.isDirectory() ? filesBelow(join(folder, entry.name)) : [join(folder, entry.name)],
  );
}
