// The table of kinds in docs/events.md, made from the registry.
import { eventKindList } from './kinds.ts';

/** A Markdown table of every kind. */
export const eventReference = (): string =>
  [
    '| kind | severity | what happened |',
    '|---|---|---|',
    ...eventKindList.map(({ name, severity, means }) => `| \`${name}\` | ${severity} | ${means} |`),
  ].join('\n');
