// TanStack Virtual for Preact: which rows of a long list to render, given its scrolling element.
import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from '@tanstack/virtual-core';
import type { RefObject } from 'preact';
import { useLayoutEffect, useReducer, useRef } from 'preact/hooks';

type Rows = Virtualizer<HTMLElement, HTMLElement>;

/** `height` of a row in pixels; `keyOf` tells rows apart, so that new ones on top do not shift what is read. */
export function useVirtualRows(
  scroller: RefObject<HTMLElement | null>,
  count: number,
  height: number,
  keyOf: (index: number) => string,
): Rows {
  const [, render] = useReducer((turn: number) => turn + 1, 0);
  const made = useRef<Rows | null>(null);
  const options = {
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    getItemKey: keyOf,
    overscan: 12,
    observeElementRect,
    observeElementOffset,
    scrollToFn: elementScroll,
    onChange: () => render(undefined),
  };
  made.current ??= new Virtualizer(options);
  const rows = made.current;
  rows.setOptions(options);
  useLayoutEffect(() => rows._didMount(), []);
  useLayoutEffect(() => rows._willUpdate());
  return rows;
}
