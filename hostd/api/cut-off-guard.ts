// Refuses a policy that would cut open flows by which somebody manages this host or its VMs, unless that is insisted on.
import { VmoatError } from '../base/errors.ts';
import type { ReadPolicy } from '../policy/document/parse.ts';
import { type ManagementFlow, managementFlows, type ShellSession } from '../policy/replay/management.ts';
import type { ApiSources } from './sources.ts';

interface Insistence {
  force?: boolean | undefined;
  session?: ShellSession | undefined;
}

const SHOWN_MAX = 10;

/** Throws `would_cut_off`; `wanted` is read only where there is anything to cut. */
export async function refuseCutOff(
  sources: ApiSources,
  { force = false, session }: Insistence,
  wanted: () => Promise<ReadPolicy>,
): Promise<void> {
  // Where verdicts are only told nothing is cut.
  if (force || sources.status().dataplane.enforces === false) return;
  const places = { pagePort: sources.pagePort(), session: session ?? null };
  const managing = managementFlows(sources.openFlows(), places);
  if (managing.length === 0) return;
  const cut = sources.advisor.wouldBeCut(managing, await wanted());
  if (cut.length > 0) throw refusal(cut);
}

function refusal(cut: readonly ManagementFlow[]): VmoatError {
  const shown = cut.slice(0, SHOWN_MAX).map(flowText);
  const more = cut.length > shown.length ? [`${cut.length - shown.length} more`] : [];
  return new VmoatError('would_cut_off', `this would cut open flows: ${[...shown, ...more].join('; ')}`, {
    field: 'force',
    hint: 'allow them by a rule, or by `failSafePorts` of the group; or go on all the same: `--force` (API: "force": true)',
  });
}

const flowText = ({ purpose, flow: { from, to, src, sport, dst, dport } }: ManagementFlow): string =>
  `${purpose} from ${from?.name ?? src} (${src}:${sport}) to ${to?.name ?? dst} (${dst}:${dport})`;
