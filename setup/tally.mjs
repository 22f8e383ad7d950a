// Counts what passed, failed and was skipped over all stages of a test run.

import { SetupFailure } from './failure.mjs';
import { say, step } from './progress.mjs';

/** @typedef {{passed: number, failed: number, skipped: number}} Counts */

export class Tally {
  constructor() {
    this.counts = { passed: 0, failed: 0, skipped: 0 };
    this.failures = [];
  }

  /** @param {string} name @param {() => Promise<Counts>} work a stage that counts its own tests */
  async stage(name, work) {
    const counts = await step(name, work);
    for (const key of Object.keys(this.counts)) this.counts[key] += counts[key];
    if (counts.failed > 0) this.failures.push(`${name}: ${counts.failed} failed`);
  }

  /** @param {string} name @param {() => Promise<unknown>} work one check: passed unless it throws a SetupFailure */
  async check(name, work) {
    try {
      await step(name, work);
      this.counts.passed++;
    } catch (error) {
      if (!(error instanceof SetupFailure)) throw error;
      this.counts.failed++;
      this.failures.push(name);
      say(`${name}: FAILED\n${error.message}`);
    }
  }

  /** Prints the totals. @returns {number} exit code; with VMOAT_REQUIRE=all a skipped test is a failure */
  end() {
    const { passed, failed, skipped } = this.counts;
    for (const failure of this.failures) say(`failed: ${failure}`);
    const required = process.env.VMOAT_REQUIRE === 'all' && skipped > 0;
    if (required) say('VMOAT_REQUIRE=all: a skipped test is a failure');
    process.stdout.write(`\n${passed} passed, ${failed} failed, ${skipped} skipped\n`);
    return failed > 0 || required ? 1 : 0;
  }
}
