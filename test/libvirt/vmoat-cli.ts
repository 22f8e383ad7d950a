// The command line as a test uses it: parsed JSON, and a followed output line by line.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { Flow, Graph, Nic, Status, ThreatGroup, Workload } from '../../hostd/api/schema.ts';
import { VMOAT } from '../programs.ts';

const exec = promisify(execFile);

export class VmoatCli {
  private readonly socket: string;

  constructor(socket: string) {
    this.socket = socket;
  }

  status = (): Promise<Status> => this.json('status');
  graph = (): Promise<Graph> => this.json('graph');
  vms = (): Promise<Workload[]> => this.json('vm', 'list');
  nics = (): Promise<Nic[]> => this.json('nic', 'list');
  /** Also those that were acknowledged. */
  threats = async (since: Date): Promise<ThreatGroup[]> =>
    (await this.run('threats', '--all', '--since', since.toISOString(), '-o', 'json'))
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as ThreatGroup);

  /** `vmoat flows -f -o json`: calls back with each line and the time when it came. */
  followFlows(take: (flow: Flow, at: number) => void): ChildProcess {
    const child = spawn(process.execPath, [VMOAT, '--socket', this.socket, 'flows', '-f', '-o', 'json'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    createInterface({ input: child.stdout }).on('line', (line) => take(JSON.parse(line) as Flow, Date.now()));
    return child;
  }

  /** The same, parsed by the schema that the API answers by. */
  parsed = async <T>(schema: { parse: (json: unknown) => T }, ...args: string[]): Promise<T> =>
    schema.parse(await this.json(...args));

  private async json<T>(...args: string[]): Promise<T> {
    return JSON.parse(await this.run(...args, '-o', 'json')) as T;
  }

  async run(...args: string[]): Promise<string> {
    const argv = [VMOAT, '--socket', this.socket, ...args];
    return (await exec(process.execPath, argv, { timeout: 60_000, maxBuffer: 64 << 20 })).stdout;
  }
}
