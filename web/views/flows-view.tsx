// The table of flows: filters above, rows as they come or from history, a click opens every field.
import type { Flow } from '../../hostd/api/schema.ts';
import { endName } from '../domain/ends.ts';
import { clockText, dateText } from '../domain/moment.ts';
import { hasFilter } from '../domain/place.ts';
import { portName, socketText } from '../domain/port.ts';
import { bytesText, countText, plural } from '../domain/quantity.ts';
import { isStopped } from '../domain/stopped.ts';
import { ApplicationChip } from '../ui/application-chip.tsx';
import { Empty } from '../ui/empty.tsx';
import { type Column, VirtualTable } from '../ui/virtual-table.tsx';
import { useDashboard } from './context.ts';
import { FlowFilters } from './flow-filters.tsx';

const rowHeight = 34;

export function FlowsView() {
  const { table, places, isLive } = useDashboard();
  const { selection } = places.place.value;
  const chosen = selection?.kind === 'flow' ? selection.id : null;
  return (
    <section class={isLive.value ? 'table' : 'table past'} aria-label="Flows">
      <FlowFilters />
      <Waiting />
      <VirtualTable
        name="Flows"
        columns={isLive.value ? liveColumns : pastColumns}
        items={table.rows.value}
        rowHeight={rowHeight}
        keyOf={(flow) => flow.id}
        chosen={chosen}
        onOpen={(id) => places.select(id === chosen ? null : { kind: 'flow', id })}
        onEnd={() => void table.loadMore()}
      />
      <Absent />
    </section>
  );
}

const fromSocket = (flow: Flow): string => socketText(flow.proto, flow.src, flow.sport);
const toSocket = (flow: Flow): string => socketText(flow.proto, flow.dst, flow.dport);

function End({ name, socket }: { name: string; socket: string }) {
  return (
    <>
      <b>{name}</b> {name !== socket && <small class="mono">{socket}</small>}
    </>
  );
}

function Verdict({ flow }: { flow: Flow }) {
  if (flow.threats.length > 0) return <span class="bad">threat</span>;
  if (isStopped(flow)) return <span class="bad">{flow.enforced}</span>;
  return flow.violation ? <span class="bad">violation</span> : <span>{flow.verdict ?? '–'}</span>;
}

function columns(timeOf: (time: string) => string): Column<Flow>[] {
  return [
    {
      title: 'Last seen',
      kind: 'mono',
      cell: (flow) => timeOf(flow.last),
      tip: (flow) => dateText(flow.last),
    },
    {
      title: 'Client',
      cell: (flow) => <End name={endName(flow, 'from')} socket={fromSocket(flow)} />,
      tip: fromSocket,
    },
    {
      title: 'Server',
      cell: (flow) => <End name={endName(flow, 'to')} socket={toSocket(flow)} />,
      tip: toSocket,
    },
    {
      title: 'Application',
      cell: (flow) => <ApplicationChip app={flow.app} guess={flow.confidence === 'guess'} />,
    },
    { title: 'Port', kind: 'mono', cell: (flow) => portName(flow.proto, flow.dport) },
    { title: 'Bytes', kind: 'number', cell: (flow) => bytesText(flow.bytes[0] + flow.bytes[1]) },
    { title: 'Packets', kind: 'number', cell: (flow) => countText(flow.packets[0] + flow.packets[1]) },
    {
      title: 'State',
      cell: (flow) => <span class={flow.end ? 'end' : 'end open'}>{flow.end ?? 'open'}</span>,
    },
    { title: 'Verdict', cell: (flow) => <Verdict flow={flow} /> },
  ];
}

const liveColumns = columns(clockText);
const pastColumns = columns(dateText);

/** Tells of flows that wait while following is off. */
function Waiting() {
  const { table } = useDashboard();
  if (table.waiting.value === 0) return null;
  return (
    <button type="button" class="waiting" onClick={() => table.release()}>
      {plural(table.waiting.value, 'new flow')}: show
    </button>
  );
}

function Absent() {
  const { table, places } = useDashboard();
  const { loading, error } = table.state.value;
  if (table.rows.value.length > 0) return null;
  if (error)
    return (
      <Empty title="The flows could not be read">
        <p>
          {error.message} {error.hint}
        </p>
        {hasFilter(places.place.value.filter) && <ClearFilter />}
      </Empty>
    );
  if (loading) return <Empty busy title="Reading flows …" />;
  if (!hasFilter(places.place.value.filter))
    return (
      <Empty title="No flows yet">
        <p>As soon as a tapped machine sends or receives something, it stands here.</p>
      </Empty>
    );
  return (
    <Empty title="Nothing matches the filter">
      <p>Loosen it, choose a longer window, or start over.</p>
      <ClearFilter />
    </Empty>
  );
}

function ClearFilter() {
  const { places } = useDashboard();
  return (
    <button type="button" class="button" onClick={() => places.clearFilter()}>
      Clear the filter
    </button>
  );
}
