// Says, while panic is on, that nothing is enforced and until when.
import { clockText } from '../domain/moment.ts';
import { now } from '../ui/clock.ts';
import { useDashboard } from './context.ts';

export function PanicBanner() {
  const until = useDashboard().status.value?.dataplane.panic?.until;
  if (until === undefined || Date.parse(until) <= now.value) return null;
  return (
    <div class="banner panic" role="alert">
      <span>
        <b>Panic:</b> nothing is dropped or held on this host until {clockText(until)}.{' '}
        <code>vmoat panic --end</code> ends it.
      </span>
    </div>
  );
}
