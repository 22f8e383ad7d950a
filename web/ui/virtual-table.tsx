// A long table of which only the visible rows exist; a row opens by click, or by the button in its first cell.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useVirtualRows } from './virtual-rows.ts';

export type Column<T> = {
  title: string;
  cell: (item: T) => ComponentChildren;
  tip?: (item: T) => string;
  kind?: 'number' | 'mono' | 'strong';
};

type Props<T> = {
  name: string;
  columns: readonly Column<T>[];
  items: readonly T[];
  rowHeight: number;
  keyOf: (item: T) => string;
  chosen: string | null;
  onOpen: (key: string) => void;
  /** The end of the list is near: time to fetch more. */
  onEnd?: () => void;
};

/** Arrow keys go from the open button of one row to that of the next. */
function step(event: KeyboardEvent): void {
  const way =
    event.key === 'ArrowDown'
      ? 'nextElementSibling'
      : event.key === 'ArrowUp'
        ? 'previousElementSibling'
        : null;
  if (!way) return;
  event.preventDefault();
  (event.currentTarget as HTMLElement)[way]?.querySelector('button')?.focus();
}

export function VirtualTable<T>(props: Props<T>) {
  const { name, columns, items, rowHeight, keyOf, chosen, onOpen, onEnd } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const key = (index: number) => {
    const item = items[index];
    return item === undefined ? String(index) : keyOf(item);
  };
  const rows = useVirtualRows(scroller, items.length, rowHeight, key);
  const shown = rows.getVirtualItems();
  const last = shown[shown.length - 1]?.index ?? 0;
  useEffect(() => {
    if (items.length > 0 && last >= items.length - 20) onEnd?.();
  }, [last, items]); // a list that was asked for anew may be as long as the old one, and its end still near
  return (
    <div class="rows" ref={scroller} hidden={items.length === 0}>
      <table class={name.toLowerCase()} aria-label={name} aria-rowcount={items.length + 1}>
        <thead>
          <tr>
            {columns.map(({ title, kind }) => (
              <th key={title} scope="col" class={kind === 'number' ? 'number' : undefined}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody style={{ height: `${rows.getTotalSize()}px` }}>
          {shown.map(({ index, start }) => {
            const item = items[index];
            if (item === undefined) return null;
            const row = { item, columns, index, top: start, isChosen: chosen === keyOf(item) };
            return <Row key={keyOf(item)} {...row} onOpen={() => onOpen(keyOf(item))} />;
          })}
        </tbody>
      </table>
    </div>
  );
}

type RowProps<T> = {
  item: T;
  columns: readonly Column<T>[];
  index: number;
  top: number;
  isChosen: boolean;
  onOpen: () => void;
};

function Row<T>({ item, columns, index, top, isChosen, onOpen }: RowProps<T>) {
  return (
    <tr
      class={isChosen ? 'chosen' : undefined}
      aria-rowindex={index + 2}
      style={{ transform: `translateY(${top}px)` }}
      onClick={onOpen}
      onKeyDown={step}
    >
      {columns.map(({ title, cell, tip, kind }, i) => (
        <td key={title} class={kind} title={tip?.(item)}>
          {i === 0 ? (
            <button type="button" aria-pressed={isChosen}>
              {cell(item)}
            </button>
          ) : (
            cell(item)
          )}
        </td>
      ))}
    </tr>
  );
}
