// A policy of 20,000 rules on a real hostd: whoever asks for something else meanwhile is answered.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PolicyVersion } from '../../hostd/policy/shapes.ts';
import { type Answer, askSocket } from './ask.ts';
import { House } from './house.ts';

const house = new House();
before(() => house.open());
after(() => house.close());

const RULES = 20_000;
const GROUPS = 200;
const groups = Array.from(
  { length: GROUPS },
  (_, n) => `  - { name: g${n}, match: [{ name: { prefix: "g${n}-" } }] }\n`,
);
const rules = Array.from({ length: RULES }, (_, n) => {
  const ends = `from: g${n % GROUPS}, to: g${(n * 7) % GROUPS}`;
  return `  - { id: r${n}, ${ends}, ports: [tcp/${(n % 60_000) + 1}], action: allow }\n`;
});
const TEXT = `version: vmoat/v1\ngroups:\n${groups.join('')}rules:\n${rules.join('')}`;

/** How many questions, one after the other, were answered before the policy was. */
async function answeredMeanwhile(path: string, body: object): Promise<{ count: number; answer: Answer }> {
  let answer: Answer | null = null;
  const asked = askSocket(house.admin, `/api/v1${path}`, { method: 'POST', body }).then((given) => {
    answer = given;
    return given;
  });
  let count = 0;
  while (answer === null) {
    const { status } = await askSocket(house.config.sockets.api, '/api/v1/status');
    assert.equal(status, 200);
    count++;
  }
  return { count, answer: await asked };
}

test('it is applied, and others are answered while it is read', { timeout: 600_000 }, async () => {
  const { count, answer } = await answeredMeanwhile('/policy', { text: TEXT });
  assert.equal(answer.status, 200, answer.text);
  assert.equal(PolicyVersion.parse(answer.json).rules, RULES);
  assert.ok(count >= 20, `${count} answers`);
});

test('it is edited likewise', { timeout: 600_000 }, async () => {
  const { count, answer } = await answeredMeanwhile('/groups/g1/mode', { mode: 'monitor' });
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(
    [PolicyVersion.parse(answer.json).version, PolicyVersion.parse(answer.json).rules],
    [2, RULES],
  );
  assert.ok(count >= 20, `${count} answers`);
});

test('it is tried likewise', { timeout: 600_000 }, async () => {
  const { count, answer } = await answeredMeanwhile('/policy/plan', { text: TEXT });
  assert.equal(answer.status, 200, answer.text);
  assert.ok(count >= 20, `${count} answers`);
});

test('a long text that is one mistake is refused likewise, with a bounded answer', {
  timeout: 600_000,
}, async () => {
  const text = `version: vmoat/v1\nrules: [${'}'.repeat(200_000)}`;
  const { count, answer } = await answeredMeanwhile('/policy', { text });
  assert.equal(answer.status, 400, answer.text.slice(0, 1000));
  assert.ok(answer.text.length < 64 * 1024);
  assert.ok(count >= 20, `${count} answers`);
});
