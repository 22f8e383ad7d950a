// The keys of the configuration as a flat list, read off the schema: for suggestions, `config show` and the docs.
import { z } from 'zod';
import { section } from '../base/schema-names.ts';
import { type Config, ConfigSchema } from './schema.ts';

export interface ConfigKey {
  /** Dotted path, such as `history.retentionDays`. */
  path: string;
  default: unknown;
  allowed: string;
  description: string;
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
  if (node instanceof z.ZodArray)
    return node.element instanceof z.ZodObject ? 'list, see [events](events.md)' : 'list of names';
  return 'text';
}

/** The value of a dotted path in a configuration. */
export const valueAt = (config: Config, path: string): unknown =>
  path.split('.').reduce<unknown>((value, step) => (value as Record<string, unknown>)[step], config);
