import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VmoatError } from '../base/errors.ts';
import { confirm } from './confirm.ts';
import type { Terminal } from './terminal.ts';

const asked = { says: 'all is open\nfor a while', word: 'allow-all', option: '--yes' };
const terminal = (answer?: string) => {
  const shown: string[] = [];
  const made: Terminal = {
    out: () => undefined,
    err: (text) => void shown.push(text),
    colour: false,
    columns: undefined,
    ...(answer !== undefined && { ask: async () => answer }),
  };
  return { made, shown };
};
const refusal = (thrown: unknown): boolean => thrown instanceof VmoatError && thrown.code === 'not_confirmed';

test('the word goes on, anything else does not', async () => {
  const { made, shown } = terminal(' allow-all ');
  await confirm(made, asked);
  assert.deepEqual(shown, ['all is open\nfor a while\n']);
  for (const answer of ['', 'y', 'allow all'])
    await assert.rejects(confirm(terminal(answer).made, asked), refusal);
});

test('where nobody can be asked the option is named', async () => {
  await assert.rejects(confirm(terminal().made, asked), (thrown) => {
    assert.ok(thrown instanceof VmoatError);
    assert.deepEqual([thrown.code, thrown.hint], ['not_confirmed', 'add --yes where nobody can be asked']);
    return true;
  });
});
