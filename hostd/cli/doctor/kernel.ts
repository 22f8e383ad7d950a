// Checks of the kernel: what the eBPF programs need of it.
import { check, found, good } from './check.ts';
import { kernelAtLeast } from './host.ts';

export const kernelVersion = check('kernel', (host) => {
  if (!kernelAtLeast(host.kernel, 6, 1))
    return found(
      'problem',
      `Linux ${host.kernel} is older than 6.1`,
      'upgrade the kernel: 6.1 is the oldest that vmoat is tested on',
    );
  return good(`Linux ${host.kernel}`);
});

export const tcx = check('tcx', (host) => {
  if (kernelAtLeast(host.kernel, 6, 6)) return good('this kernel has TCX: taps need no clsact qdisc');
  return found(
    'note',
    'this kernel has no TCX (Linux 6.6): vmoat uses clsact, and on a NIC with libvirt <bandwidth> it sees one direction less',
    'nothing, unless VMs use <bandwidth>: then a newer kernel (bookworm-backports)',
  );
});

export const btf = check('btf', (host) => {
  if (host.exists('/sys/kernel/btf/vmlinux')) return good('the kernel describes its types (BTF)');
  return found(
    'problem',
    'the kernel has no BTF (CONFIG_DEBUG_INFO_BTF)',
    'boot a distribution kernel: Debian’s have it',
  );
});

/** Options that the programs need, by name; modules will do. */
const OPTIONS = ['BPF_SYSCALL', 'BPF_JIT', 'NET_CLS_BPF', 'NET_SCH_INGRESS'];

export const kernelOptions = check('kernel options', async (host) => {
  const text = host.read(`/boot/config-${host.kernel}`) ?? (await host.run('zcat', '/proc/config.gz'));
  if (text === null) return found('note', 'the configuration of this kernel cannot be read', '');
  const missing = OPTIONS.filter((option) => !new RegExp(`^CONFIG_${option}=[ym]$`, 'm').test(text));
  if (missing.length === 0) return good(OPTIONS.join(', '));
  const names = missing.map((option) => `CONFIG_${option}`).join(', ');
  return found('problem', `the kernel is built without ${names}`, 'boot a distribution kernel');
});

export const bpfFileSystem = check('bpffs', (host) => {
  const mounted = /^\S+ \/sys\/fs\/bpf bpf /m.test(host.read('/proc/mounts') ?? '');
  if (mounted) return good('/sys/fs/bpf is mounted');
  return found(
    'problem',
    '/sys/fs/bpf is not mounted: vmoat could pin nothing, and lose its flows with every restart',
    'mount -t bpf bpf /sys/fs/bpf (systemd does it by itself)',
  );
});

const MEMLOCK_BYTES_MIN = 512 * 1024 * 1024;

/** From 5.11 on BPF memory is accounted to the cgroup, and the limit does not matter. */
export const memlock = check('memlock', (host) => {
  const limit = /^Max locked memory\s+(\S+)/m.exec(host.read('/proc/self/limits') ?? '')?.[1] ?? 'unlimited';
  const enough = limit === 'unlimited' || Number(limit) >= MEMLOCK_BYTES_MIN;
  if (enough || kernelAtLeast(host.kernel, 5, 11)) return good(`locked memory: ${limit}, which is enough`);
  return found(
    'warning',
    `only ${limit} bytes of memory may be locked, and this kernel counts BPF maps there`,
    'LimitMEMLOCK=infinity in vmoat-dp.service, or ulimit -l unlimited',
  );
});

export const lockdown = check('lockdown', (host) => {
  const text = host.read('/sys/kernel/security/lockdown');
  if (!text?.includes('[confidentiality]')) return good('the kernel is not locked down against BPF');
  return found(
    'problem',
    'the kernel is locked down for confidentiality, which forbids BPF to read packets',
    'boot with lockdown=integrity',
  );
});

export const kvm = check('kvm', (host) => {
  if (host.exists('/dev/kvm')) return good('/dev/kvm is there');
  return found(
    'note',
    'there is no /dev/kvm: VMs run without hardware support, slowly',
    'switch virtualisation on in the firmware',
  );
});
