// `threats:` in the configuration file: thresholds by threat, and which threats are off.
import { isMap, isScalar, isSeq, type Node, type YAMLMap } from 'yaml';
import { nearest } from '../client/nearest.ts';
import type { ThreatInfo } from '../contract/protocol.ts';
import { ServiceError } from './service-error.ts';

export interface ThreatSettings {
  /** Names of threats that are off. */
  disabled: string[];
  /** Value by threshold by threat; what is absent is at its standard. */
  thresholds: Record<string, Record<string, number>>;
}

/** Where a node stands: "dp.yaml:7". */
export type Place = (node: unknown) => string;

/** Checks the section against the threats there are; throws `usage` with line and nearest name. */
export function threatSettings(
  section: unknown,
  threats: readonly ThreatInfo[],
  place: Place,
): ThreatSettings {
  const settings: ThreatSettings = { disabled: [], thresholds: {} };
  const names = threats.map(({ name }) => name);
  for (const { key, value } of entries(section, 'threats', place)) {
    if (key.text === 'disabled') {
      settings.disabled = disabled(value, names, place);
      continue;
    }
    const threat = threats.find(({ name }) => name === key.text);
    if (!threat) throw unknown(place(key.node), 'threat', key.text, [...names, 'disabled']);
    settings.thresholds[threat.name] = thresholds(value, threat, place);
  }
  return settings;
}

function thresholds(section: unknown, threat: ThreatInfo, place: Place): Record<string, number> {
  const names = threat.thresholds.map(({ name }) => name);
  const given = entries(section, threat.name, place).map(({ key, value }) => {
    const threshold = threat.thresholds.find(({ name }) => name === key.text);
    if (!threshold) throw unknown(place(key.node), `threshold of ${threat.name}`, key.text, names);
    const { least, most } = threshold;
    const number = isScalar(value) ? value.value : null;
    if (typeof number === 'number' && Number.isInteger(number) && number >= least && number <= most)
      return [threshold.name, number] as const;
    throw usage(
      place(key.node),
      `${threat.name}.${threshold.name} takes a whole number from ${least} to ${most}`,
    );
  });
  return Object.fromEntries(given);
}

function disabled(list: unknown, names: string[], place: Place): string[] {
  if (!isSeq(list)) throw usage(place(list), 'threats.disabled takes a list of names');
  return list.items.map((item) => {
    const name = isScalar(item) ? String(item.value) : '';
    if (!names.includes(name)) throw unknown(place(item), 'threat', name, names);
    return name;
  });
}

interface Entry {
  key: { node: Node; text: string };
  value: unknown;
}

function entries(section: unknown, name: string, place: Place): Entry[] {
  if (!isMap(section)) throw usage(place(section), `${name} takes "key: value" lines`);
  return (section as YAMLMap<Node, unknown>).items.map(({ key, value }) => ({
    key: { node: key, text: isScalar(key) ? String(key.value) : '' },
    value,
  }));
}

const usage = (place: string, text: string): ServiceError => new ServiceError('usage', `${place}: ${text}`);

function unknown(place: string, kind: string, name: string, names: readonly string[]): ServiceError {
  const hint = names.length > 0 ? `nearest is ${nearest(name, names)}` : 'it has none';
  return usage(place, `${name}: no such ${kind}; ${hint}`);
}
