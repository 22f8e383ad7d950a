// Chooses between what is live and a past window.
import { dateText, isWindowName, windows, windowTitles } from '../domain/moment.ts';
import { spanOf } from '../domain/place.ts';
import { useDashboard } from './context.ts';

const local = (time: string): string => dateText(time).slice(0, 16).replace(' ', 'T');

export function WindowPicker() {
  const { places } = useDashboard();
  const { window } = places.place.value;
  const value = window.kind === 'last' ? window.name : window.kind;
  const choose = (name: string) => {
    if (name === 'live') places.window({ kind: 'live' });
    else if (isWindowName(name)) places.window({ kind: 'last', name });
    else
      places.window({
        kind: 'span',
        ...(spanOf({ kind: 'last', name: '1h' }, Date.now()) ?? { since: '', until: '' }),
      });
  };
  return (
    <div class="window">
      {window.kind === 'span' && <SpanFields since={window.since} until={window.until} />}
      <span class={window.kind === 'live' ? 'pulse on' : 'pulse'} aria-hidden="true" />
      <select aria-label="Time window" value={value} onChange={(event) => choose(event.currentTarget.value)}>
        <option value="live">Live</option>
        {Object.keys(windows).map((name) => (
          <option key={name} value={name}>
            {isWindowName(name) ? windowTitles[name] : name}
          </option>
        ))}
        <option value="span">From … to …</option>
      </select>
    </div>
  );
}

function SpanFields({ since, until }: { since: string; until: string }) {
  const { places } = useDashboard();
  const change = (side: 'since' | 'until') => (event: Event) => {
    const ms = Date.parse((event.currentTarget as HTMLInputElement).value);
    if (Number.isNaN(ms)) return;
    const next = { since, until, [side]: new Date(ms).toISOString() };
    if (next.since < next.until) places.window({ kind: 'span', ...next });
  };
  return (
    <span class="span">
      <input type="datetime-local" aria-label="From" value={local(since)} onChange={change('since')} />
      <span aria-hidden="true">–</span>
      <input type="datetime-local" aria-label="To" value={local(until)} onChange={change('until')} />
    </span>
  );
}
