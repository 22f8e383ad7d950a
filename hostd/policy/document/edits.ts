// Edits of a policy's text as data, so that those of a large one can be made on another thread.
import { addItems, prependItems, removeItems, setKey } from './edit.ts';

export type Edit =
  | { verb: 'set'; path: readonly (string | number)[]; key: string; value: string }
  /** In front of all items of the list, or behind them. */
  | { verb: 'prepend' | 'append'; section: string; items: readonly object[] }
  | { verb: 'remove'; section: string; indices: readonly number[] };

/** As `Reader.edit`; one edit after the other. */
export type EditText = (text: string, edits: readonly Edit[]) => Promise<string>;

export const edited = (text: string, edits: readonly Edit[]): string => edits.reduce(afterEdit, text);

function afterEdit(text: string, edit: Edit): string {
  switch (edit.verb) {
    case 'set':
      return setKey(text, edit.path, edit.key, edit.value);
    case 'prepend':
      return prependItems(text, edit.section, edit.items);
    case 'append':
      return addItems(text, edit.section, edit.items);
    case 'remove':
      return removeItems(text, edit.section, edit.indices);
  }
}
