// The keys of the configuration as a flat list, read off the schema: for suggestions, `config show` and the docs.
import { z } from 'zod';
import { type Config, ConfigSchema } from './schema.ts';

export interface ConfigKey {
  /** Dotted path, such as `history.retentionDays`. */
  path: string;
  default: unknown;
  allowed: string;
  description: string;
}

/** The names allowed directly under `path`, or an empty list where no section stands. */
export function namesUnder(path: readonly PropertyKey[]): string[] {
  let node: unknown = ConfigSchema;
  for (const step of path) node = section(node)?.[String(step)];
  return Object.keys(section(node) ?? {});
}

/** The same object under every wrapper (`default`, `prefault`, …), or undefined for a leaf. */
function section(node: unknown): Record<string, unknown> | undefined {
  let inner = node;
  while (inner instanceof z.ZodPrefault || inner instanceof z.ZodDefault) inner = inner.unwrap();
  return inner instanceof z.ZodObject ? inner.shape : undefined;
}

/** Every leaf key, in the order of the schema. */
export function configKeys(): ConfigKey[] {
  const defaults = ConfigSchema.parse({});
  return leaves(ConfigSchema, defaults, []);
}

function leaves(node: unknown, value: unknown, path: string[]): ConfigKey[] {
  const shape = section(node);
  if (!shape) return [leaf(node, value, path)];
  return Object.entries(shape).flatMap(([name, child]) =>
    leaves(child, (value as Record<string, unknown>)[name], [...path, name]),
  );
}

const leaf = (node: unknown, value: unknown, path: string[]): ConfigKey => ({
  path: path.join('.'),
  default: value,
  allowed: allowed(node),
  description: node instanceof z.ZodType ? (node.description ?? '') : '',
});

/** What a leaf allows, in words. */
function allowed(node: unknown): string {
  if (node instanceof z.ZodDefault) return allowed(node.unwrap());
  if (node instanceof z.ZodNullable) return `${allowed(node.unwrap())}, or null`;
  if (node instanceof z.ZodEnum) return node.options.join(', ');
  if (node instanceof z.ZodBoolean) return 'true, false';
  if (node instanceof z.ZodNumber) return `whole number, ${node.minValue} to ${node.maxValue}`;
  if (node instanceof z.ZodArray) return 'list of names';
  return 'text';
}

/** The value of a dotted path in a configuration. */
export const valueAt = (config: Config, path: string): unknown =>
  path.split('.').reduce<unknown>((value, step) => (value as Record<string, unknown>)[step], config);
