// Starts dbus, virtlogd and libvirtd where no systemd does it, and waits until libvirt answers.
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { captured, logged } from './command.mjs';
import { SetupFailure } from './failure.mjs';
import { requireRoot } from './packages.mjs';
import { say, step } from './progress.mjs';

const ANSWER_WITHIN_MS = 20_000;

/** @returns {boolean} whether systemd is this machine's init */
export const systemdRuns = () => existsSync('/run/systemd/system');

/** Makes `virsh list` and libvirt-dbus answer; starts only what does not run yet. */
export async function startLibvirt() {
  requireRoot('libvirt');
  if (systemdRuns()) return startUnits();
  openKvm();
  await daemon('dbus', '/run/dbus/pid', ['dbus-daemon', '--system', '--fork'], () =>
    mkdirSync('/run/dbus', { recursive: true }),
  );
  await daemon('virtlogd', '/run/virtlogd.pid', ['virtlogd', '-d']);
  await daemon('libvirtd', '/run/libvirtd.pid', ['libvirtd', '-d']);
  await answered();
}

async function startUnits() {
  if (libvirtAnswers()) return;
  await step('starting libvirtd (systemctl)', () =>
    logged('systemctl', ['systemctl', 'start', 'dbus', 'libvirtd']),
  );
  await answered();
}

// Without udev's rule the device stays closed to libvirt-qemu, and libvirt then probes QEMU anew for every
// domain (48 s instead of 0.3 s). Only a throw-away machine runs no systemd; a host's devices are left alone.
function openKvm() {
  if (!existsSync('/dev/kvm') || (statSync('/dev/kvm').mode & 0o006) === 0o006) return;
  say('no systemd here: opening /dev/kvm to libvirt-qemu (chmod 666)');
  chmodSync('/dev/kvm', 0o666);
}

async function daemon(name, pidFile, argv, before = () => {}) {
  if (alive(pidFile, name)) return;
  before();
  await step(`starting ${name} (no systemd here)`, () => logged(name, argv));
}

/** A pid file outlives a crash and a reboot: the process has to bear the name too. */
function alive(pidFile, name) {
  if (!existsSync(pidFile)) return false;
  const pid = readFileSync(pidFile, 'utf8').trim();
  const comm = existsSync(`/proc/${pid}/comm`) ? readFileSync(`/proc/${pid}/comm`, 'utf8').trim() : '';
  if (name === 'dbus' ? comm === 'dbus-daemon' : comm === name) return true;
  if (name === 'dbus') captured(['rm', '-f', pidFile, '/run/dbus/system_bus_socket']);
  return false;
}

const libvirtAnswers = () =>
  captured(['virsh', '-c', 'qemu:///system', 'list', '--name'], { timeout: 10_000 }).code === 0;

async function answered() {
  const end = Date.now() + ANSWER_WITHIN_MS;
  while (!libvirtAnswers()) {
    if (Date.now() > end)
      throw new SetupFailure(`libvirtd does not answer after ${ANSWER_WITHIN_MS / 1000} s`, {
        hint: 'look into /var/log/libvirt or `journalctl -u libvirtd`',
      });
    await sleep(200);
  }
}
