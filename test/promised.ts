// What vmoat promises in ms, told in the report of the tests.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';

/** Beyond this many times the promise something hangs; within it a busy machine may be to blame, not the code. */
const HANGING = 20;

/** Says how long it took beside what was promised. The clock of a machine that others share fails no test. */
export function promised(context: TestContext, what: string, promised_ms: number, took_ms: number): void {
  context.diagnostic(`${what}: ${Math.round(took_ms)} ms, promised are ${promised_ms} ms`);
  assert.ok(took_ms < HANGING * promised_ms, `${what}: ${took_ms} ms`);
}
