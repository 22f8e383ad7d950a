// Holds the place (view, selection, window, filters) as a signal and keeps it and the URL the same.
import { type Signal, signal } from '@preact/signals';
import {
  type Filter,
  home,
  type Place,
  readPlace,
  type Selection,
  type View,
  type Window,
  writePlace,
} from '../domain/place.ts';

/** The part of the browser that this needs. */
export type Address = {
  search: () => string;
  push: (search: string) => void;
  replace: (search: string) => void;
  onBack: (run: () => void) => void;
};

export class PlaceStore {
  readonly place: Signal<Place>;
  readonly #address: Address;

  constructor(address: Address) {
    this.#address = address;
    this.place = signal(readPlace(address.search()));
    address.onBack(() => {
      this.place.value = readPlace(address.search());
    });
  }

  /** Goes somewhere; `quiet` changes (typing in a field) do not become a step that "back" returns to. */
  go(change: Partial<Place>, quiet = false): void {
    const next = { ...this.place.value, ...change };
    const search = writePlace(next);
    if (search === writePlace(this.place.value)) return;
    this.place.value = next;
    if (quiet) this.#address.replace(search);
    else this.#address.push(search);
  }

  view(view: View): void {
    this.go({ view });
  }

  select(selection: Selection | null): void {
    this.go({ selection });
  }

  window(window: Window): void {
    this.go({ window });
  }

  filter(change: Partial<Filter>, quiet = false): void {
    this.go({ filter: { ...this.place.value.filter, ...change } }, quiet);
  }

  clearFilter(): void {
    this.go({ filter: home.filter });
  }

  /** Whether acknowledged threats are shown, too, stays as it is. */
  clearThreatFilter(): void {
    const { filter, threats } = this.place.value;
    this.go({
      filter: { ...filter, workload: '', text: '' },
      threats: { ...home.threats, all: threats.all },
    });
  }
}

export function browserAddress(browser: typeof globalThis.window): Address {
  return {
    search: () => browser.location.search,
    push: (search) => browser.history.pushState(null, '', search || browser.location.pathname),
    replace: (search) => browser.history.replaceState(null, '', search || browser.location.pathname),
    onBack: (run) => browser.addEventListener('popstate', run),
  };
}
