// Keeps the places of nodes in the browser, so that a map looks the same at the next visit.
import type { Places } from './messages.ts';

const key = 'vmoat.places.v1';
const nodesMax = 5000;

function isPlace(value: unknown): value is [number, number] {
  return Array.isArray(value) && value.length === 2 && value.every((one) => Number.isFinite(one));
}

/** What was stored by anybody is checked entry by entry; a browser without storage remembers nothing. */
export function readPlaces(): Places {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(key) ?? '{}');
    if (typeof value !== 'object' || value === null) return {};
    return Object.fromEntries(
      Object.entries(value).filter((entry): entry is [string, [number, number]] => isPlace(entry[1])),
    );
  } catch {
    return {};
  }
}

export function writePlaces(places: Places): void {
  try {
    localStorage.setItem(key, JSON.stringify(Object.fromEntries(Object.entries(places).slice(-nodesMax))));
  } catch {
    // A full or forbidden storage costs remembered places only.
  }
}
