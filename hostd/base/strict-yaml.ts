// Text of a YAML file that people write → data that a schema has checked, or every mistake with its line. Pure.
import { type Document, isNode, isPair, LineCounter, parseDocument, visit } from 'yaml';
import type { z } from 'zod';
import type { ErrorCode } from './error-codes.ts';
import { nearest } from './nearest.ts';
import { namesUnder } from './schema-names.ts';
import type { TextProblem } from './text-problem.ts';

export interface YamlFormat<S extends z.ZodType> {
  schema: S;
  /** What such a file is, after `in`: `a configuration`. */
  what: string;
  /** Longer files are refused. */
  bytesMax: number;
  codes: { syntax: ErrorCode; unknownKey: ErrorCode; badValue: ErrorCode };
}

export interface ReadYaml<T> {
  data: T;
  /** What the file itself says, without defaults. */
  given: unknown;
  /** With comments and order; aliases were refused. */
  yaml: Document.Parsed;
  lines: LineCounter;
  places: Places;
  problems: [];
}
export type ParsedYaml<T> = ReadYaml<T> | { data: null; problems: TextProblem[] };

/** Deeper files are refused: what people write has a handful of levels. */
const DEPTH_MAX = 32;
/** More mistakes than these help nobody. */
export const PROBLEMS_MAX = 100;

/** `file` is what problems call it. Never throws. */
export function parseStrictYaml<S extends z.ZodType>(
  text: string,
  file: string,
  format: YamlFormat<S>,
): ParsedYaml<z.infer<S>> {
  const failed = (problems: TextProblem[]): ParsedYaml<z.infer<S>> => ({
    data: null,
    problems: problems.slice(0, PROBLEMS_MAX),
  });
  if (Buffer.byteLength(text) > format.bytesMax)
    return failed([wholeFile(file, format, `the file is longer than ${format.bytesMax} bytes`)]);
  if (isFlood(text)) return failed([wholeFile(file, format, TOO_DEEP)]);
  try {
    return parsed(text, file, format, failed);
  } catch (thrown) {
    // The parser recurses: a file of a million brackets ends its stack before its depth can be measured.
    if (thrown instanceof RangeError) return failed([wholeFile(file, format, TOO_DEEP)]);
    throw thrown;
  }
}

/** Nesting that no text of people has, quoted brackets and dashes included; the parser takes minutes for it. */
const FLOOD = 1000;

function isFlood(text: string): boolean {
  let depth = 0;
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    depth = Math.max(0, depth + ('[{'.includes(bracket) ? 1 : -1));
    if (depth > FLOOD) return true;
  }
  return new RegExp(`([-?:][ \\t]+){${FLOOD}}`).test(text);
}

const TOO_DEEP = `the file nests deeper than ${DEPTH_MAX} levels`;

function parsed<S extends z.ZodType>(
  text: string,
  file: string,
  format: YamlFormat<S>,
  failed: (problems: TextProblem[]) => ParsedYaml<z.infer<S>>,
): ParsedYaml<z.infer<S>> {
  const lines = new LineCounter();
  const yaml = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const places = new Places(yaml, lines, file);
  const syntax = syntaxProblems(yaml, places, format);
  if (syntax.length) return failed(syntax);
  const given: unknown = yaml.toJS() ?? {};
  const result = format.schema.safeParse(given);
  if (result.success) return { data: result.data, given, yaml, lines, places, problems: [] };
  const issues = result.error.issues.slice(0, PROBLEMS_MAX);
  return failed(issues.flatMap((issue) => issueProblems(issue, [], places, format)));
}

const wholeFile = (file: string, { codes }: YamlFormat<z.ZodType>, message: string): TextProblem => ({
  ...{ code: codes.syntax, file, line: 0, column: 0, field: '', message },
});

function syntaxProblems(
  yaml: Document.Parsed,
  places: Places,
  { codes, what }: YamlFormat<z.ZodType>,
): TextProblem[] {
  const at = (offset: number, message: string): TextProblem => ({
    ...{ code: codes.syntax, ...places.at(offset, []), message },
  });
  const wrong = [...yaml.errors, ...yaml.warnings].slice(0, PROBLEMS_MAX);
  const found = wrong.map(({ pos, code, message }) =>
    at(pos[0], code === 'MULTIPLE_DOCS' ? `only one document is taken: ${what} ends here` : message),
  );
  visit(yaml, {
    Alias(_, node) {
      found.push(at(node.range?.[0] ?? 0, `aliases are not taken in ${what}`));
      return found.length < PROBLEMS_MAX ? undefined : visit.BREAK;
    },
    Collection(_, node, path) {
      // The path names the document, and pairs between collections.
      if (path.length <= 2 * DEPTH_MAX) return undefined;
      found.push(at(node.range?.[0] ?? 0, TOO_DEEP));
      return visit.BREAK;
    },
  });
  return found;
}

