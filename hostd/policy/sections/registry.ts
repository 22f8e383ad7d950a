// Every section of a policy document, in the order in which exports write them. A section is one file and one line.
import { Exports } from './exports.ts';
import { Groups } from './groups.ts';
import { Rules } from './rules.ts';

export const sections = {
  groups: Groups,
  rules: Rules,
  exports: Exports,
};
