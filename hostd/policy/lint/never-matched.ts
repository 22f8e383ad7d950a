// Rules that nothing matches: their time is over, their group is empty, or traffic has never met them.
import { OF_MANY } from '../document/words.ts';
import { type Check, type Finding, found, type LintInput } from './check.ts';
import type { LintRule } from './linted.ts';

const HOUR_MS = 3_600_000;
/** A rule is young until it was watched for so long. */
const WATCHED_MS = 24 * HOUR_MS;

export const neverMatched: Check = {
  name: 'never-matched',
  means:
    'expired, from multicast or broadcast, for a group without members (live only), or never met by traffic in a day or more of watching (where hostd answers)',
  run: (input) => [
    ...input.expired.map((rule) =>
      warned(rule, `out of effect since ${rule.rule.expires}`, 'remove it, or give it more time'),
    ),
    ...input.rules.flatMap((rule) => fromMany(rule) ?? emptyGroup(rule, input) ?? unused(rule, input) ?? []),
  ],
};

const warned = (rule: LintRule, message: string, advice: string): Finding =>
  found('never-matched', rule, null, { severity: 'warning', message, advice });

function fromMany(rule: LintRule): Finding | null {
  const from = OF_MANY.find((name) => name === rule.from);
  return from
    ? warned(rule, `nothing is ever sent from a ${from} address`, `\`${from}\` is for \`to\``)
    : null;
}

function emptyGroup(rule: LintRule, { live }: LintInput): Finding | null {
  const empty = [rule.from, rule.to].find((group) => live?.members(group) === 0);
  if (empty === undefined) return null;
  return warned(rule, `no VM is in \`${empty}\``, `see \`vmoat group show ${empty}\`, or remove the rule`);
}

function unused(rule: LintRule, { live }: LintInput): Finding | null {
  const watch = live?.watch(rule.rule) ?? null;
  if (watch === null || watch.hasMatched || watch.watched_ms < WATCHED_MS) return null;
  const hours = Math.floor(watch.watched_ms / HOUR_MS);
  return warned(
    rule,
    `has matched nothing in ${hours} watched hours`,
    'remove it if it is not for rare events',
  );
}
