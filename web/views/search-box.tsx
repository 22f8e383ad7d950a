// Finds a node by name, address or application and selects it.
import { useState } from 'preact/hooks';
import { kindTitles } from '../domain/ends.ts';
import { type Hit, search } from '../domain/search.ts';
import { Icon } from '../ui/icon.tsx';
import { useDashboard } from './context.ts';

const shownMax = 8;

export function SearchBox() {
  const { places, graph } = useDashboard();
  const [text, setText] = useState('');
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(0);
  const hits = graph.value && open ? search(graph.value, text, shownMax) : [];
  const choose = (hit: Hit | undefined) => {
    if (!hit) return;
    places.select({ kind: 'node', id: hit.node.id });
    setOpen(false);
    setText(hit.node.name);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown') setActive(Math.min(hits.length - 1, active + 1));
    else if (event.key === 'ArrowUp') setActive(Math.max(0, active - 1));
    else if (event.key === 'Enter') choose(hits[active]);
    else if (event.key === 'Escape') {
      setText('');
      setOpen(false);
      (event.currentTarget as HTMLElement).blur();
    } else return;
    event.preventDefault();
  };
  return (
    <div class="search">
      <Icon name="search" />
      <input
        type="text"
        data-key="search"
        placeholder="Search name, address, application"
        aria-label="Search nodes"
        role="combobox"
        aria-expanded={hits.length > 0}
        aria-controls="search-hits"
        aria-activedescendant={hits.length > 0 ? `hit-${active}` : undefined}
        autocomplete="off"
        spellcheck={false}
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value);
          setActive(0);
          setOpen(true);
        }}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={onKeyDown}
      />
      <kbd>/</kbd>
      {open && text.trim() !== '' && <Hits hits={hits} active={active} onChoose={choose} />}
    </div>
  );
}

function Hits({ hits, active, onChoose }: { hits: Hit[]; active: number; onChoose: (hit: Hit) => void }) {
  return (
    <div class="hits" id="search-hits" role="listbox" aria-label="Nodes found">
      {hits.length === 0 && <p>No node is called that, has that address or serves that application.</p>}
      {hits.map((hit, i) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: keys are handled by the combobox that owns this list
        <div
          key={hit.node.id}
          id={`hit-${i}`}
          role="option"
          tabIndex={-1}
          aria-selected={i === active}
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => onChoose(hit)}
        >
          <b>{hit.node.name}</b>
          <span>{hit.why === hit.node.kind ? kindTitles[hit.node.kind] : hit.why}</span>
        </div>
      ))}
    </div>
  );
}
