// The libvirt XML of guests and networks.
import type { GuestImage } from './image/root-image.ts';
import { type GuestPlan, type NetworkPlan, PREFIX } from './plan.ts';

/** Translated code of TCG takes 1 GB by default, much more than such a guest's memory. */
const TRANSLATION_CACHE_MIB = 48;

export type DomainType = 'kvm' | 'qemu';

export interface NicPlan {
  network: string;
  /** libvirt chooses where there is none */
  mac?: string;
  tap?: string;
}

export interface DomainPlan {
  name: string;
  title: string;
  memoryMiB: number;
  nics: NicPlan[];
  kernel: string;
  initramfs: string;
  /** squashfs on the first disk; none: the initramfs is all there is */
  disk?: string;
  commandLine: string;
  /** file that gets what the guest prints */
  console: string;
}

export function domainXml(type: DomainType, plan: DomainPlan): string {
  return `<domain type='${type}'>
  <name>${escapeXml(plan.name)}</name>
  <title>${escapeXml(plan.title)}</title>
  <memory unit='MiB'>${plan.memoryMiB}</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <kernel>${escapeXml(plan.kernel)}</kernel>
    <initrd>${escapeXml(plan.initramfs)}</initrd>
    <cmdline>${escapeXml(plan.commandLine)}</cmdline>
  </os>
  <features><acpi/><apic/>${type === 'qemu' ? translationCache : ''}</features>
  ${type === 'kvm' ? "<cpu mode='host-passthrough'/>" : ''}
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    ${plan.disk ? diskXml(plan.disk) : ''}
    ${plan.nics.map(nicXml).join('\n    ')}
    <serial type='file'><source path='${escapeXml(plan.console)}'/></serial>
    <console type='pty'><target type='virtio'/></console>
    <memballoon model='none'/>
  </devices>
</domain>`;
}

const translationCache = `<tcg><tb-cache unit='MiB'>${TRANSLATION_CACHE_MIB}</tb-cache></tcg>`;

const diskXml = (path: string): string =>
  `<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${escapeXml(path)}'/>` +
  "<target dev='vda' bus='virtio'/><readonly/><shareable/></disk>";

export function nicXml({ network, mac, tap }: NicPlan): string {
  const address = mac ? `<mac address='${mac}'/>` : '';
  const target = tap ? `<target dev='${tap}'/>` : '';
  return `<interface type='network'><source network='${escapeXml(network)}'/>${address}${target}<model type='virtio'/></interface>`;
}

/** The bridge bears the network's name, so that nothing of the demo is called otherwise. */
export function networkXml({ name, kind }: NetworkPlan, subnet: string): string {
  const forward = kind === 'nat' ? "<forward mode='nat'/>" : '';
  return `<network>
  <name>${escapeXml(name)}</name>
  ${forward}
  <bridge name='${escapeXml(name)}' stp='off' delay='0'/>
  ${kind === 'nat' ? natAddressXml(subnet) : ''}
</network>`;
}

/** `subnet`: the first three numbers of a /24 */
const natAddressXml = (subnet: string): string =>
  `<ip address='${subnet}.1' netmask='255.255.255.0'><dhcp><range start='${subnet}.100' end='${subnet}.199'/></dhcp></ip>`;

/** What demo/image/root/usr/sbin/demo-init reads. */
export function guestCommandLine(guest: GuestPlan, kernelExtra = ''): string {
  const nics = guest.nics.map(({ address }, index) => `demo.nic${index}=${address}`);
  const short = guest.name.slice(guest.name.lastIndexOf('-') + 1);
  const asked = [
    `demo.name=${short}`,
    ...nics,
    `demo.run=${guest.run.join(',')}`,
    `demo.talk=${guest.talk.join(',')}`,
  ];
  return [
    'console=ttyS0',
    'quiet',
    'panic=-1',
    'mitigations=off',
    'no_timer_check',
    'nokaslr',
    'random.trust_cpu=on',
    kernelExtra,
    ...asked,
  ]
    .filter(Boolean)
    .join(' ');
}

export function domainPlan(guest: GuestPlan, image: GuestImage, console: string): DomainPlan {
  return {
    name: guest.name,
    title: guest.title,
    memoryMiB: guest.memoryMiB,
    nics: guest.nics.map(({ network }, index) => ({ network, tap: `${PREFIX}${guest.short}${index}` })),
    kernel: image.kernel.image,
    initramfs: image.initramfs,
    disk: image.root,
    commandLine: guestCommandLine(guest),
    console,
  };
}

function escapeXml(text: string): string {
  return text.replace(/[<>&'"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
