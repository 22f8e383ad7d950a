// What the shell that runs us runs over. `sudo` takes $SSH_CONNECTION away, so root looks at the processes above, too.
import { readFileSync } from 'node:fs';
import type { ShellSession } from '../../policy/replay/management.ts';

const PARENTS_MAX = 16;

export function shellSession(environment = process.env, parent = process.ppid): ShellSession | null {
  return parsed(environment.SSH_CONNECTION ?? '') ?? above(parent);
}

function above(parent: number): ShellSession | null {
  for (let pid = parent, i = 0; pid > 1 && i < PARENTS_MAX; i++) {
    const found = /(?:^|\0)SSH_CONNECTION=([^\0]*)/.exec(read(`/proc/${pid}/environ`))?.[1];
    if (found !== undefined) return parsed(found);
    // The name of a process may hold anything: what follows its last parenthesis is ours.
    pid = Number(/\) \S (\d+)[^)]*$/.exec(read(`/proc/${pid}/stat`))?.[1] ?? 0);
  }
  return null;
}

/** `CLIENT PORT SERVER PORT` */
function parsed(text: string): ShellSession | null {
  const [client, clientPort, server, serverPort, ...more] = text.split(' ');
  const ports = [Number(clientPort), Number(serverPort)] as const;
  const isGood = ports.every((port) => Number.isInteger(port) && port > 0 && port < 65_536);
  if (!client || !server || more.length > 0 || !isGood || client.length > 64 || server.length > 64)
    return null;
  return { client, clientPort: ports[0], server, serverPort: ports[1] };
}

/** Empty where it cannot be read. */
function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
