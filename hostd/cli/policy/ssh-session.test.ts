import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { shellSession } from './ssh-session.ts';

const SESSION = { client: '2001:db8::1', clientPort: 40_000, server: '192.0.2.1', serverPort: 2222 };
const SSH_CONNECTION = '2001:db8::1 40000 192.0.2.1 2222';

test('the session of the environment', () => {
  assert.deepEqual(shellSession({ SSH_CONNECTION }, 1), SESSION);
  for (const text of ['', 'a b c d', 'a 1 b', 'a 1 b 2 c', 'a 0 b 70000', `${'x'.repeat(65)} 1 b 2`])
    assert.equal(shellSession({ SSH_CONNECTION: text }, 1), null, text);
});

test('that of a process above, where sudo took ours away', async () => {
  const shell = spawn('sleep', ['60'], { env: { PATH: process.env.PATH, SSH_CONNECTION }, stdio: 'ignore' });
  try {
    await once(shell, 'spawn');
    assert.deepEqual(shellSession({}, shell.pid), SESSION);
  } finally {
    shell.kill();
  }
});
