// Says plainly when what is shown may be old, why, and when the next attempt comes.
import { clockText } from '../domain/moment.ts';
import { now } from '../ui/clock.ts';
import { useDashboard } from './context.ts';

export function ConnectionBanner() {
  const dashboard = useDashboard();
  const connection = dashboard.connection.value;
  if (connection.state !== 'waiting') return null;
  const seconds = Math.max(0, Math.ceil((connection.nextAt - now.value) / 1000));
  const seen = dashboard.live.value?.at;
  return (
    <div class="banner" role="alert">
      <span>
        <b>Not connected:</b> {connection.reason}.{seen && ` What you see is from ${clockText(seen)}.`} Trying
        again {seconds > 0 ? `in ${seconds} s` : 'now'}.
      </span>
      <button type="button" class="button" onClick={() => dashboard.retry()}>
        Try now
      </button>
    </div>
  );
}
