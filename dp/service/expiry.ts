// Rules that fall out of effect at a moment that they name, whether or not somebody is there to send others then.
import type { PolicyTables } from '../contract/policy.ts';

/** The tables without the rules whose time is over by the wall clock. */
export const inEffect = (tables: PolicyTables, wall_ms: number): PolicyTables => ({
  ...tables,
  rules: tables.rules.filter((rule) => expiryOf(rule) > wall_ms),
});

/** When the next rule does after that moment; infinity if none does. */
export const nextExpiry = ({ rules }: PolicyTables, after_ms: number): number =>
  rules.reduce((next, rule) => {
    const expiry = expiryOf(rule);
    return expiry > after_ms ? Math.min(next, expiry) : next;
  }, Number.POSITIVE_INFINITY);

/** What is no rule is for whoever compiles it to complain of. */
function expiryOf(rule: unknown): number {
  const { expires } = (rule ?? {}) as { expires?: unknown };
  return typeof expires === 'number' ? expires : Number.POSITIVE_INFINITY;
}
