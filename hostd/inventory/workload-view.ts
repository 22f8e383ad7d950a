// A VM as the API shows it: what libvirt says, and what dp says of its taps. Pure.
import type { TappedNic } from '../../dp/contract/protocol.ts';
import type { Nic as LibvirtNic, Workload as LibvirtWorkload } from '../../libvirt-watch/types.ts';
import type { Nic, Workload } from '../api/schema.ts';

type Placed = 'mode' | 'modeFrom' | 'groups';

export interface WorkloadViewInput {
  /** What the policy says of it. */
  place: (workload: Omit<Workload, Placed>) => Pick<Workload, Placed>;
  /** By name of the tap. */
  tapped: ReadonlyMap<string, TappedNic>;
  segmentName: (segment: number) => string;
  addressesOf: (segment: number, slot: number) => Nic['addresses'];
}

export function workloadView(workload: LibvirtWorkload, input: WorkloadViewInput): Workload {
  const { uuid, name, title, state, os, tags, persistent } = workload;
  const nics = workload.nics.map((nic) => nicView(nic, workload, input));
  const view = { id: uuid, name, title, state, os, tags: [...tags], persistent, nics };
  return { ...view, ...input.place(view) };
}

function nicView(nic: LibvirtNic, workload: LibvirtWorkload, input: WorkloadViewInput): Nic {
  const tapped = nic.tap === null ? undefined : input.tapped.get(nic.tap);
  return {
    id: nic.id,
    workload: workload.uuid,
    workloadName: workload.name,
    mac: nic.mac,
    tap: nic.tap,
    source: nic.source,
    network: nic.network,
    portGroup: nic.portGroup,
    vlans: nic.vlans,
    model: nic.model,
    linkUp: nic.linkUp,
    bandwidth: nic.bandwidth !== null,
    addresses: tapped ? input.addressesOf(tapped.segment, tapped.slot) : configured(nic),
    segment: tapped ? input.segmentName(tapped.segment) : null,
    hook: tapped?.hook ?? 'none',
    reason: tapped ? tapped.reason : whyNot(nic, workload),
    packets: tapped?.packets ?? [0, 0],
    bytes: tapped?.bytes ?? [0, 0],
    lost: tapped ? lostOf(tapped) : 0,
    protection: tapped?.protection ?? null,
  };
}

const configured = (nic: LibvirtNic): Nic['addresses'] =>
  nic.addresses.map((address) => ({ address, source: 'configured' }));

const RUNS: readonly LibvirtWorkload['state'][] = ['running', 'paused', 'migrating', 'suspended'];
/** Whether there is a QEMU process, and with it NICs. */
export const isRunning = ({ state }: Pick<LibvirtWorkload, 'state'>): boolean => RUNS.includes(state);

function whyNot(nic: LibvirtNic, workload: LibvirtWorkload): string {
  if (nic.untappable !== null) return nic.untappable;
  if (!isRunning(workload)) return 'the VM does not run';
  return nic.tap === null ? 'libvirt names no interface on the host' : 'vmoat-dp has not tapped it (yet)';
}

/** A tap that libvirt knows nothing of: another program's, or one whose VM is just coming or going. */
export function unclaimedNic(tapped: TappedNic, input: Omit<WorkloadViewInput, 'place' | 'tapped'>): Nic {
  return {
    id: `tap:${tapped.tap}/${tapped.mac}`,
    workload: `tap:${tapped.tap}`,
    workloadName: tapped.tap,
    mac: tapped.mac,
    tap: tapped.tap,
    source: 'other',
    network: null,
    portGroup: null,
    vlans: [],
    model: null,
    linkUp: true,
    bandwidth: false,
    addresses: input.addressesOf(tapped.segment, tapped.slot),
    segment: input.segmentName(tapped.segment),
    hook: tapped.hook,
    reason: tapped.reason || 'libvirt knows no such tap',
    packets: tapped.packets,
    bytes: tapped.bytes,
    lost: lostOf(tapped),
    protection: tapped.protection,
  };
}

const lostOf = (tapped: TappedNic): number =>
  Object.values(tapped.lost).reduce((sum, count) => sum + count, 0);
