// JSON: one document; of flows one object a line.
import type { Flow } from '../../api/schema.ts';
import type { Content, Format } from '../content.ts';

export const json: Format = {
  name: 'json',
  write: (content) =>
    content.what === 'flows'
      ? { extension: 'jsonl', parts: lines(content.content), unexpressed: [] }
      : { extension: 'json', parts: [document(content)], unexpressed: [] },
};

async function* lines(flows: AsyncIterable<Flow>): AsyncGenerator<string> {
  for await (const flow of flows) yield `${JSON.stringify(flow)}\n`;
}

function document(content: Exclude<Content, { what: 'flows' }>): string {
  const value =
    content.what === 'policy'
      ? { policyVersion: content.content.version, ...content.content.document }
      : content.content;
  return `${JSON.stringify(value, null, 2)}\n`;
}
