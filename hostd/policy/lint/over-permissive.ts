// Rules that allow more than anybody needs.
import type { PortRange } from '../ports.ts';
import { type Check, type Finding, found } from './check.ts';
import { applicationsOf } from './cover.ts';
import type { LintRule } from './linted.ts';

/** More ports than this, without an application, are more than a service has. */
const PORTS_MANY = 1024;

export const overPermissive: Check = {
  name: 'over-permissive',
  means:
    'allows everything between everybody, or every port and application, or lets the outside in by many ports',
  run: ({ rules }) =>
    rules.flatMap((rule) => {
      const why = rule.rule.action === 'allow' ? reason(rule) : null;
      return why ? [wide(rule, ...why)] : [];
    }),
};

const wide = (rule: LintRule, message: string, advice: string): Finding =>
  found('over-permissive', rule, null, { severity: 'warning', message, advice });

const OUTSIDE = ['any', 'external', 'unknown'];

function reason(rule: LintRule): [message: string, advice: string] | null {
  if (applicationsOf(rule).length > 0 || isPing(rule.ports)) return null;
  const everyPort = rule.ports.some(({ proto }) => proto === 'any');
  const { from, to } = rule;
  if (from === 'any' && to === 'any' && everyPort)
    return ['allows everything between everybody', 'name the groups, the applications and the ports'];
  const narrower = 'name the applications or the ports';
  if (everyPort) return [`allows every application on every port from \`${from}\` to \`${to}\``, narrower];
  const many = rule.ports.reduce((sum, { low, high }) => sum + high - low + 1, 0);
  if (many <= PORTS_MANY) return null;
  const outside = OUTSIDE.includes(from) ? ', from anywhere outside' : '';
  return [`allows ${many} ports without saying for which application${outside}`, narrower];
}

const ICMP = [1, 58];
const isPing = (ports: readonly PortRange[]): boolean =>
  ports.every(({ proto }) => proto !== 'any' && ICMP.includes(proto));
