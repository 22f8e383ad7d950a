// Asks a running hostd over its Unix socket: whether it is up, and how a browser gets in.
import { request } from 'node:http';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SetupFailure } from './failure.mjs';

const READY_WITHIN_MS = 30_000;

/** @param {import('./instance.mjs').Instance} instance; resolves when hostd answers and has its dp */
export async function ready(instance) {
  const end = Date.now() + READY_WITHIN_MS;
  for (;;) {
    const status = await ask(instance, 'GET', '/api/v1/status').catch(() => null);
    if (status?.dataplane?.state === 'connected' && status.libvirt?.state === 'connected') return status;
    if (Date.now() > end)
      throw new SetupFailure(`vmoat is not up after ${READY_WITHIN_MS / 1000} s: ${reason(status)}`, {
        hint: `look into ${join(instance.folder, 'log')}`,
      });
    await sleep(100);
  }
}

function reason(status) {
  if (!status) return 'hostd does not answer';
  return status.dataplane?.state === 'connected'
    ? `libvirt: ${status.libvirt?.reason || status.libvirt?.state}`
    : `vmoat-dp: ${status.dataplane?.reason || status.dataplane?.state}`;
}

/** @returns {Promise<string>} what to open, and how to come there from another machine */
export async function welcome(instance) {
  const login = await ask(instance, 'POST', '/api/v1/web-login');
  const port = new URL(login.url).port || '443';
  return `
  Dashboard    ${login.url}
  Secret       ${login.secret}
               works once, until ${login.expires}; \`npx vmoat web-login\` makes another
  Certificate  SHA-256 ${login.fingerprint}
  From afar    ssh -L ${port}:127.0.0.1:${port} root@${hostname()}
               then open the same address there; or listen elsewhere: -- --listen 0.0.0.0:${port}
`;
}

/** @returns {Promise<any>} the JSON that it answers with; rejects on any other status than 200 */
export function ask({ folder }, method, path) {
  return new Promise((resolve, reject) => {
    const options = {
      socketPath: join(folder, 'run/admin.sock'),
      method,
      path,
      timeout: 5000,
      headers: { 'content-type': 'application/json' },
    };
    const sent = request(options, (answer) => {
      const parts = [];
      answer.on('data', (part) => parts.push(part));
      answer.on('end', () => {
        if (answer.statusCode !== 200)
          return reject(new Error(`${path}: ${answer.statusCode} ${Buffer.concat(parts)}`));
        resolve(JSON.parse(Buffer.concat(parts).toString()));
      });
    });
    sent.on('timeout', () => sent.destroy(new Error(`${path}: no answer`)));
    sent.on('error', reject);
    sent.end(method === 'POST' ? '{}' : undefined);
  });
}
