// The configuration file of vmoat-dp: YAML, every key known, an error names its line.
import { readFileSync } from 'node:fs';
import { isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml';
import { DataplaneError } from '../client/dataplane-error.ts';
import { nearest } from '../client/nearest.ts';
import { applicationsIn } from '../client/operator-applications.ts';
import type { ThreatInfo } from '../contract/protocol.ts';
import { checkSetting } from './check-setting.ts';
import { ServiceError } from './service-error.ts';
import { SETTINGS, type Settings } from './settings.ts';
import { type Place, threatSettings } from './threat-settings.ts';

const FILE_BYTES_MAX = 1_048_576;
const KEYS = [...SETTINGS.map(({ key }) => key), 'applications', 'threats'];

/** What the file sets, `threats` being all there are. Throws `usage` with file and line. */
export function readConfigFile(path: string, threats: () => readonly ThreatInfo[]): Partial<Settings> {
  return parseConfig(read(path), path, threats);
}

/** As readConfigFile, from text. */
export function parseConfig(
  text: string,
  path: string,
  threats: () => readonly ThreatInfo[],
): Partial<Settings> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const values = plain(document, path);
  if (!isMap(document.contents)) return {};
  const place: Place = (node) =>
    `${path}:${isNode(node) && node.range ? lines.linePos(node.range[0]).line : 1}`;
  return Object.fromEntries(
    document.contents.items.map(({ key, value }) => {
      const name = isScalar(key) ? String(key.value) : '';
      if (name === 'applications') return [name, applications(document, lines, path)];
      if (name === 'threats') return [name, threatSettings(value, threats(), place)];
      return [name, checked(name, values[name], `${place(key)}: ${name}`)];
    }),
  );
}

function applications(...read: Parameters<typeof applicationsIn>): Settings['applications'] {
  try {
    return applicationsIn(...read);
  } catch (cause) {
    if (!(cause instanceof DataplaneError)) throw cause;
    throw new ServiceError('usage', cause.message, { cause });
  }
}

function plain(document: ReturnType<typeof parseDocument>, path: string): Record<string, unknown> {
  const [problem] = document.errors;
  if (problem) throw new ServiceError('usage', `${path}: ${problem.message}`);
  if (document.contents === null) return {};
  if (!isMap(document.contents)) throw new ServiceError('usage', `${path}: settings are "key: value" lines`);
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch (cause) {
    throw new ServiceError('usage', `${path}: no aliases, please`, { cause });
  }
}

function checked(name: string, value: unknown, where: string): unknown {
  const setting = SETTINGS.find((known) => known.key === name);
  if (!setting)
    throw new ServiceError('usage', `${where}: no such setting; nearest is ${nearest(name, KEYS)}`);
  return checkSetting(setting, value, where);
}

function read(path: string): string {
  try {
    const text = readFileSync(path, 'utf8');
    if (text.length <= FILE_BYTES_MAX) return text;
  } catch (cause) {
    throw new ServiceError('usage', `${path}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
  throw new ServiceError('usage', `${path}: more than ${FILE_BYTES_MAX} bytes`);
}
