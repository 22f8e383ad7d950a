// A policy document: what one YAML file of format vmoat/v1 says.
import { z } from 'zod';
import { sections } from '../sections/registry.ts';
import { Mode } from './words.ts';

export const FORMAT_VERSION = 'vmoat/v1';

export const PolicySchema = z.strictObject({
  version: z.literal(FORMAT_VERSION).describe('the format'),
  defaultMode: Mode.optional().describe(
    'mode of a VM that no group gives one; `modes.default` of the configuration where it is absent',
  ),
  ...sections,
});
export type PolicyDocument = z.infer<typeof PolicySchema>;

/** What is in force before anybody has applied anything. */
export const EMPTY_TEXT = `version: ${FORMAT_VERSION}\n`;
