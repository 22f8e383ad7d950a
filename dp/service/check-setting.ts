// Checks one value of a setting, whether it came as a flag (text) or from the file (YAML).
import { ServiceError } from './service-error.ts';
import type { Setting, Settings } from './settings.ts';

const HOOKS = ['automatic', 'tcx', 'clsact'];
const ENFORCERS = ['automatic', 'splice', 'inplace'];
const OVERLAPS = ['first', 'drop'];
const FALLBACKS = ['none', 'ndpi'];
const PORTS_MAX = 8;

/** The value as the setting's own kind; throws `usage` naming `where` it came from. */
export function checkSetting(setting: Setting, value: unknown, where: string): Settings[keyof Settings] {
  const wrong = (expected: string): ServiceError =>
    new ServiceError('usage', `${where} takes ${expected}, not ${JSON.stringify(value)}`);
  switch (setting.kind) {
    case 'path':
      if (typeof value === 'string' && value.startsWith('/')) return value;
      throw wrong('an absolute path');
    case 'list':
      if (Array.isArray(value) && value.every((entry) => typeof entry === 'string' && entry !== ''))
        return value;
      throw wrong('a list of names');
    case 'hook':
      if (typeof value === 'string' && HOOKS.includes(value)) return value as Settings['hook'];
      throw wrong(HOOKS.join(', '));
    case 'enforcer':
      if (typeof value === 'string' && ENFORCERS.includes(value)) return value as Settings['enforcer'];
      throw wrong(ENFORCERS.join(', '));
    case 'overlap':
      if (typeof value === 'string' && OVERLAPS.includes(value)) return value as Settings['fragmentOverlap'];
      throw wrong(OVERLAPS.join(', '));
    case 'fallback':
      if (typeof value === 'string' && FALLBACKS.includes(value)) return value as Settings['fallback'];
      throw wrong(FALLBACKS.join(', '));
    case 'ports': {
      const list = Array.isArray(value) ? value.map(portNumber) : [];
      if (list.length > 0 && list.length <= PORTS_MAX && list.every((port) => port > 0)) return list;
      throw wrong(`one to ${PORTS_MAX} ports from 1 to 65535`);
    }
    case 'switch':
      if (value === true || value === 'on') return true;
      if (value === false || value === 'off') return false;
      throw wrong('on or off');
    case 'count': {
      const [min, max] = setting.range ?? [0, 2 ** 32 - 1];
      const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
      if (typeof number === 'number' && Number.isInteger(number) && number >= min && number <= max)
        return number;
      throw wrong(`a whole number from ${min} to ${max}`);
    }
  }
}

/** 0 for what is no port. */
function portNumber(value: unknown): number {
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isInteger(number) && number < 65_536 ? number : 0;
}
