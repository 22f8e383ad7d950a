// The panel beside the view: the selected node, edge, flow or threat.
import { useDashboard } from './context.ts';
import { EdgePanel } from './edge-panel.tsx';
import { FlowPanel } from './flow-panel.tsx';
import { NodePanel } from './node-panel.tsx';
import { ThreatPanel } from './threat-panel.tsx';

export function SelectionPanel() {
  const { selection } = useDashboard().places.place.value;
  if (!selection) return null;
  if (selection.kind === 'node') return <NodePanel key={selection.id} id={selection.id} />;
  if (selection.kind === 'edge') return <EdgePanel key={selection.id} id={selection.id} />;
  if (selection.kind === 'threat') return <ThreatPanel key={selection.id} id={selection.id} />;
  return <FlowPanel key={selection.id} id={selection.id} />;
}
