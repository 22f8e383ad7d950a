// What was learned, forgotten with a version of the policy, and brought back with another.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { DatabaseSync } from '@photostructure/sqlite';
import { seen, vm } from '../policy/evidence-fixture.ts';
import { folder } from './history-fixture.ts';
import { LearnedFile } from './learned-file.ts';

const KEPT = 50;
const toDb = (from: string, flows = 1) => seen(vm(from), vm('db'), { flows });
const flowsOf = (file: LearnedFile): Record<string, number> =>
  Object.fromEntries(file.load().evidence.map(([key, { flows }]) => [key, flows]));

test('what a version forgot comes back without it, with what was learned again, and goes again with it', () => {
  const path = join(folder(), 'learned.sqlite');
  const file = new LearnedFile(path);
  file.write(
    [
      ['web', toDb('web', 3)],
      ['app', toDb('app', 4)],
    ],
    100,
  );
  file.forget(7, ['web'], KEPT);
  assert.deepEqual(flowsOf(file), { app: 4 });
  assert.equal(file.follow([7]), false);
  file.write([['web', toDb('web', 2)]], 200);
  file.close();
  const again = new LearnedFile(path);
  assert.equal(again.follow([]), true);
  assert.deepEqual(flowsOf(again), { app: 4, web: 5 });
  assert.equal(again.follow([7]), true);
  assert.deepEqual([flowsOf(again), again.load().until], [{ app: 4 }, 200]);
  assert.equal(again.follow([]), true);
  assert.deepEqual(flowsOf(again), { app: 4, web: 5 });
  again.close();
});

test('of too many that forget the oldest forget for good; a version that has nothing changes nothing', () => {
  const file = new LearnedFile(join(folder(), 'learned.sqlite'));
  file.write(
    ['a', 'b', 'c'].map((name) => [name, toDb(name)]),
    1,
  );
  for (const [at, key] of ['a', 'b', 'c'].entries()) file.forget(at + 1, [key], 2);
  assert.equal(file.follow([9]), true);
  assert.deepEqual(Object.keys(flowsOf(file)), ['b', 'c']);
  file.close();
});

test('a file of before opens', () => {
  const path = join(folder(), 'learned.sqlite');
  new LearnedFile(path).close();
  const old = new DatabaseSync(path);
  old.exec('DROP TABLE forgotten; DROP TABLE hidden');
  old.close();
  const file = new LearnedFile(path);
  file.write([['a', toDb('a')]], 1);
  file.forget(1, ['a'], KEPT);
  assert.deepEqual(flowsOf(file), {});
  file.close();
});
