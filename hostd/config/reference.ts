// The reference table of docs/configuration.md, made from the schema.
import { configKeys } from './keys.ts';

/** A Markdown table of every key. */
export function configReference(): string {
  const rows = configKeys().map(
    (key) => `| \`${key.path}\` | \`${JSON.stringify(key.default)}\` | ${key.allowed} | ${key.description} |`,
  );
  return ['| key | default | allowed | what it does |', '|---|---|---|---|', ...rows].join('\n');
}
