// The JSON Schema of policy documents, for editors.
import { z } from 'zod';
import { FORMAT_VERSION, PolicySchema } from './schema.ts';

/** JSON Schema 2020-12; what only a program can check (regular expressions, references) is left out. */
export const policyJsonSchema = (): Record<string, unknown> => ({
  ...(z.toJSONSchema(PolicySchema, { io: 'input' }) as Record<string, unknown>),
  $id: 'https://vmoat.invalid/policy.schema.json',
  title: `vmoat policy (${FORMAT_VERSION})`,
});
