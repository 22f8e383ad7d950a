import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CpuMeter } from './cpu-meter.ts';

test('percent of one core over the last interval, anew after a restart', () => {
  const meter = new CpuMeter();
  meter.take(10, 1000);
  assert.equal(meter.percent, 0);
  meter.take(10.5, 2000);
  assert.equal(meter.percent, 50);
  meter.take(11, 2100);
  assert.equal(meter.percent, 50, 'a tenth of a second measures noise');
  meter.take(10.6, 3000);
  assert.equal(meter.percent, 10);
  meter.reset();
  meter.take(0.1, 4000);
  assert.equal(meter.percent, 0);
});
