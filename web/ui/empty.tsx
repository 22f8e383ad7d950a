// What stands where there is nothing to show: what is so, why, and what to do about it.
import type { ComponentChildren } from 'preact';

type Props = { title: string; children?: ComponentChildren; busy?: boolean };

export function Empty({ title, children, busy = false }: Props) {
  return (
    <div class="empty" role="status" aria-busy={busy}>
      <div class={busy ? 'moat busy' : 'moat'} aria-hidden="true" />
      <h2>{title}</h2>
      {children}
    </div>
  );
}
