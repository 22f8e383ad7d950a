// What carries a verdict out at each NIC of a flow's two ends, or why nothing does.
import { protocolNumber } from '../../../dp/client/index.ts';
import type { PolicyTables } from '../../../dp/contract/policy.ts';
import type { Nic, Status, Workload } from '../../api/schema.ts';
import type { Mode } from '../../base/modes.ts';
import type { EnforcedNic, Explanation } from './shapes.ts';

/** How vmoat-dp fares, as the status has it. */
export type EnforcingState = Pick<Status['dataplane'], 'enforces' | 'panic'>;

export interface EnforcedEnd {
  side: EnforcedNic['side'];
  /** null: it is none of this host. */
  vm: Workload | undefined;
  mode: Mode | null;
  /** Index in the tables' groups. */
  groups: readonly number[];
}

export interface AskedService {
  proto: string;
  port: number;
}

export function enforcementOf(
  ends: readonly EnforcedEnd[],
  asked: AskedService,
  tables: PolicyTables,
  state: EnforcingState,
): Explanation['enforcement'] {
  const nics = ends.flatMap((end) =>
    (end.vm?.nics ?? []).map((nic) => ({
      ...enforced(end, nic, state),
      failSafePort: failSafe(end, asked, tables),
    })),
  );
  return { panic: state.panic, nics };
}

function enforced(
  { side, mode }: EnforcedEnd,
  nic: Nic,
  { enforces }: EnforcingState,
): Omit<EnforcedNic, 'failSafePort'> {
  const { tap, protection } = nic;
  const enforcer = protection?.state === 'inline' ? protection.enforcer : null;
  const failPolicy = protection?.state === 'inline' ? protection.failPolicy : null;
  return { side, tap, enforcer, failPolicy, reason: reasonOf(nic, mode, enforces) };
}

function reasonOf({ hook, reason, protection }: Nic, mode: Mode | null, enforces: boolean | null): string {
  if (enforces === null) return 'vmoat-dp does not answer; what its programs have decided goes on';
  if (hook === 'none') return `it is not tapped: ${reason}`;
  if (protection === null) return 'vmoat-dp has no such NIC';
  if (protection.state !== 'off') return protection.reason;
  if (!enforces) return 'vmoat-dp is not told to enforce (--enforce on): verdicts are only told';
  return mode === 'protect' ? protection.reason : `its mode is ${mode ?? 'none'}: verdicts are only told`;
}

/** Only the server can be reached by such a port, and only in protect does it need one. */
function failSafe({ side, mode, groups }: EnforcedEnd, { proto, port }: AskedService, tables: PolicyTables) {
  const wanted = `${proto}/${port}`;
  const isPort = [6, 17].includes(protocolNumber(proto));
  if (side !== 'to' || mode !== 'protect' || !isPort) return null;
  const ports = groups.flatMap((index) => tables.groups[index]?.protect?.failSafePorts ?? []);
  return ports.includes(wanted) ? wanted : null;
}
