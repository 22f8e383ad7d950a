import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { When } from '../config/delivery.ts';
import { glob, Responses } from './responses.ts';
import { testEvent } from './test-event.ts';

const event = testEvent({
  kind: 'threat',
  severity: 'high',
  subjects: [
    { kind: 'threat', id: '1', name: 'ssh-v1' },
    { kind: 'vm', id: 'uuid-web', name: 'web-1' },
  ],
});

const cases: [name: string, when: When, matches: boolean][] = [
  ['nothing given: everything', {}, true],
  ['the kind', { kinds: ['nic-gone', 'threat'] }, true],
  ['a kind by pattern', { kinds: ['thr*'] }, true],
  ['another kind', { kinds: ['nic-*'] }, false],
  ['this severe', { severity: 'high' }, true],
  ['less severe is enough', { severity: 'low' }, true],
  ['not severe enough', { severity: 'critical' }, false],
  ['a name', { name: 'web-?' }, true],
  ['another name', { name: 'db-*' }, false],
  ['the name of the threat', { name: 'ssh-v1' }, true],
  ['a group', { group: 'web' }, true],
  ['another group', { group: 'db' }, false],
  ['all but one hold', { kinds: ['threat'], severity: 'low', name: 'web-1', group: 'db' }, false],
];
for (const [name, when, matches] of cases)
  test(`a response matches by ${name}`, () => {
    const responses = new Responses({
      rules: [{ name: 'one', when, do: [{ webhook: 'ops' }, { syslog: 'all' }] }],
      groupsOf: ({ kind }) => (kind === 'vm' ? ['web'] : []),
    });
    assert.deepEqual(responses.to(event), matches ? [{ webhook: 'ops' }, { syslog: 'all' }] : []);
  });

test('patterns mean characters, not expressions', () => {
  assert.ok(glob('a.c').test('a.c'));
  assert.ok(!glob('a.c').test('abc'));
  assert.ok(glob('*').test('line\nbreak'));
  assert.ok(glob('w?b(*)').test('web(1)'));
  assert.ok(glob('ü-*').test('ü-1'));
  assert.ok(!glob('web').test('web-1'));
});
