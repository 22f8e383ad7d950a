import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unifiedDiff } from './text-diff.ts';

/** What the diff makes of the first text: each hunk stands where it says, and takes away only what is there. */
function patched(before: string, diff: string): string {
  const old = before.split('\n');
  const made: string[] = [];
  let at = 0;
  for (const line of diff.split('\n').slice(2, -1)) {
    const hunk = /^@@ -(\d+)/.exec(line);
    if (hunk) while (at < Number(hunk[1]) - 1) made.push(old[at++] ?? '');
    else if (line.startsWith('+')) made.push(line.slice(1));
    else {
      assert.equal(old[at++], line.slice(1));
      if (line.startsWith(' ')) made.push(line.slice(1));
    }
  }
  return [...made, ...old.slice(at)].join('\n');
}

const text = (...lines: string[]): string => lines.map((line) => `${line}\n`).join('');

test('the same text has no difference', () => assert.equal(unifiedDiff('a\n', 'a\n', ['a', 'b']), ''));

test('a changed line with three lines around it', () => {
  const before = text(...'abcdefghij');
  assert.equal(
    unifiedDiff(before, before.replace('f', 'F'), ['1', '2']),
    text('--- 1', '+++ 2', '@@ -3,7 +3,7 @@', ' c', ' d', ' e', '-f', '+F', ' g', ' h', ' i'),
  );
});

test('what it says is what makes one text of the other', () => {
  let seed = 7;
  const random = (below: number): number => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed % below;
  };
  for (let round = 0; round < 60; round++) {
    const before = Array.from({ length: 1 + random(40) }, () => `line ${random(12)}`);
    const after = before.flatMap((line) =>
      random(5) === 0 ? [] : random(5) === 0 ? [line, `new ${random(9)}`] : [line],
    );
    after.push(`end ${round}`);
    const diff = unifiedDiff(text(...before), text(...after), ['a', 'b']);
    assert.equal(patched(text(...before), diff), text(...after));
  }
});
