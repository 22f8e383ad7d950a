// What the user's system asks for: dark or light, and whether things may move; followed as it changes.
import { signal } from '@preact/signals';
import type { Theme } from '../domain/application.ts';

function followed(query: string) {
  const list = matchMedia(query);
  const value = signal(list.matches);
  list.addEventListener('change', () => {
    value.value = list.matches;
  });
  return value;
}

const light = followed('(prefers-color-scheme: light)');
/** True when the user wants no motion. */
export const still = followed('(prefers-reduced-motion: reduce)');

export function theme(): Theme {
  return light.value ? 'light' : 'dark';
}
