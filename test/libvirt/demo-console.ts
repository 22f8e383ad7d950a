// The shell that a guest of the demo has on its console, as `virsh console` shows it.
import { execFileSync, spawn } from 'node:child_process';

/** What the command prints there. Rejects where it does not end in time. */
export async function onConsole(domain: string, command: string, timeout_s = 30): Promise<string> {
  const pty = execFileSync('virsh', ['-q', 'ttyconsole', domain], { encoding: 'utf8' }).trim();
  const script = 'printf "%s; echo ended $?\\r" "$2" > "$1"; exec timeout "$3" cat "$1"';
  const child = spawn('sh', ['-c', script, 'sh', pty, command, String(timeout_s)]);
  let said = '';
  try {
    for await (const data of child.stdout) {
      said += data;
      const [, printed] = /\r\n([\s\S]*)ended \d+\r\n/.exec(said) ?? [];
      if (printed !== undefined) return printed;
    }
  } finally {
    child.kill();
  }
  throw new Error(`${domain}: ${command}: no end: ${said}`);
}
