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

const CHANGES_SHOWN = 10;

/** Says who changed what since `base`, so that it can be brought into the text. */
export async function conflict(
  base: number,
  live: { version: number | null; document: PolicyDocument },
  versions: readonly VersionInfo[],
  documentOf: (version: number) => Promise<PolicyDocument>,
): Promise<VmoatError> {
  const known = base === 0 || versions.some(({ version }) => version === base);
  const info = versions.find(({ version }) => version === live.version);
  const by = info ? ` by ${info.author}${info.reason && `: ${info.reason}`}` : '';
  const message = `version ${live.version ?? 0}${by} is live, the policy is based on ${base}`;
  if (!known)
    return new VmoatError('policy_conflict', `${message}, which there never was`, { field: 'base' });
  const changes = policyDiff(await documentOf(base), live.document).map(renderChange);
  const more = changes.length > CHANGES_SHOWN ? [`and ${changes.length - CHANGES_SHOWN} more`] : [];
  const hint = ['changed since:', ...changes.slice(0, CHANGES_SHOWN), ...more].join('\n');
  return new VmoatError('policy_conflict', message, { field: 'base', hint });
}
