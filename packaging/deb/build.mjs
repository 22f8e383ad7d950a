// Makes build/vmoat_VERSION_ARCH.deb out of what `npm run build` made: `node packaging/deb/build.mjs`.
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { captured } from '../../setup/command.mjs';
import { SetupFailure } from '../../setup/failure.mjs';
import { build, root } from '../../setup/place.mjs';
import { copyRuntime } from '../../setup/runtime.mjs';

const here = join(root, 'packaging/deb');

/** What is copied as it is. */
const FILES = {
  'vmoat-dp.service': 'usr/lib/systemd/system/vmoat-dp.service',
  'vmoat-hostd.service': 'usr/lib/systemd/system/vmoat-hostd.service',
  'vmoat.sysusers': 'usr/lib/sysusers.d/vmoat.conf',
  'vmoat.tmpfiles': 'usr/lib/tmpfiles.d/vmoat.conf',
  'vmoat.dbus.conf': 'usr/share/dbus-1/system.d/vmoat.conf',
  'vmoat.yaml': 'etc/vmoat/vmoat.yaml',
  'dp.yaml': 'etc/vmoat/dp.yaml',
  '../policy.schema.json': 'usr/share/vmoat/policy.schema.json',
  '../../README.md': 'usr/share/doc/vmoat/README.md',
  '../../LICENSE': 'usr/share/doc/vmoat/copyright',
};
/** Likewise, but programs. postinst puts the hook where libvirt looks for it. */
const PROGRAMS = { 'libvirt-hook': 'usr/lib/vmoat/libvirt-hook' };
const SCRIPTS = ['postinst', 'prerm', 'postrm'];
const COMPLETIONS = {
  bash: 'usr/share/bash-completion/completions/vmoat',
  zsh: 'usr/share/zsh/vendor-completions/_vmoat',
  fish: 'usr/share/fish/vendor_completions.d/vmoat.fish',
};
const COMMANDS = { 'usr/bin/vmoat': 'vmoat', 'usr/sbin/vmoat-dp': 'vmoat-dp' };

/** @param {string} version @returns {string} path of the package */
export function buildPackage(version = ownVersion()) {
  const tree = mkdtempSync(join(tmpdir(), 'vmoat-deb-'));
  try {
    layOut(tree);
    document(tree, version);
    const architecture = succeeded(['dpkg', '--print-architecture']).trim();
    const control = readFileSync(join(here, 'control'), 'utf8')
      .replace('@VERSION@', version)
      .replace('@ARCHITECTURE@', architecture)
      .replace('@LIBRARIES@', libraries());
    write(tree, 'DEBIAN/control', control);
    const file = join(build, `vmoat_${version}_${architecture}.deb`);
    succeeded(['dpkg-deb', '--build', '--root-owner-group', '-Zxz', '-z1', tree, file]);
    return file;
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}

const ownVersion = () => JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version;

function layOut(tree) {
  chmodSync(tree, 0o755);
  copyRuntime(join(tree, 'usr/lib/vmoat'));
  for (const [from, to] of Object.entries(FILES)) {
    mkdirSync(dirname(join(tree, to)), { recursive: true });
    cpSync(join(here, from), join(tree, to));
    chmodSync(join(tree, to), 0o644);
  }
  for (const [from, to] of Object.entries(PROGRAMS)) write(tree, to, readFileSync(join(here, from)), 0o755);
  for (const [path, name] of Object.entries(COMMANDS))
    write(tree, path, `#!/bin/sh\nexec /usr/bin/node /usr/lib/vmoat/js/${name}.mjs "$@"\n`, 0o755);
  for (const name of SCRIPTS) write(tree, `DEBIAN/${name}`, readFileSync(join(here, name)), 0o755);
  write(tree, 'DEBIAN/conffiles', '/etc/vmoat/vmoat.yaml\n/etc/vmoat/dp.yaml\n');
}

/** What the commands say of themselves: manual pages, completions. */
function document(tree, version) {
  const pages = join(here, 'man/write.ts');
  succeeded([process.execPath, '--import', 'tsx', pages, join(tree, 'usr/share/man'), version], {
    cwd: root,
  });
  const vmoat = join(build, 'js/vmoat.mjs');
  for (const [shell, path] of Object.entries(COMPLETIONS))
    write(tree, path, succeeded([process.execPath, vmoat, 'completion', shell]));
}

function write(tree, path, text, mode = 0o644) {
  mkdirSync(dirname(join(tree, path)), { recursive: true });
  writeFileSync(join(tree, path), text);
  chmodSync(join(tree, path), mode);
}

/** The packages of the libraries that the addon is linked with, with the versions it needs. */
function libraries() {
  const folder = mkdtempSync(join(tmpdir(), 'vmoat-shlibs-'));
  try {
    write(folder, 'debian/control', 'Source: vmoat\nPackage: vmoat\nArchitecture: any\n');
    const out = succeeded(['dpkg-shlibdeps', '-O', join(build, 'release/vmoat.node')], { cwd: folder });
    return out.trim().replace('shlibs:Depends=', '');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function succeeded(argv, options) {
  const { code, out, err } = captured(argv, options);
  if (code === 0) return out;
  throw new SetupFailure(`${argv.join(' ')}: ${err}`, { hint: 'run `npm run build` first; needs dpkg-dev' });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.stdout.write(`${buildPackage()}\n`);
