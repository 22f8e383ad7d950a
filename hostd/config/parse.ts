// Text of a configuration file → a checked configuration, or every mistake with its line. Pure.
import { type Document, isNode, isPair, LineCounter, parseDocument, visit } from 'yaml';
import type { z } from 'zod';
import { nearest } from '../base/nearest.ts';
import { namesUnder } from './keys.ts';
import type { ConfigProblem } from './problem.ts';
import { type Config, ConfigSchema } from './schema.ts';

/** Longer configuration files are refused, bytes. */
export const CONFIG_BYTES_MAX = 1024 * 1024;

export type ParsedConfig =
  | { config: Config; given: unknown; problems: [] }
  | { config: null; given: null; problems: ConfigProblem[] };

/** `given` is what the file itself says, without defaults. */
export function parseConfig(text: string, file: string): ParsedConfig {
  const lines = new LineCounter();
  const failed = (problems: ConfigProblem[]): ParsedConfig => ({ config: null, given: null, problems });
  if (text.length > CONFIG_BYTES_MAX) return failed([tooLong(file)]);
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const syntax = syntaxProblems(document, lines, file);
  if (syntax.length) return failed(syntax);
  const given: unknown = document.toJS({ maxAliasCount: 100 }) ?? {};
  const result = ConfigSchema.safeParse(given);
  if (result.success) return { config: result.data, given, problems: [] };
  const place = new Places(document, lines, file);
  return failed(result.error.issues.flatMap((issue) => issueProblems(issue, place)));
}

const tooLong = (file: string): ConfigProblem => ({
  code: 'config_syntax',
  file,
  line: 0,
  column: 0,
  field: '',
  message: `the file is longer than ${CONFIG_BYTES_MAX} bytes`,
});

function syntaxProblems(document: Document.Parsed, lines: LineCounter, file: string): ConfigProblem[] {
  const found = [...document.errors, ...document.warnings].map((error): ConfigProblem => {
    const { line, col } = lines.linePos(error.pos[0]);
    return { code: 'config_syntax', file, line, column: col, field: '', message: error.message };
  });
  visit(document, {
    Alias(_, node) {
      const { line, col } = lines.linePos(node.range?.[0] ?? 0);
      const message = 'aliases are not taken in a configuration';
      found.push({ code: 'config_syntax', file, line, column: col, field: '', message });
    },
  });
  return found;
}

/** Where a key or value of the document stands. */
class Places {
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;
  readonly #file: string;

  constructor(document: Document.Parsed, lines: LineCounter, file: string) {
    this.#document = document;
    this.#lines = lines;
    this.#file = file;
  }

  /** Position of the value at `path`, or of the nearest thing above it that the file has. */
  of(path: readonly PropertyKey[]): { file: string; line: number; column: number; field: string } {
    for (let length = path.length; length >= 0; length--) {
      const node = length ? this.#document.getIn(path.slice(0, length), true) : this.#document.contents;
      if (isNode(node) && node.range) return this.#at(node.range[0], path);
    }
    return this.#at(0, path);
  }

  /** Position of the key itself, for keys that should not be there. */
  ofKey(path: readonly PropertyKey[], key: string): ReturnType<Places['of']> {
    let offset: number | undefined;
    const map = path.length ? this.#document.getIn(path, true) : this.#document.contents;
    if (map !== null && typeof map === 'object' && 'items' in map && Array.isArray(map.items)) {
      const pair = map.items.find((item) => isPair(item) && String(item.key) === key);
      if (isPair(pair) && isNode(pair.key)) offset = pair.key.range?.[0];
    }
    return offset === undefined ? this.of(path) : this.#at(offset, [...path, key]);
  }

  #at(offset: number, path: readonly PropertyKey[]): ReturnType<Places['of']> {
    const { line, col } = this.#lines.linePos(offset);
    return { file: this.#file, line, column: col, field: path.map(String).join('.') };
  }
}

function issueProblems(issue: z.core.$ZodIssue, place: Places): ConfigProblem[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(issue.path, key, place));
  const where = place.of(issue.path);
  const name = where.field || 'the file';
  return [{ code: 'config_bad_value', ...where, message: `\`${name}\` must be ${wanted(issue)}` }];
}

function unknownKey(path: readonly PropertyKey[], key: string, place: Places): ConfigProblem {
  const names = namesUnder(path);
  const near = nearest(key, names, 1)[0];
  const where = place.ofKey(path, key);
  const hint = near ? `did you mean \`${near}\`?` : `known here: ${names.join(', ')}`;
  return { code: 'config_unknown_key', ...where, message: `unknown key \`${where.field}\``, hint };
}

/** What is allowed, in words. */
function wanted(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_value') return `one of ${issue.values.map(String).join(', ')}`;
  if (issue.code === 'too_small' && issue.origin !== 'string') return `at least ${issue.minimum}`;
  if (issue.code === 'too_big' && (issue.origin === 'int' || issue.origin === 'number'))
    return `at most ${issue.maximum}`;
  if (issue.code === 'invalid_type') return expectedType(issue.expected);
  return issue.message.replace(/^Too /, 'not too ');
}

const expectedType = (type: string): string =>
  ({
    object: 'a section of keys',
    int: 'a whole number',
    number: 'a whole number',
    string: 'text',
    boolean: 'true or false',
    array: 'a list',
  })[type] ?? type;
