// The most recent flows of a node or an edge, asked once and renewed by what the stream brings.
import { useEffect, useState } from 'preact/hooks';
import type { Flow } from '../../hostd/api/schema.ts';
import { endName } from '../domain/ends.ts';
import { matches } from '../domain/flow-filter.ts';
import { clockText } from '../domain/moment.ts';
import { type Filter, noFilter, spanOf } from '../domain/place.ts';
import { bytesText } from '../domain/quantity.ts';
import { isStopped } from '../domain/stopped.ts';
import { ApplicationChip } from '../ui/application-chip.tsx';
import { useDashboard } from './context.ts';

const shownMax = 12;

type Props = { filter: Partial<Filter>; keep: (flow: Flow) => boolean };

export function useRecentFlows({ filter, keep }: Props): { flows: Flow[]; failed: string } {
  const dashboard = useDashboard();
  const [flows, setFlows] = useState<Flow[]>([]);
  const [failed, setFailed] = useState('');
  const whole = { ...noFilter, ...filter };
  const { window } = dashboard.places.place.value;
  const key = JSON.stringify([whole, window]);
  const join = (news: readonly Flow[], old: readonly Flow[]) => {
    const fresh = news.filter((flow) => matches(flow, whole) && keep(flow));
    const renewed = new Set(fresh.map((flow) => flow.id));
    const all = [...fresh, ...old.filter((flow) => !renewed.has(flow.id))];
    return all.sort((a, b) => (a.last < b.last ? 1 : -1)).slice(0, shownMax);
  };
  useEffect(() => {
    const asking = new AbortController();
    dashboard.api
      .flows({ filter: whole, span: spanOf(window, Date.now()), limit: 100 }, asking.signal)
      .then((page) => setFlows(join(page.items, [])))
      .catch((error) => !asking.signal.aborted && setFailed(String(error.message ?? error)));
    return () => asking.abort();
  }, [key]);
  const heard = dashboard.heard.value;
  useEffect(() => {
    if (window.kind === 'live' && heard.length > 0) setFlows((old) => join(heard, old));
  }, [heard]);
  return { flows, failed };
}

export function FlowRows({ flows }: { flows: readonly Flow[] }) {
  const { places } = useDashboard();
  return (
    <ul class="flow-rows">
      {flows.map((flow) => (
        <li key={flow.id}>
          <button type="button" onClick={() => places.select({ kind: 'flow', id: flow.id })}>
            <time>{clockText(flow.last)}</time>
            <span class="ends">
              {endName(flow, 'from')} → {endName(flow, 'to')}
            </span>
            <ApplicationChip app={flow.app} />
            <span class="number">{bytesText(flow.bytes[0] + flow.bytes[1])}</span>
            {isStopped(flow) ? (
              <span class="end bad">{flow.enforced}</span>
            ) : (
              <span class={flow.end ? 'end' : 'end open'}>{flow.end ?? 'open'}</span>
            )}
          </button>
        </li>
      ))}
    </ul>
  );
}

export function RecentFlows(props: Props) {
  const { flows, failed } = useRecentFlows(props);
  if (failed) return <p class="hint">The flows could not be read: {failed}</p>;
  return flows.length === 0 ? <p class="hint">No flows in this window.</p> : <FlowRows flows={flows} />;
}
