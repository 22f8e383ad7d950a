// Text of a configuration file → a checked configuration, or every mistake with its line. Pure.
import { parseStrictYaml, type YamlFormat } from '../base/strict-yaml.ts';
import type { TextProblem } from '../base/text-problem.ts';
import { type Config, ConfigSchema } from './schema.ts';

/** Longer configuration files are refused, bytes. */
export const CONFIG_BYTES_MAX = 1024 * 1024;

const FORMAT: YamlFormat<typeof ConfigSchema> = {
  schema: ConfigSchema,
  what: 'a configuration',
  bytesMax: CONFIG_BYTES_MAX,
  codes: { syntax: 'config_syntax', unknownKey: 'config_unknown_key', badValue: 'config_bad_value' },
};

export type ParsedConfig =
  | { config: Config; given: unknown; problems: [] }
  | { config: null; given: null; problems: TextProblem[] };

/** `given` is what the file itself says, without defaults. */
export function parseConfig(text: string, file: string): ParsedConfig {
  const parsed = parseStrictYaml(text, file, FORMAT);
  if (parsed.data === null) return { config: null, given: null, problems: parsed.problems };
  return { config: parsed.data, given: parsed.given, problems: [] };
}
