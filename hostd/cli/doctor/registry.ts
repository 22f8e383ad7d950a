// All checks of the doctor, in their order. A new check is one constant and one line here.
import type { Check } from './check.ts';
import { bridgeNetfilter, firewalld, forwardPolicy, openvswitch } from './filters.ts';
import { bpfFileSystem, btf, kernelOptions, kernelVersion, kvm, lockdown, memlock, tcx } from './kernel.ts';
import { deniedSsh, enforcement, panic, qemuHook, silencedRules } from './protect.ts';
import { daemon, libvirt, libvirtDbus, nwfilter, systemBus } from './services.ts';
import { bandwidth, foreignFilters, foreignTcx } from './taps.ts';

export const checks: readonly Check[] = [
  kernelVersion,
  btf,
  kernelOptions,
  tcx,
  bpfFileSystem,
  memlock,
  lockdown,
  kvm,
  systemBus,
  libvirt,
  libvirtDbus,
  daemon,
  bridgeNetfilter,
  forwardPolicy,
  firewalld,
  openvswitch,
  nwfilter,
  bandwidth,
  foreignFilters,
  foreignTcx,
  enforcement,
  panic,
  deniedSsh,
  silencedRules,
  qemuHook,
];
