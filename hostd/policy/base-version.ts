// Which version a policy's text was made from, and what to say when another one is live by now.
import { VmoatError } from '../base/errors.ts';
import { policyDiff, renderChange } from './document/diff.ts';
import type { PolicyDocument } from './document/schema.ts';
import type { VersionInfo } from './store/state.ts';

/** The line that exports begin with. */
const MARK = /^# vmoat-base: (\d{1,9})\n/;

export const withBase = (text: string, version: number | null): string =>
  version === null ? text : `# vmoat-base: ${version}\n${text}`;

export const withoutBase = (text: string): string => text.replace(MARK, '');

/** null: it does not say. */
export function baseNamedIn(text: string): number | null {
  const found = MARK.exec(text)?.[1];
  return found === undefined ? null : Number(found);
}

/** What is there to be based on. */
export interface Known {
  live: { version: number | null; policy: { document: PolicyDocument } };
  list: readonly VersionInfo[];
  document: (version: number) => Promise<PolicyDocument>;
}

/** Nothing is overwritten that whoever made the text has not seen. Throws `policy_base_missing`, `policy_conflict`. */
export async function requireBase(
  { text, base, source }: { text: string; base?: number | undefined; source: string | null },
  known: Known,
): Promise<void> {
  const live = known.live.version;
  if (live === null && !base) return;
  const infoOf = (wanted: number | null | undefined): VersionInfo | undefined =>
    known.list.find(({ version }) => version === wanted);
  const isOwn = source !== null && infoOf(live)?.source === source;
  const from = base ?? (isOwn ? live : baseNamedIn(text));
  if (from === live) return;
  const said = infoOf(from)?.sha256;
  if (said !== undefined && said === infoOf(live)?.sha256) return;
  if (from !== null && from !== undefined) throw await conflict(from, known);
  throw new VmoatError(
    'policy_base_missing',
    `nothing says whether this policy knows version ${live}, which is live`,
    {
      field: 'base',
      hint: `see \`vmoat policy diff\` of the file; then say --base ${live}`,
    },
  );
}

const CHANGES_SHOWN = 10;

/** Says who changed what since `base`, so that it can be brought into the text. */
async function conflict(base: number, known: Known): Promise<VmoatError> {
  const { live, list } = known;
  const info = list.find(({ version }) => version === live.version);
  const by = info ? ` by ${info.author}${info.reason && `: ${info.reason}`}` : '';
  const message = `version ${live.version ?? 0}${by} is live, the policy is based on ${base}`;
  if (base !== 0 && !list.some(({ version }) => version === base))
    return new VmoatError('policy_conflict', `${message}, which there never was`, { field: 'base' });
  const changes = policyDiff(await known.document(base), live.policy.document).map(renderChange);
  const more = changes.length > CHANGES_SHOWN ? [`and ${changes.length - CHANGES_SHOWN} more`] : [];
  const hint = ['changed since:', ...changes.slice(0, CHANGES_SHOWN), ...more].join('\n');
  return new VmoatError('policy_conflict', message, { field: 'base', hint });
}
