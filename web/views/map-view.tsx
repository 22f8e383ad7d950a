// The live map: canvas, legend, controls, tooltip, and what stands there when there is nothing to draw.
import { useMemo, useRef, useState } from 'preact/hooks';
import type { Graph, Workload } from '../../hostd/api/schema.ts';
import type { Selection } from '../domain/place.ts';
import { plural } from '../domain/quantity.ts';
import { search } from '../domain/search.ts';
import type { Strand } from '../domain/strand.ts';
import { Icon } from '../ui/icon.tsx';
import { MapCanvas, type MapHandle } from '../ui/map/map-canvas.tsx';
import type { Pick } from '../ui/map/messages.ts';
import { type Drawing, drawingOf, ratesOf, renewed, sameGraph, sameStructure } from '../ui/map/structure.ts';

import { useDashboard } from './context.ts';
import { GraphAbsent } from './graph-absent.tsx';
import { Legend } from './legend.tsx';
import { MapTooltip } from './map-tooltip.tsx';

const panelWidth = 420;

type Known = { graph: Graph; workloads: readonly Workload[]; drawing: Drawing } | null;

/** The same structure for as long as nothing but rates changed. */
function useDrawing(graph: Graph): Drawing {
  const { workloads } = useDashboard();
  const last = useRef<Known>(null);
  const known = last.current;
  if (known?.graph === graph && known.workloads === workloads.value) return known.drawing;
  const drawing = nextDrawing(known, graph, workloads.value);
  last.current = { graph, workloads: workloads.value, drawing };
  return drawing;
}

function nextDrawing(known: Known, graph: Graph, workloads: readonly Workload[]): Drawing {
  if (known && known.workloads === workloads && sameGraph(known.graph, graph))
    return { ...known.drawing, strands: renewed(known.drawing.strands, known.graph, graph) };
  const next = drawingOf(graph, workloads);
  const same = known && sameStructure(known.drawing.structure, next.structure);
  return same ? { ...next, structure: known.drawing.structure } : next;
}

/** An edge that is drawn as part of a strand is selected by that strand. */
function pickOf(selection: Selection | null, all: readonly Strand[]): Pick {
  if (selection?.kind === 'node') return { kind: 'node', id: selection.id };
  if (selection?.kind !== 'edge') return null;
  const strand = all.find(({ edges }) => edges.some((edge) => edge.id === selection.id));
  return { kind: 'edge', id: strand?.id ?? selection.id };
}

export function MapView() {
  const { graph, inventoried } = useDashboard();
  if (!graph.value || graph.value.nodes.length === 0 || !inventoried.value) return <GraphAbsent />;
  return <MapOf graph={graph.value} />;
}

function MapOf({ graph }: { graph: Graph }) {
  const { places, connection, isLive } = useDashboard();
  const [hover, setHover] = useState<{ pick: Pick; x: number; y: number }>({ pick: null, x: 0, y: 0 });
  const handle = useRef<MapHandle>(() => undefined);
  const { selection, filter } = places.place.value;
  const { structure, strands } = useDrawing(graph);
  const flowing = isLive.value && connection.value.state === 'open';
  const rates = useMemo(() => ratesOf(graph, strands, flowing), [graph, strands, flowing]);
  const focus = useFocus(graph);
  const selected = pickOf(selection, strands);
  return (
    <section class="map" aria-label="Map">
      <MapCanvas
        structure={structure}
        rates={rates}
        selected={selected}
        focus={focus}
        inset={selection && innerWidth > 900 ? panelWidth : 0}
        label={`Map of ${plural(graph.nodes.length, 'node')} and ${plural(graph.edges.length, 'connection')}. Arrow keys select a node; the List view shows the same as tables.`}
        onPick={(pick) => places.select(pick)}
        onHover={(pick, x, y) => setHover({ pick, x, y })}
        onReady={(send) => {
          handle.current = send;
        }}
      />
      <MapTooltip graph={graph} pick={hover.pick} x={hover.x} y={hover.y} />
      <Legend graph={graph} />
      <MapControls send={(message) => handle.current(message)} />
      <p class="hidden" aria-live="polite">
        {selected?.kind === 'node' &&
          `Selected: ${graph.nodes.find((node) => node.id === selected.id)?.name ?? selected.id}`}
      </p>
      {filter.app && (
        <div class="focus" role="status">
          Only {filter.app}
          <button type="button" class="button small" onClick={() => places.filter({ app: '' })}>
            Show all
          </button>
        </div>
      )}
    </section>
  );
}

/** A text or workload filter leaves bright what it finds. */
function useFocus(graph: Graph): { app: string; nodes: string[] | null } {
  const { app, text, workload } = useDashboard().places.place.value.filter;
  const wanted = text || workload;
  const nodes = wanted ? search(graph, wanted, 500).map((hit) => hit.node.id) : null;
  const key = nodes?.join('\n');
  return useMemo(() => ({ app, nodes }), [app, key]);
}

function MapControls({ send }: { send: MapHandle }) {
  return (
    <div class="controls" role="toolbar" aria-label="Map" aria-orientation="vertical">
      <button
        type="button"
        data-key="zoom-in"
        aria-label="Zoom in"
        title="Zoom in (+)"
        onClick={() => send({ kind: 'zoom', factor: 1.35 })}
      >
        <Icon name="plus" />
      </button>
      <button
        type="button"
        data-key="zoom-out"
        aria-label="Zoom out"
        title="Zoom out (−)"
        onClick={() => send({ kind: 'zoom', factor: 1 / 1.35 })}
      >
        <Icon name="minus" />
      </button>
      <button
        type="button"
        data-key="fit"
        aria-label="Fit the map"
        title="Fit the map (F)"
        onClick={() => send({ kind: 'fit' })}
      >
        <Icon name="fit" />
      </button>
      <button
        type="button"
        aria-label="Arrange anew"
        title="Arrange anew"
        onClick={() => send({ kind: 'arrange' })}
      >
        <Icon name="arrange" />
      </button>
    </div>
  );
}
