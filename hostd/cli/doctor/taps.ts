// Checks of the taps themselves: libvirt's bandwidth limits and programs of others.
import { z } from 'zod';
import { check, found, good } from './check.ts';
import { type Host, kernelAtLeast } from './host.ts';

const Qdiscs = z.array(z.object({ kind: z.string(), dev: z.string().optional() }));
const Filters = z.array(
  z.object({
    kind: z.string().optional(),
    options: z.looseObject({ bpf_name: z.string().optional() }).optional(),
  }),
);
const Links = z.array(z.looseObject({ type: z.union([z.string(), z.number()]), prog_id: z.number() }));
const Programs = z.array(z.looseObject({ id: z.number(), name: z.string().optional() }));

/** Answers of tc and bpftool; what they cannot say in JSON counts as nothing. */
function answer<T>(schema: z.ZodType<T[]>, text: string | null): T[] {
  try {
    return schema.parse(JSON.parse(text || '[]'));
  } catch {
    return [];
  }
}

/** Host-side ends of VMs: tun/tap devices and macvtaps. */
export const taps = (host: Host): string[] =>
  host
    .list('/sys/class/net')
    .filter(
      (name) =>
        host.exists(`/sys/class/net/${name}/tun_flags`) || host.exists(`/sys/class/net/${name}/macvtap`),
    );

export const bandwidth = check('libvirt bandwidth', async (host) => {
  const names = taps(host);
  const qdiscs = answer(Qdiscs, await host.run('tc', '-j', 'qdisc', 'show'));
  const limited = names.filter((name) =>
    qdiscs.some((qdisc) => qdisc.dev === name && qdisc.kind === 'ingress'),
  );
  if (limited.length === 0) return good(`no <bandwidth> limit on ${names.length} taps`);
  const says = `libvirt limits what the VM sends on ${limited.join(', ')} by an ingress qdisc`;
  if (kernelAtLeast(host.kernel, 6, 6))
    return found('note', `${says}; with TCX vmoat sees both directions all the same`, '');
  return found(
    'warning',
    `${says}, which excludes clsact: vmoat sees one direction there`,
    'a kernel from 6.6 on, or no outbound <bandwidth> in the domain',
  );
});

/** The programs of dp/bpf; libbpf shows NAME:[ID]. */
const OURS = /^(from_nic|to_nic|to_nic_at_ingr\w*)(:\[\d+\])?$/;
const isOurs = (name: string | undefined): boolean => name !== undefined && OURS.test(name);

export const foreignFilters = check('programs of others on taps', async (host) => {
  const foreign: string[] = [];
  for (const name of taps(host))
    for (const side of ['ingress', 'egress']) {
      const filters = answer(Filters, await host.run('tc', '-j', 'filter', 'show', 'dev', name, side));
      const others = filters.filter((filter) => filter.options && !isOurs(filter.options.bpf_name));
      if (others.length) foreign.push(`${name} ${side} (${others[0]?.options?.bpf_name ?? others[0]?.kind})`);
    }
  if (foreign.length === 0) return good('no tc filter of others on a tap');
  return found(
    'note',
    `tc filters of others: ${foreign.join(', ')}; vmoat runs before them and lets them run`,
    'nothing, unless they redirect or drop what vmoat should see',
  );
});

/** BPF_LINK_TYPE_TCX; a bpftool that is older than TCX shows the number. */
const TCX_LINK_TYPES: readonly (string | number)[] = ['tcx', 11];

export const foreignTcx = check('TCX programs of others', async (host) => {
  const links = await host.run('bpftool', '-j', 'link', 'show');
  if (links === null) return unlisted(host);
  const programs = answer(Programs, await host.run('bpftool', '-j', 'prog', 'show'));
  const names = new Map(programs.map((program) => [program.id, program.name]));
  const tcx = answer(Links, links).filter((link) => TCX_LINK_TYPES.includes(link.type));
  const foreign = tcx.map((link) => names.get(link.prog_id)).filter((name) => !isOurs(name));
  if (foreign.length === 0) return good('no TCX program of others');
  const list = [...new Set(foreign.map((name) => name ?? 'nameless'))].join(', ');
  return found(
    'note',
    `TCX programs that are not vmoat's: ${list}`,
    'bpftool link show; vmoat lets the programs after it run',
  );
});

const unlisted = (host: Host): ReturnType<typeof found> =>
  host.isRoot
    ? found('note', 'bpftool is not installed: TCX programs cannot be listed', 'apt-get install bpftool')
    : found('note', 'TCX programs can only be listed by root', 'sudo vmoat doctor');
