// Text of a policy document → the checked document with the lines of its parts, or every mistake. Pure.
import type { Document } from 'yaml';
import { type Places, parseStrictYaml, type YamlFormat } from '../../base/strict-yaml.ts';
import { problemsError, type TextProblem } from '../../base/text-problem.ts';
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
  /** With comments and order. */
  yaml: Document.Parsed;
  places: Places;
  problems: [];
}
export type ParsedPolicy = ReadPolicy | { document: null; problems: TextProblem[] };

/** YAML or JSON, which is YAML, too. `file` is what problems call it. Never throws. */
export function parsePolicy(text: string, file: string): ParsedPolicy {
  const parsed = parseStrictYaml(text, file, FORMAT);
  if (parsed.data === null) return { document: null, problems: parsed.problems };
  const { data: document, yaml, places } = parsed;
  const problems = referenceProblems(document, places);
  return problems.length ? { document: null, problems } : { document, yaml, places, problems: [] };
}

/** The same; throws a VmoatError that names every mistake. */
export function readPolicy(text: string, file: string): ReadPolicy {
  const parsed = parsePolicy(text, file);
  if (parsed.document === null) throw problemsError(parsed.problems, 'policy_syntax');
  return parsed;
}
