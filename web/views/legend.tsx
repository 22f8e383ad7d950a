// The applications on the map with their colours; pressing one leaves only its edges bright.
import type { Graph } from '../../hostd/api/schema.ts';
import { colourOf } from '../domain/application.ts';
import { legend } from '../domain/legend.ts';
import { bytesText, rateText } from '../domain/quantity.ts';
import { theme } from '../ui/look.ts';
import { useDashboard } from './context.ts';

const shownMax = 14;

export function Legend({ graph }: { graph: Graph }) {
  const { places, isLive } = useDashboard();
  const entries = legend(graph);
  const chosen = places.place.value.filter.app;
  if (entries.length === 0) return null;
  return (
    <fieldset class="legend" aria-label="Applications">
      {entries.slice(0, shownMax).map(({ app, rate, bytes }) => (
        <button
          key={app}
          type="button"
          aria-pressed={chosen === app}
          class={chosen && chosen !== app ? 'faded' : ''}
          style={{ '--tint': colourOf(app, theme()) }}
          onClick={() => places.filter({ app: chosen === app ? '' : app })}
        >
          <i aria-hidden="true" />
          <span>{app}</span>
          <small>{isLive.value ? rateText(rate) : bytesText(bytes)}</small>
        </button>
      ))}
      {entries.length > shownMax && <p>and {entries.length - shownMax} more in the list</p>}
    </fieldset>
  );
}
