// Checks of the services that vmoat works with.
import { check, found, good } from './check.ts';

const LIBVIRT_SOCKETS = ['/run/libvirt/libvirt-sock', '/run/libvirt/virtqemud-sock'];
const DBUS_SERVICES = ['/usr/share/dbus-1/system-services', '/usr/local/share/dbus-1/system-services'];

export const libvirt = check('libvirt', async (host) => {
  for (const socket of LIBVIRT_SOCKETS) if (host.exists(socket)) return good(`libvirt serves ${socket}`);
  return found(
    'problem',
    'libvirt does not run',
    'apt-get install libvirt-daemon-system, then systemctl start libvirtd',
  );
});

export const libvirtDbus = check('libvirt-dbus', (host) => {
  if (DBUS_SERVICES.some((folder) => host.exists(`${folder}/org.libvirt.service`)))
    return good('libvirt-dbus is installed');
  return found(
    'problem',
    'libvirt-dbus is missing: vmoat-hostd could not see the VMs',
    'apt-get install libvirt-dbus',
  );
});

export const systemBus = check('system bus', async (host) => {
  if (await host.answers('/run/dbus/system_bus_socket')) return good('the system bus answers');
  return found(
    'problem',
    'the D-Bus system bus does not answer',
    'systemctl start dbus (or dbus-daemon --system --fork)',
  );
});

export const daemon = check('vmoat-hostd', async (host) => {
  if (await host.answers(host.apiSocket)) return good(`vmoat-hostd answers on ${host.apiSocket}`);
  if (!host.exists(host.apiSocket))
    return found(
      'warning',
      `vmoat-hostd does not run (no ${host.apiSocket})`,
      'systemctl start vmoat-dp vmoat-hostd; in a checkout npm start',
    );
  if (host.writable(host.apiSocket))
    return found('warning', `nobody answers on ${host.apiSocket}`, 'systemctl restart vmoat-hostd');
  return found(
    'warning',
    `you may not use ${host.apiSocket}`,
    `usermod -aG vmoat ${host.user}, then log in again`,
  );
});

const WEAK_FILTER = 'filterref';

export const nwfilter = check('nwfilter', (host) => {
  const filtered = host
    .list('/run/libvirt/nwfilter-binding')
    .filter(
      (name) =>
        name.endsWith('.xml') && host.read(`/run/libvirt/nwfilter-binding/${name}`)?.includes(WEAK_FILTER),
    );
  if (filtered.length === 0) return good('no libvirt nwfilter on a NIC');
  const names = filtered.map((name) => name.slice(0, -4)).join(', ');
  return found(
    'note',
    `libvirt's nwfilter acts on ${names}: what it drops from the VM, vmoat saw before`,
    '',
  );
});
