// Reads the configuration file; a default file that does not exist means all defaults.
import { readFileSync } from 'node:fs';
import { fileTrouble, systemCodeOf } from '../base/errors.ts';
import { problemsError, type TextProblem } from '../base/text-problem.ts';
import { type ParsedConfig, parseConfig } from './parse.ts';
import { type Config, DEFAULT_CONFIG_FILE } from './schema.ts';

export type CheckedConfig = ParsedConfig & { file: string };

/** `file` undefined: the default one, which may be missing. Never throws; `problems` says what is wrong. */
export function checkConfig(file?: string): CheckedConfig {
  const path = file ?? DEFAULT_CONFIG_FILE;
  try {
    return { ...parseConfig(readFileSync(path, 'utf8'), path), file: path };
  } catch (thrown) {
    if (file === undefined && systemCodeOf(thrown) === 'ENOENT')
      return { ...parseConfig('', path), file: path };
    return { config: null, given: null, problems: [unreadable(path, thrown)], file: path };
  }
}

const unreadable = (file: string, thrown: unknown): TextProblem => ({
  code: 'config_unreadable',
  file,
  line: 0,
  column: 0,
  field: '',
  message: fileTrouble(thrown),
});

/** The configuration, or a VmoatError with every mistake and its line. */
export function loadConfig(file?: string): Config {
  const checked = checkConfig(file);
  if (!checked.config) throw problemsError(checked.problems, 'config_unreadable');
  return checked.config;
}
