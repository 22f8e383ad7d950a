// The effective configuration as YAML, with what is only a default marked as such.
import { stringify } from 'yaml';
import { configKeys, valueAt } from './keys.ts';
import type { Config } from './schema.ts';

/** `given` is what the file says; every other key is marked `# default`. */
export function showConfig(config: Config, given: unknown): string {
  const lines: string[] = [];
  let section = '';
  for (const { path } of configKeys()) {
    const [head = '', name] = path.split('.');
    if (name !== undefined && head !== section) lines.push(`${head}:`);
    section = name === undefined ? '' : head;
    const indent = name === undefined ? '' : '  ';
    const mark = isGiven(given, path) ? '' : '  # default';
    lines.push(`${indent}${name ?? head}: ${inline(valueAt(config, path))}${mark}`);
  }
  return `${lines.join('\n')}\n`;
}

/** The effective configuration and the keys that are defaults, for `-o json`. */
export const describeConfig = (config: Config, given: unknown) => ({
  config,
  defaults: configKeys()
    .map((key) => key.path)
    .filter((path) => !isGiven(given, path)),
});

function isGiven(given: unknown, path: string): boolean {
  let value = given;
  for (const step of path.split('.')) {
    if (value === null || typeof value !== 'object' || !(step in value)) return false;
    value = (value as Record<string, unknown>)[step];
  }
  return true;
}

const inline = (value: unknown): string =>
  stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trimEnd();
