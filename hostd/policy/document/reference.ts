// The reference table of docs/policy.md, made from the JSON Schema.
import { policyJsonSchema } from './json-schema.ts';

interface Schema {
  description?: string;
  type?: string;
  const?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
}

/** A Markdown table of every key, such as `groups[].mode`; operators of criteria, all alike, are left to the page. */
export function policyReference(): string {
  const rows = keys(policyJsonSchema() as Schema, '').map((row) => `| ${row.join(' | ')} |`);
  return ['| key | value | what it does |', '|---|---|---|', ...rows].join('\n');
}

function keys(schema: Schema, above: string): string[][] {
  const { properties = {}, required = [] } = schema;
  return Object.entries(properties).flatMap(([name, child]) => {
    const path = `${above}${name}`;
    const must = required.includes(name) ? ' **required**' : '';
    return [[`\`${path}\`${must}`, allowedIn(child), child.description ?? ''], ...below(child, path)];
  });
}

function below(schema: Schema, path: string): string[][] {
  if (schema.items) return below(schema.items, `${path}[]`);
  return schema.properties ? keys(schema, `${path}.`) : [];
}

function allowedIn(schema: Schema): string {
  if (schema.anyOf) return schema.anyOf.map(allowedIn).join(', or ');
  if (schema.const !== undefined) return `\`${String(schema.const)}\``;
  if (schema.enum) return schema.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (schema.items) return `list of ${schema.items.properties ? 'sections' : allowedIn(schema.items)}`;
  return schema.properties
    ? schema.properties['=']
      ? 'operators'
      : 'section'
    : ({ string: 'text', boolean: '`true`, `false`' }[schema.type ?? ''] ?? '');
}
