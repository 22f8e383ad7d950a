// The list of threats: a row for what one source does, the worst first; a click opens the incident seen last.
import type { ThreatGroup } from '../../hostd/api/schema.ts';
import { dateText } from '../domain/moment.ts';
import { hasThreatFilter } from '../domain/place.ts';
import { countText } from '../domain/quantity.ts';
import { groupKey, sourceName, targetName } from '../domain/threat.ts';
import { visible } from '../domain/visible.ts';
import { Empty } from '../ui/empty.tsx';
import { SeverityChip } from '../ui/severity-chip.tsx';
import { type Column, VirtualTable } from '../ui/virtual-table.tsx';
import { useDashboard } from './context.ts';
import { ThreatFilters } from './threat-filters.tsx';

const rowHeight = 36;

const seen = ({ open, incidents }: ThreatGroup): string =>
  open === 0 ? 'acknowledged' : open === incidents ? 'open' : `${countText(open)} open`;

const columns: Column<ThreatGroup>[] = [
  { title: 'Severity', cell: ({ severity }) => <SeverityChip severity={severity} /> },
  { title: 'Threat', kind: 'strong', cell: ({ name }) => name },
  { title: 'From', cell: ({ newest }) => sourceName(newest), tip: ({ newest }) => newest.src ?? '' },
  { title: 'To', cell: targetName, tip: ({ newest }) => newest.dst ?? '' },
  {
    title: 'Evidence',
    cell: ({ newest }) => visible(newest.evidence),
    tip: ({ newest }) => visible(newest.evidence),
  },
  { title: 'Incidents', kind: 'number', cell: ({ incidents }) => countText(incidents) },
  { title: 'Seen', kind: 'number', cell: ({ count }) => countText(count) },
  { title: 'Last seen', kind: 'mono', cell: ({ last }) => dateText(last) },
  { title: 'State', cell: seen },
];

export function ThreatsView() {
  const { threats, places, isLive } = useDashboard();
  const { selection } = places.place.value;
  const opened = threats.opened.value;
  const isOpen = selection?.kind === 'threat' && opened?.id === selection.id;
  const chosen = isOpen && opened ? groupKey(opened) : null;
  const open = (key: string) => {
    const group = threats.groups.value.find((one) => groupKey(one) === key);
    places.select(group && key !== chosen ? { kind: 'threat', id: group.newest.id } : null);
  };
  return (
    <section class={isLive.value ? 'table' : 'table past'} aria-label="Threats">
      <ThreatFilters />
      <VirtualTable
        name="Threats"
        columns={columns}
        items={threats.groups.value}
        rowHeight={rowHeight}
        keyOf={groupKey}
        chosen={chosen}
        onOpen={open}
      />
      <Absent />
    </section>
  );
}

function Absent() {
  const { threats, places } = useDashboard();
  const { loading, error } = threats.state.value;
  const filtered = hasThreatFilter(places.place.value);
  if (threats.groups.value.length > 0) return null;
  if (error)
    return (
      <Empty title="The threats could not be read">
        <p>
          {error.message} {error.hint}
        </p>
        {filtered && <ClearFilter />}
      </Empty>
    );
  if (loading) return <Empty busy title="Reading threats …" />;
  if (filtered)
    return (
      <Empty title="No threat passes the filter">
        <ClearFilter />
      </Empty>
    );
  return <Nothing />;
}

function Nothing() {
  const { places, threats } = useDashboard();
  const { all } = places.place.value.threats;
  return (
    <Empty title={all ? 'No threats in this window' : 'No open threats'}>
      <p>
        vmoat looks for {threats.kinds.value.length || 'many'} kinds of attack in what every tapped machine
        sends and receives. What it finds stands here until somebody acknowledges it.
      </p>
    </Empty>
  );
}

function ClearFilter() {
  const { places } = useDashboard();
  return (
    <button type="button" class="button" onClick={() => places.clearThreatFilter()}>
      Clear the filter
    </button>
  );
}
