// The operator's own applications: the `applications` key of a YAML file, checked node by node so that every mistake
// has its line. docs/applications.md describes the form.
import { readFileSync } from 'node:fs';
import {
  type Document,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type YAMLMap,
} from 'yaml';
import { DataplaneError } from './dataplane-error.ts';
import { nearest } from './nearest.ts';

export interface BytePattern {
  /** pairs of hexadecimal digits, `??` for any byte */
  hex: string;
  /** bytes in which all of it must lie; 0: at the very front */
  within: number;
}

/** As the data plane takes it; dp/apps/operator_defined.h says what it does. */
export interface OperatorApplication {
  name: string;
  transports: string[];
  ports: number[];
  client: BytePattern[];
  server: BytePattern[];
}

const APPLICATIONS_MAX = 256;
const PORTS_MAX = 16;
const PATTERN_BYTES_MAX = 64;
const WITHIN_MAX = 256;
const FILE_BYTES_MAX = 1_048_576;
const TRANSPORTS = ['tcp', 'udp', 'sctp'];
const KEYS = ['name', 'transport', 'ports', 'client', 'server'];
const SIDE_KEYS = ['prefix', 'prefixHex', 'contains', 'containsHex', 'within'];

/**
 * Reads a file's `applications`; its other keys are somebody else's. `taken` names are vmoat's own. Throws
 * `bad_applications` with the line.
 */
export function readApplications(path: string, taken: readonly string[]): OperatorApplication[] {
  const lines = new LineCounter();
  const document = parseDocument(textOf(path), { lineCounter: lines });
  const [problem] = document.errors;
  if (problem) throw new DataplaneError('bad_applications', `${path}: ${problem.message}`);
  if (isMap(document.contents) && document.has('applications'))
    return applicationsIn(document, lines, path, taken);
  const keys = isMap(document.contents) ? document.contents.items.map(({ key }) => String(key)) : [];
  const hint = keys.length > 0 ? `; nearest is ${nearest('applications', keys)}` : '';
  throw new DataplaneError('bad_applications', `${path}:1: no applications in it${hint}`);
}

/** The same of a document that was read already. */
export function applicationsIn(
  document: Document,
  lines: LineCounter,
  path: string,
  taken: readonly string[] = [],
): OperatorApplication[] {
  return new Reader(lines, path, taken).all(document.get('applications', true));
}

function textOf(path: string): string {
  try {
    const text = readFileSync(path, 'utf8');
    if (text.length <= FILE_BYTES_MAX) return text;
  } catch (cause) {
    throw new DataplaneError('bad_applications', `${path}: ${(cause as Error).message}`, { cause });
  }
  throw new DataplaneError('bad_applications', `${path}: more than ${FILE_BYTES_MAX} bytes`);
}

class Reader {
  readonly #lines: LineCounter;
  readonly #path: string;
  readonly #names: Set<string>;

  constructor(lines: LineCounter, path: string, taken: readonly string[]) {
    this.#lines = lines;
    this.#path = path;
    this.#names = new Set(taken);
  }

  all(node: unknown): OperatorApplication[] {
    if (isScalar(node) && node.value === null) return [];
    if (!isSeq(node)) throw this.#wrong(node, 'applications is a list');
    if (node.items.length > APPLICATIONS_MAX)
      throw this.#wrong(node, `at most ${APPLICATIONS_MAX} applications are taken`);
    return node.items.map((item) => this.#one(item));
  }

  #one(node: unknown): OperatorApplication {
    const map = this.#map(node, 'an application', KEYS);
    const application = {
      name: this.#name(map),
      transports: this.#transports(map),
      ports: this.#ports(map),
      client: this.#side(map, 'client'),
      server: this.#side(map, 'server'),
    };
    if (application.client.length + application.server.length === 0)
      throw this.#wrong(map, `${application.name} has neither client nor server to go by`);
    return application;
  }

  #name(map: YAMLMap): string {
    const node = map.get('name', true);
    const name = isScalar(node) ? node.value : undefined;
    if (typeof name !== 'string' || !/^[a-z0-9-]{1,32}$/.test(name))
      throw this.#wrong(node ?? map, 'name is 1 to 32 of a-z, 0-9 and -');
    if (this.#names.has(name)) throw this.#wrong(node, `there is an application ${name} already`);
    this.#names.add(name);
    return name;
  }

  #transports(map: YAMLMap): string[] {
    const node = map.get('transport', true);
    if (node === undefined) return ['tcp'];
    const names = isSeq(node) ? node.items : [node];
    return names.map((item) => {
      const name = isScalar(item) ? item.value : undefined;
      if (typeof name === 'string' && TRANSPORTS.includes(name)) return name;
      throw this.#wrong(item, `transport is ${TRANSPORTS.join(', ')} or a list of these`);
    });
  }

  #ports(map: YAMLMap): number[] {
    const node = map.get('ports', true);
    if (node === undefined) return [];
    if (!isSeq(node) || node.items.length > PORTS_MAX)
      throw this.#wrong(node, `ports is a list of at most ${PORTS_MAX} numbers`);
    return node.items.map((item) => this.#number(item, 'a port', 1, 65_535));
  }

  #side(map: YAMLMap, key: 'client' | 'server'): BytePattern[] {
    const node = map.get(key, true);
    if (node === undefined) return [];
    const side = this.#map(node, key, SIDE_KEYS);
    const within = side.has('within')
      ? this.#number(side.get('within', true), 'within', 1, WITHIN_MAX)
      : WITHIN_MAX;
    const patterns = SIDE_KEYS.filter((name) => name !== 'within' && side.has(name)).map((name) => ({
      hex: this.#hex(side, name),
      within: name.startsWith('contains') ? within : 0,
    }));
    if (patterns.length === 0) throw this.#wrong(node, `${key} has a prefix, or something that it contains`);
    for (const { hex, within: room } of patterns)
      if (room > 0 && hex.length / 2 > room)
        throw this.#wrong(node, `within ${room} there is no room for that`);
    return patterns;
  }

  #hex(side: YAMLMap, key: string): string {
    const node = side.get(key, true);
    const text = isScalar(node) ? node.value : undefined;
    const hex = key.endsWith('Hex')
      ? String(text).replaceAll(' ', '')
      : Buffer.from(String(text)).toString('hex');
    const form = /^([0-9a-fA-F]{2}|\?\?)+$/.test(hex) && /[0-9a-fA-F]/.test(hex);
    if (typeof text === 'string' && form && hex.length <= 2 * PATTERN_BYTES_MAX) return hex;
    const what = key.endsWith('Hex') ? 'pairs of hexadecimal digits in quotes, ?? for any byte' : 'text';
    throw this.#wrong(node, `${key} is ${what}, 1 to ${PATTERN_BYTES_MAX} bytes`);
  }

  #number(node: unknown, what: string, min: number, max: number): number {
    const value = isScalar(node) ? node.value : undefined;
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    throw this.#wrong(node, `${what} is a whole number from ${min} to ${max}`);
  }

  #map(node: unknown, what: string, known: readonly string[]): YAMLMap {
    if (!isMap(node)) throw this.#wrong(node, `${what} is made of ${known.join(', ')}`);
    for (const { key } of node.items) {
      const name = String(isScalar(key) ? key.value : key);
      if (!known.includes(name))
        throw this.#wrong(key, `${name}: no such key; nearest is ${nearest(name, known)}`);
    }
    return node;
  }

  #wrong(node: unknown, message: string): DataplaneError {
    const offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
    const { line, col } = this.#lines.linePos(offset);
    return new DataplaneError('bad_applications', `${this.#path}:${line}:${col}: ${message}`);
  }
}
