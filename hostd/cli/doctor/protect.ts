// Checks of protection: whether it is carried out, who it would cut off, whose rules it would silence.
import { Flow, Page, Status, Workload } from '../../api/schema.ts';
import { GroupView } from '../../policy/groups/group-view.ts';
import { check, found, good } from './check.ts';
import type { Host } from './host.ts';
import { taps } from './taps.ts';

const NOT_ASKED = 'vmoat-hostd cannot be asked who is in protect';
const unasked = (): ReturnType<typeof found> => found('note', NOT_ASKED, '');

/** VMs in protect; null: nobody can say. */
async function protectedVms(host: Host): Promise<Workload[] | null> {
  const answer = await host.ask(Page(Workload), '/workloads');
  return answer?.items.filter(({ mode }) => mode === 'protect') ?? null;
}

const namesOf = (vms: readonly { name: string }[]): string => vms.map(({ name }) => name).join(', ');

export const enforcement = check('enforcement', async (host) => {
  const [vms, status] = await Promise.all([protectedVms(host), host.ask(Status, '/status')]);
  if (vms === null || status === null) return unasked();
  if (vms.length === 0) return good('no VM is in protect');
  if (status.dataplane.enforces !== false) return good(`${vms.length} VMs are in protect`);
  return found(
    'warning',
    `${namesOf(vms)} in protect, but vmoat-dp only tells verdicts and carries none out`,
    '`enforce: true` in /etc/vmoat/dp.yaml (`--enforce on`), then systemctl restart vmoat-dp',
  );
});

export const panic = check('panic', async (host) => {
  const status = await host.ask(Status, '/status');
  if (status === null) return unasked();
  const { panic } = status.dataplane;
  if (panic === null) return good('no panic');
  return found('warning', `panic: nothing is dropped or held until ${panic.until}`, 'sudo vmoat panic --end');
});

const SSH = { port: '22', proto: 'tcp', verdict: 'deny', since: '1h', limit: '1000' };

export const deniedSsh = check('ssh into protect', async (host) => {
  const vms = await protectedVms(host);
  const flows = await host.ask(Page(Flow), '/flows', SSH);
  const groups = await host.ask(Page(GroupView), '/groups');
  if (vms === null || flows === null || groups === null) return unasked();
  const safe = new Set(
    groups.items.filter(({ failSafePorts }) => failSafePorts?.includes('tcp/22')).map(({ name }) => name),
  );
  const asked = new Set(flows.items.map(({ to }) => to?.id));
  const cut = vms.filter(({ id, groups: own }) => asked.has(id) && !own.some((name) => safe.has(name)));
  if (cut.length === 0) return good('nobody who uses ssh into a VM in protect is denied');
  return found(
    'warning',
    `ssh into ${namesOf(cut)} was denied within the last hour: no rule allows tcp/22, and no group has it as a fail-safe port`,
    '`failSafePorts: [tcp/22]` in the group, or a rule; `vmoat explain` of the flow says more',
  );
});

/** Families whose rules see a frame as the tap's; of others only what asks for the port of a bridge. */
const RULES: readonly [program: string, args: string[], names: (tap: string) => RegExp][] = [
  ['nft', ['list', 'ruleset'], (tap) => new RegExp(`"${tap}"`)],
  ['ebtables-save', [], (tap) => new RegExp(`(^|\\s)(-i|-o|--logical-in|--logical-out) ${tap}(\\s|$)`, 'm')],
  ['iptables-save', [], (tap) => new RegExp(`--physdev-(in|out) ${tap}(\\s|$)`, 'm')],
  ['ip6tables-save', [], (tap) => new RegExp(`--physdev-(in|out) ${tap}(\\s|$)`, 'm')],
];

/** Tables of other families than bridge and netdev, and our own guard, do not count. */
const bridgeTables = (ruleset: string): string =>
  ruleset
    .split(/^(?=table )/m)
    .filter((table) => /^table (bridge|netdev) (?!vmoat_guard\b)/.test(table))
    .join('');

const escaped = (name: string): string => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

async function ruledTaps(host: Host): Promise<string[]> {
  const texts = await Promise.all(
    RULES.map(async ([program, args, names]) => {
      const text = (await host.run(program, ...args)) ?? '';
      return { text: program === 'nft' ? bridgeTables(text) : text, names };
    }),
  );
  return taps(host).filter((tap) => texts.some(({ text, names }) => names(escaped(tap)).test(text)));
}

export const silencedRules = check('rules that name a tap', async (host) => {
  if (!host.isRoot) return found('note', 'packet filters can only be read by root', 'sudo vmoat doctor');
  const named = await ruledTaps(host);
  if (named.length === 0) return good('no bridge rule of others names a tap');
  const nics = ((await protectedVms(host)) ?? []).flatMap((vm) => vm.nics);
  const hit = named.filter((tap) =>
    nics.some((nic) => nic.tap === tap && nic.protection?.enforcer !== 'inplace'),
  );
  if (hit.length === 0)
    return found(
      'note',
      `rules of nft, ebtables or physdev name ${named.join(', ')}: a splice of these taps would silence them`,
      '',
    );
  return found(
    'warning',
    `rules of nft, ebtables or physdev name ${hit.join(', ')}, in protect: spliced, the tap is no port of the bridge, and they match nothing`,
    '`vmoat-dp --enforcer inplace`',
  );
});

const HOOK = '/etc/libvirt/hooks/qemu.d/vmoat';

export const qemuHook = check('libvirt hook', async (host) => {
  if (host.exists(HOOK)) return good(`${HOOK} is there`);
  const vms = await protectedVms(host);
  if (vms === null) return unasked();
  if (vms.length === 0) return good('no VM is in protect, and no hook is needed');
  return found(
    'warning',
    `${HOOK} is missing: a VM in protect that starts while vmoat-dp does not run is open until it does`,
    'install the package anew; `vmoat-dp` in a checkout brings no hook',
  );
});
