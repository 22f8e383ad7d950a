// Name, views, search and the time window.
import type { View } from '../domain/place.ts';
import { countText } from '../domain/quantity.ts';
import { openCount, worstOpen } from '../domain/threat.ts';
import { Icon } from '../ui/icon.tsx';
import { useDashboard } from './context.ts';
import { SearchBox } from './search-box.tsx';
import { WindowPicker } from './window-picker.tsx';

const views: readonly [View, string][] = [
  ['map', 'Map'],
  ['list', 'List'],
  ['flows', 'Flows'],
  ['threats', 'Threats'],
];

export function Header({ onHelp }: { onHelp: () => void }) {
  const { places } = useDashboard();
  const { view } = places.place.value;
  return (
    <header class="header">
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <div class="brand">
        <img src="/icon.svg" width="26" height="26" alt="" />
        <span>vmoat</span>
      </div>
      <nav class="tabs" aria-label="Views">
        {views.map(([name, title]) => (
          <button
            key={name}
            type="button"
            aria-current={view === name ? 'page' : undefined}
            onClick={() => places.view(name)}
          >
            {title}
            {name === 'threats' && <OpenThreats />}
          </button>
        ))}
      </nav>
      <div class="space" />
      <SearchBox />
      <WindowPicker />
      <button type="button" class="button quiet" onClick={onHelp} aria-label="Keys" title="Keys (?)">
        <Icon name="help" />
      </button>
    </header>
  );
}

function OpenThreats() {
  const { status } = useDashboard();
  const worst = status.value && worstOpen(status.value);
  if (!status.value || !worst) return null;
  return (
    <span class={`count ${worst}`} title={`open, the worst: ${worst}`}>
      {countText(openCount(status.value))}
    </span>
  );
}
