// Criteria → whether a VM meets them. Expressions and ranges are read once, when a policy goes live.
import { parseAddress } from '../../../topology/address.ts';
import { inRange, parseRange } from '../addresses.ts';
import type { CriterionName, MatchEntry, Operators } from './criteria.ts';
import { compilePattern } from './pattern.ts';

/** What criteria ask for: of each, the values that a VM has. */
export type MemberFacts = Readonly<Record<CriterionName, readonly string[]>>;

export type Matcher = (facts: MemberFacts) => boolean;
type Holds = (value: string) => boolean;
type Operator = (operand: string) => Holds;

/** Any of the entries. */
export function matcher(entries: readonly MatchEntry[]): Matcher {
  const matchers = entries.map(entryMatcher);
  return (facts) => matchers.some((matches) => matches(facts));
}

/** All conditions, and of each all operators; of several values each operator may be met by another one. */
function entryMatcher(entry: MatchEntry): Matcher {
  const tests = Object.entries(entry).flatMap(([name, criterion]) =>
    operatorsOf(criterion ?? {}).map(([operator, operand]): Matcher => {
      const holds = operators[name === 'cidr' ? 'cidr' : operator](operand);
      const isDenied = operator === '!=';
      return (facts) => facts[name as CriterionName].some(holds) !== isDenied;
    }),
  );
  return (facts) => tests.every((test) => test(facts));
}

const operatorsOf = (criterion: string | Operators): [keyof Operators, string][] =>
  typeof criterion === 'string'
    ? [['=', criterion]]
    : (Object.entries(criterion) as [keyof Operators, string][]);

const equals: Operator = (operand) => (value) => value === operand;

const operators: Record<keyof Operators | 'cidr', Operator> = {
  '=': equals,
  '!=': equals,
  prefix: (operand) => (value) => value.startsWith(operand),
  contains: (operand) => (value) => value.includes(operand),
  regex: compilePattern,
  cidr: (operand) => {
    const range = parseRange(operand);
    return (value) => {
      const address = parseAddress(value);
      return range !== null && address !== null && inRange(range, address);
    };
  },
};
