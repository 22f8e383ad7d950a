// What happens to the policy, as events say it.
import type { PolicyNews } from './versions.ts';

type PolicyEvent = 'policy-applied' | 'policy-confirmed' | 'policy-rolled-back';

export interface PolicyEventNews {
  kind: PolicyEvent;
  text: string;
  data: Record<string, string | number>;
}

const named = (version: number | null): string => (version === null ? 'no policy' : `version ${version}`);

export function policyEvent(news: PolicyNews): PolicyEventNews {
  const { version, author, reason } = news.info;
  const data = { version, author, reason };
  const why = reason && `: ${reason}`;
  if (news.kind === 'applied') {
    const until =
      news.confirmBy === null ? '' : `, to be confirmed until ${new Date(news.confirmBy).toISOString()}`;
    return {
      kind: 'policy-applied',
      text: `version ${version} of the policy is live, by ${author}${why}${until}`,
      data,
    };
  }
  if (news.kind === 'confirmed')
    return {
      kind: 'policy-confirmed',
      text: `version ${version} of the policy is confirmed by ${news.by}`,
      data,
    };
  const cause = news.kind === 'unconfirmed' ? 'nobody confirmed it' : 'it was withdrawn';
  const text = `version ${version} of the policy is rolled back, ${cause}: ${named(news.live)} is live`;
  return { kind: 'policy-rolled-back', text, data: { ...data, live: news.live ?? 0 } };
}
