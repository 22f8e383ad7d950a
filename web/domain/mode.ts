// Effective modes of ends and of what they say to each other.
import type { GraphEdge, GraphNode } from '../../hostd/api/schema.ts';

type Mode = NonNullable<GraphNode['mode']>;

const MILDEST_FIRST: readonly Mode[] = ['learn', 'monitor', 'protect'];

/** Each end decides by its own mode where no rule speaks: the stricter one holds for both. */
export function edgeModeText(
  nodes: readonly GraphNode[],
  { from, to }: Pick<GraphEdge, 'from' | 'to'>,
): string {
  const modeOf = (id: string): Mode | undefined => nodes.find((node) => node.id === id)?.mode;
  const [client, server] = [modeOf(from), modeOf(to)];
  const effective = MILDEST_FIRST.findLast((mode) => mode === client || mode === server);
  if (!effective) return 'none: neither end bears one';
  if (client === server) return effective;
  return `${effective} (client ${client ?? 'none'}, server ${server ?? 'none'})`;
}
