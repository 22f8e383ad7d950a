// Text of a policy document → the checked document with the lines of its parts, or every mistake. Pure.
import { type PlaceFinder, parseStrictYaml, type YamlFormat } from '../../base/strict-yaml.ts';
import { problemsError, type TextProblem } from '../../base/text-problem.ts';
import { type Outline, OutlinePlaces, outlineOf } from './outline.ts';
import { referenceProblems } from './references.ts';
import { type PolicyDocument, PolicySchema } from './schema.ts';

export const POLICY_BYTES_MAX = 8 * 1024 * 1024;

const FORMAT: YamlFormat<typeof PolicySchema> = {
  schema: PolicySchema,
  what: 'a policy',
  bytesMax: POLICY_BYTES_MAX,
  codes: { syntax: 'policy_syntax', unknownKey: 'policy_unknown_key', badValue: 'policy_bad_value' },
};

export interface ReadPolicy {
  document: PolicyDocument;
  places: PlaceFinder;
  problems: [];
}
export type ParsedPolicy = ReadPolicy | { document: null; problems: TextProblem[] };

/** What was read of a text, fit to go from thread to thread. */
export type PolicyParts =
  | { document: PolicyDocument; outline: Outline; problems: [] }
  | { document: null; problems: TextProblem[] };

/** YAML or JSON, which is YAML, too. `file` is what problems call it, `others` are groups of elsewhere. Never throws. */
export const parsePolicy = (text: string, file: string, others: readonly string[] = []): ParsedPolicy =>
  joined(policyParts(text, file, others), text, file);

/** The same in parts that `joined` makes one of. */
export function policyParts(text: string, file: string, others: readonly string[] = []): PolicyParts {
  const parsed = parseStrictYaml(text, file, FORMAT);
  if (parsed.data === null) return { document: null, problems: parsed.problems };
  const { data: document, yaml, lines, places } = parsed;
  const problems = referenceProblems(document, places, others);
  return problems.length
    ? { document: null, problems }
    : { document, outline: outlineOf(yaml, lines), problems: [] };
}

/** The text that the parts were read from, and what problems call it. */
export const joined = (parts: PolicyParts, text: string, file: string): ParsedPolicy =>
  parts.document === null
    ? parts
    : { document: parts.document, places: new OutlinePlaces(text, parts.outline, file), problems: [] };

/** The same; throws a VmoatError that names every mistake. */
export function readPolicy(text: string, file: string, others: readonly string[] = []): ReadPolicy {
  return required(parsePolicy(text, file, others));
}

export function required(parsed: ParsedPolicy): ReadPolicy {
  if (parsed.document === null) throw problemsError(parsed.problems, 'policy_syntax');
  return parsed;
}
