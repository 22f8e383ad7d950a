// The page's single-key commands; keys inside fields belong to the fields.
import type { Dashboard } from '../store/dashboard.ts';

export const keyTitles: readonly [string, string][] = [
  ['1  2  3  4', 'Map, list, flows, threats'],
  ['/', 'Search'],
  ['← ↑ → ↓', 'On the map: select the next node that way (with Shift: move the map)'],
  ['Enter', 'In a table: open the row'],
  ['+  −', 'Zoom'],
  ['F', 'Fit the map'],
  ['L', 'Follow live flows, or stop following'],
  ['Esc', 'Close the panel'],
  ['?', 'This list'],
];

function inField(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName))
  );
}

/** Buttons of the map do what the keys do, so the keys press them. */
function press(name: string): void {
  document.querySelector<HTMLElement>(`[data-key="${name}"]`)?.click();
}

function commands(dashboard: Dashboard, help: () => void): Record<string, () => void> {
  const { places } = dashboard;
  return {
    1: () => places.view('map'),
    2: () => places.view('list'),
    3: () => places.view('flows'),
    4: () => places.view('threats'),
    '/': () => document.querySelector<HTMLElement>('[data-key="search"]')?.focus(),
    '+': () => press('zoom-in'),
    '=': () => press('zoom-in'),
    '-': () => press('zoom-out'),
    f: () => press('fit'),
    l: () => places.go({ follow: !places.place.value.follow }),
    Escape: () => places.select(null),
    '?': help,
  };
}

export function listenToKeys(dashboard: Dashboard, help: () => void): () => void {
  const all = commands(dashboard, help);
  const onKey = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented || inField(event.target))
      return;
    if (document.querySelector('dialog[open]')) return;
    const command = all[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!command) return;
    event.preventDefault();
    command();
  };
  document.addEventListener('keydown', onKey);
  return () => document.removeEventListener('keydown', onKey);
}
