// The open threats of a node or an edge, as a button that lists them.
import type { ThreatMark } from '../../hostd/api/schema.ts';
import { noThreatFilter } from '../domain/place.ts';
import { markText } from '../domain/threat.ts';
import { useDashboard } from './context.ts';

/** `workload`: the node whose threats are meant. */
export function ThreatMarks({ mark, workload }: { mark: ThreatMark | undefined; workload: string }) {
  const { places } = useDashboard();
  if (!mark) return null;
  const { filter } = places.place.value;
  return (
    <button
      type="button"
      class={`threat-marks ${mark.worst}`}
      onClick={() =>
        places.go({ view: 'threats', filter: { ...filter, workload, text: '' }, threats: noThreatFilter })
      }
    >
      {markText(mark)}
    </button>
  );
}
