// The criteria that put VMs into groups: what they may ask for, and by which operators.
import { z } from 'zod';
import { ADDRESSES_WANTED, parseRange } from '../addresses.ts';
import { NAME_CHARS_MAX } from '../document/words.ts';
import { compilePattern } from './pattern.ts';

const Text = z.string().min(1).max(NAME_CHARS_MAX);

const Pattern = z
  .string()
  .min(1)
  .superRefine((source, context) => {
    try {
      compilePattern(source);
    } catch (thrown) {
      const reason = thrown instanceof SyntaxError ? thrown.message : String(thrown);
      context.addIssue({ code: 'custom', message: `a regular expression of the subset we match: ${reason}` });
    }
  });

const Operators = z
  .strictObject({
    '=': Text.optional().describe('equals'),
    '!=': Text.optional().describe('does not equal; of several values none does'),
    prefix: Text.optional().describe('begins with'),
    contains: Text.optional().describe('has in it'),
    regex: Pattern.optional().describe('a regular expression (subset) is found in it'),
  })
  .refine((given) => Object.keys(given).length > 0, 'at least one operator: = != prefix contains regex');
export type Operators = z.infer<typeof Operators>;

const Range = z.string().refine((text) => parseRange(text) !== null, ADDRESSES_WANTED);
const RangeOperators = z
  .strictObject({ '=': Range.optional(), '!=': Range.optional() })
  .refine((given) => Object.keys(given).length > 0, 'at least one operator: = !=');

const Criterion = z.union([Text, Operators]);
const RangeCriterion = z.union([Range, RangeOperators]);

/** All conditions of an entry must hold. */
export const MatchEntry = z
  .strictObject({
    name: Criterion.optional().describe("the VM's name"),
    uuid: Criterion.optional().describe("libvirt's UUID, lower case"),
    title: Criterion.optional().describe("the domain's title"),
    tag: Criterion.optional().describe("a tag in the domain's metadata"),
    network: Criterion.optional().describe('libvirt network of a NIC'),
    segment: Criterion.optional().describe('segment of a NIC, as `vmoat nic list -o json` names it'),
    host: Criterion.optional().describe('name of the KVM host'),
    os: Criterion.optional().describe("libosinfo's id of the system in the VM"),
    cidr: RangeCriterion.optional().describe('range that an address of the VM lies in'),
  })
  .refine((entry) => Object.keys(entry).length > 0, 'at least one condition');
export type MatchEntry = z.infer<typeof MatchEntry>;
export type CriterionName = keyof MatchEntry;
