import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Watchdog } from './watchdog.ts';

test('the watchdog is fed only while every worker works', () => {
  const said: string[] = [];
  let now = 0;
  const systemdNotify = (state: string): boolean => said.push(state) > 0;
  const watchdog = new Watchdog({ systemdNotify, systemdWatchdogMs: () => 0 }, () => now);
  watchdog.start();
  now = 5_000;
  watchdog.feed();
  now = 5_001;
  watchdog.feed();
  const heartbeats = (...ages: number[]) => ({
    workers: ages.map((heartbeatAgeMs, worker) => ({ worker, events: 0, heartbeatAgeMs })),
  });
  watchdog.heard(heartbeats(10, 5_001));
  watchdog.feed();
  watchdog.heard(heartbeats(10, 20));
  watchdog.feed();
  watchdog.stop();
  assert.deepEqual(said, ['READY=1', 'WATCHDOG=1', 'WATCHDOG=1', 'STOPPING=1']);
});
