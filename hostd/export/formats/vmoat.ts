// vmoat/v1: the policy document as it was applied, with its comments and order.
import type { Format } from '../content.ts';

export const vmoat: Format = {
  name: 'vmoat',
  write: (content, { host, at }) => {
    if (content.what !== 'policy') throw new Error('only a policy is a policy document');
    const { version, text } = content.content;
    const head = `# policy of ${host}, ${version === null ? 'none applied yet' : `version ${version}`}, written ${at}\n`;
    return { extension: 'yaml', parts: [head, text], unexpressed: [] };
  },
};
