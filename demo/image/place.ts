// Where the image lies: in the checkout, or where libvirt-qemu may come when the checkout's parents are closed.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { cache } from '../../setup/place.mjs';
import { reachable } from '../../setup/runtime.mjs';

export function imageFolder(): string {
  const folder = reachable(cache) ? join(cache, 'demo') : '/var/cache/vmoat-demo';
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  return folder;
}
