// Flows as lines of a table for a terminal; column widths come from the first lines and then stay.
import type { FlowJson } from './flow-json.ts';
import { printable } from './printable.ts';

const HEAD = ['PROTO', 'CLIENT', 'SERVER', 'APP', 'PACKETS', 'BYTES', 'SECONDS', 'END', 'NOTES'];
const RIGHT = new Set([4, 5, 6]);
const SAMPLE_ROWS = 500;
/** Facts that say best what a flow is about, the first that is known is shown. */
const TELLING = ['http.host', 'tls.sni', 'dns.query', 'dhcp.hostname', 'ssh.server', 'redis.command'];

/** Collects rows until the widths are known; then gives lines as they come. */
export class FlowTable {
  #sample: string[][] | null = [HEAD];
  #widths: number[] = [];

  /** Lines that can be printed now; none while the widths are not known. */
  add(flow: FlowJson): string {
    const row = cells(flow);
    if (!this.#sample) return this.#line(row);
    this.#sample.push(row);
    return this.#sample.length > SAMPLE_ROWS ? this.finish() : '';
  }

  /** What is still held back. */
  finish(): string {
    const rows = this.#sample ?? [];
    this.#sample = null;
    if (rows.length === 0) return '';
    this.#widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
    return rows.length > 1 ? rows.map((row) => this.#line(row)).join('') : '';
  }

  #line(row: string[]): string {
    const padded = row.map((cell, column) => {
      const width = this.#widths[column] ?? 0;
      return RIGHT.has(column) ? cell.padStart(width) : cell.padEnd(width);
    });
    return `${padded.join('  ').trimEnd()}\n`;
  }
}

function cells(flow: FlowJson): string[] {
  return [
    flow.proto,
    end(flow.src, flow.sport, flow.proto),
    end(flow.dst, flow.dport, flow.proto),
    flow.app ? `${flow.app}${flow.confidence === 'guess' ? '?' : ''}` : '-',
    flow.packets.join('/'),
    flow.bytes.join('/'),
    ((Date.parse(flow.last) - Date.parse(flow.first)) / 1000).toFixed(3),
    flow.end ?? 'open',
    notes(flow),
  ];
}

const WITHOUT_PORTS = new Set(['icmp', 'ipv6-icmp', 'ethernet']);

function end(address: string, port: number, proto: string): string {
  if (WITHOUT_PORTS.has(proto)) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function notes(flow: FlowJson): string {
  const tunnel = flow.tunnel.map(({ kind, id }) => `${kind}:${id}`);
  const telling = TELLING.map((name) => flow.facts?.[name]).find((value) => value !== undefined);
  const said = telling === undefined ? [] : [printable(telling)];
  return [...tunnel, ...flow.threats.map((threat) => `!${threat}`), ...flow.anomalies, ...said].join(' ');
}
