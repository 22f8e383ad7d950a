// Where the user is: view, selection, window and filters, to and from the query of a URL.
import type { Severity } from '../../hostd/api/schema.ts';
import { isWindowName, type WindowName, windows } from './moment.ts';

export type View = 'map' | 'list' | 'flows' | 'threats';
export type Selection = { kind: 'node' | 'edge' | 'flow' | 'threat'; id: string };
export type Window =
  | { kind: 'live' }
  | { kind: 'last'; name: WindowName }
  | { kind: 'span'; since: string; until: string };
export type Verdict = '' | 'allow' | 'deny' | 'violation';
export type Filter = { workload: string; app: string; port: string; verdict: Verdict; text: string };
/** What of the threats is shown, beside `workload` and `text` of the filter; `severity`: this severe or worse. */
export type ThreatFilter = { name: string; severity: '' | Severity; all: boolean };
export type Place = {
  view: View;
  selection: Selection | null;
  window: Window;
  filter: Filter;
  threats: ThreatFilter;
  follow: boolean;
};

export const noFilter: Filter = { workload: '', app: '', port: '', verdict: '', text: '' };
export const noThreatFilter: ThreatFilter = { name: '', severity: '', all: false };
export const home: Place = {
  view: 'map',
  selection: null,
  window: { kind: 'live' },
  filter: noFilter,
  threats: noThreatFilter,
  follow: true,
};

/** The least first. */
export const severities: readonly Severity[] = ['low', 'medium', 'high', 'critical'];
const textMax = 200;
const views: readonly View[] = ['list', 'flows', 'threats'];
const verdicts: readonly Verdict[] = ['allow', 'deny', 'violation'];

function text(query: URLSearchParams, key: string): string {
  return (query.get(key) ?? '').slice(0, textMax);
}

function time(query: URLSearchParams, key: string): string | null {
  const ms = Date.parse(query.get(key) ?? '');
  return Number.isNaN(ms) ? null : new Date(ms).toISOString();
}

function readSelection(query: URLSearchParams): Selection | null {
  for (const kind of ['node', 'edge', 'flow', 'threat'] as const) {
    const id = text(query, kind);
    if (id) return { kind, id };
  }
  return null;
}

function readWindow(query: URLSearchParams): Window {
  const name = text(query, 'window');
  if (isWindowName(name)) return { kind: 'last', name };
  const since = time(query, 'since');
  const until = time(query, 'until');
  return since && until && since < until ? { kind: 'span', since, until } : { kind: 'live' };
}

function readFilter(query: URLSearchParams): Filter {
  const verdict = verdicts.find((one) => one === query.get('verdict')) ?? '';
  const port = text(query, 'port');
  return {
    workload: text(query, 'workload'),
    app: text(query, 'app'),
    port: /^\d{1,5}$/.test(port) && Number(port) < 65_536 ? port : '',
    verdict,
    text: text(query, 'q'),
  };
}

function readThreatFilter(query: URLSearchParams): ThreatFilter {
  return {
    name: text(query, 'name'),
    severity: severities.find((one) => one === query.get('severity')) ?? '',
    all: query.get('acknowledged') === 'all',
  };
}

/** Reads any query: what is unknown or malformed falls back to the page's start. */
export function readPlace(search: string): Place {
  const query = new URLSearchParams(search);
  return {
    view: views.find((view) => view === query.get('view')) ?? 'map',
    selection: readSelection(query),
    window: readWindow(query),
    filter: readFilter(query),
    threats: readThreatFilter(query),
    follow: query.get('follow') !== 'off',
  };
}

/** The query of a place, `''` or `?…`, leaving out everything that is as at the start. */
export function writePlace(place: Place): string {
  const query = new URLSearchParams();
  const put = (key: string, value: string) => value && query.set(key, value);
  put('view', place.view === 'map' ? '' : place.view);
  if (place.window.kind === 'last') put('window', place.window.name);
  if (place.window.kind === 'span') {
    put('since', place.window.since);
    put('until', place.window.until);
  }
  const { workload, app, port, verdict, text: q } = place.filter;
  for (const [key, value] of Object.entries({ workload, app, port, verdict, q })) put(key, value);
  put('name', place.threats.name);
  put('severity', place.threats.severity);
  put('acknowledged', place.threats.all ? 'all' : '');
  if (place.selection) put(place.selection.kind, place.selection.id);
  put('follow', place.follow ? '' : 'off');
  const written = query.toString();
  return written && `?${written}`;
}

export function hasFilter(filter: Filter): boolean {
  return Object.values(filter).some((value) => value !== '');
}

/** Whether threats are filtered; those that were acknowledged are left out in any case, unless asked for. */
export function hasThreatFilter({ threats, filter }: Place): boolean {
  return [threats.name, threats.severity, filter.workload, filter.text].some((value) => value !== '');
}

/** Since and until of a window as RFC 3339, or null for what is live. */
export function spanOf(window: Window, now: number): { since: string; until: string } | null {
  if (window.kind === 'live') return null;
  if (window.kind === 'span') return { since: window.since, until: window.until };
  return {
    since: new Date(now - windows[window.name] * 1000).toISOString(),
    until: new Date(now).toISOString(),
  };
}