export type Place = Pick<TextProblem, 'file' | 'line' | 'column' | 'field'>;
export type Path = readonly PropertyKey[];

/** Where the parts of a document stand. */
export interface PlaceFinder {
  /** Position of the value at `path`, or of the nearest thing above it that the file has. */
  of(path: Path): Place;
  /** The same places under another name of the file. */
  named(file: string): PlaceFinder;
}

/** Where a key or value of the document stands. */
export class Places implements PlaceFinder {
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;
  readonly #file: string;

  constructor(document: Document.Parsed, lines: LineCounter, file: string) {
    this.#document = document;
    this.#lines = lines;
    this.#file = file;
  }

  named(file: string): Places {
    return new Places(this.#document, this.#lines, file);
  }

  of(path: Path): Place {
    for (let length = path.length; length >= 0; length--) {
      const node = length ? this.#document.getIn(path.slice(0, length), true) : this.#document.contents;
      if (isNode(node) && node.range) return this.at(node.range[0], path);
    }
    return this.at(0, path);
  }

  /** Position of the key itself, for keys that should not be there. */
  ofKey(path: Path, key: string): Place {
    let offset: number | undefined;
    const map = path.length ? this.#document.getIn(path, true) : this.#document.contents;
    if (map !== null && typeof map === 'object' && 'items' in map && Array.isArray(map.items)) {
      const pair = map.items.find((item) => isPair(item) && String(item.key) === key);
      if (isPair(pair) && isNode(pair.key)) offset = pair.key.range?.[0];
    }
    return offset === undefined ? this.of(path) : this.at(offset, [...path, key]);
  }

  at(offset: number, path: Path): Place {
    const { line, col } = this.#lines.linePos(offset);
    return { file: this.#file, line, column: col, field: path.map(String).join('.') };
  }
}

function issueProblems(
  issue: z.core.$ZodIssue,
  above: Path,
  places: Places,
  format: YamlFormat<z.ZodType>,
): TextProblem[] {
  const path = [...above, ...issue.path];
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => unknownKey(path, key, places, format));
  const meant = issue.code === 'invalid_union' ? issue.errors.find(isOfRightType) : undefined;
  if (meant) return meant.flatMap((inner) => issueProblems(inner, path, places, format));
  const where = places.of(path);
  const what = where.field ? `\`${where.field}\`` : 'the document';
  return [{ code: format.codes.badValue, ...where, message: `${what} must be ${wanted(issue)}` }];
}

/** What somebody meant who wrote text, a list or a section: the form of the union that takes such a thing. */
const isOfRightType = (issues: readonly z.core.$ZodIssue[]): boolean =>
  !issues.some((issue) => issue.code === 'invalid_type' && issue.path.length === 0);

function unknownKey(path: Path, key: string, places: Places, format: YamlFormat<z.ZodType>): TextProblem {
  const names = namesUnder(format.schema, path);
  const near = nearest(key, names, 1)[0];
  const where = places.ofKey(path, key);
  const hint = near ? `did you mean \`${near}\`?` : `known here: ${names.join(', ')}`;
  return { code: format.codes.unknownKey, ...where, message: `unknown key \`${where.field}\``, hint };
}

/** What is allowed, in words. */
function wanted(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_value') return `one of ${issue.values.map(String).join(', ')}`;
  if (issue.code === 'too_small' && issue.origin !== 'string') return least(issue);
  if (issue.code === 'too_big' && issue.origin === 'array') return `at most ${issue.maximum} items`;
  if (issue.code === 'too_big' && (issue.origin === 'int' || issue.origin === 'number'))
    return `at most ${issue.maximum}`;
  if (issue.code === 'invalid_type') return expectedType(issue.expected);
  if (issue.code === 'invalid_union') return `${unionOf(issue)}`;
  return issue.message.replace(/^Too /, 'not too ');
}

const least = ({ origin, minimum }: z.core.$ZodIssueTooSmall): string =>
  origin === 'array' ? `a list of at least ${minimum}` : `at least ${minimum}`;

const unionOf = ({ errors }: z.core.$ZodIssueInvalidUnion): string =>
  errors
    .flatMap((issues) => issues.flatMap((issue) => (issue.code === 'invalid_type' ? [issue.expected] : [])))
    .map(expectedType)
    .join(' or ');

const expectedType = (type: string): string =>
  ({
    object: 'a section of keys',
    int: 'a whole number',
    number: 'a whole number',
    string: 'text',
    boolean: 'true or false',
    array: 'a list',
  })[type] ?? type;
