// The frame that every panel stands in.
import type { ComponentChildren } from 'preact';
import { Icon } from '../ui/icon.tsx';
import { useDashboard } from './context.ts';

type FrameProps = { kind: string; title: ComponentChildren; children: ComponentChildren };

export function PanelFrame({ kind, title, children }: FrameProps) {
  const { places } = useDashboard();
  return (
    <aside class="panel" aria-label={kind}>
      <header>
        <div>
          <p class="kind">{kind}</p>
          <h2>{title}</h2>
        </div>
        <button
          type="button"
          class="button quiet"
          aria-label="Close the panel"
          title="Close (Esc)"
          onClick={() => places.select(null)}
        >
          <Icon name="close" />
        </button>
      </header>
      <div class="scroll">{children}</div>
    </aside>
  );
}

/** What was selected is not there any more, or not in this window. */
export function PanelGone({ kind, id }: { kind: string; id: string }) {
  return (
    <PanelFrame kind={kind} title={id}>
      <p class="hint">It is not on the graph of this time window.</p>
    </PanelFrame>
  );
}
