// The graph as a table of edges, or in Graphviz' language.

import { printable } from '../../dp/client/printable.ts';
import type { Graph, GraphEdge, GraphNode } from '../api/schema.ts';
import { service } from '../base/service-text.ts';
import { appText } from './flow-text.ts';
import { modesText } from './mode-text.ts';
import { bytes, clockTime, short } from './quantity.ts';
import { type Column, table } from './table.ts';
import type { Terminal } from './terminal.ts';

const rate = ([out, into]: [number, number]): string => `${bytes(out)}/s ${bytes(into)}/s`;

export function graphTable(graph: Graph, terminal: Terminal, now_ms: number): string {
  const names = new Map(graph.nodes.map((node) => [node.id, node.name]));
  const columns: Column<GraphEdge>[] = [
    { title: 'FROM', text: (edge) => names.get(edge.from) ?? edge.from },
    { title: 'TO', text: (edge) => names.get(edge.to) ?? edge.to },
    { title: 'APP', text: (edge) => appText(edge.app, edge.confidence), style: () => 'cyan' },
    { title: 'SERVICE', text: (edge) => service(edge.proto, edge.port) },
    { title: 'MODE', text: (edge) => modesText(edge.modes) },
    { title: 'OPEN', text: (edge) => short(edge.open), right: true },
    { title: 'SESSIONS', text: (edge) => short(edge.sessions), right: true },
    { title: 'BYTES', text: (edge) => `${bytes(edge.bytes[0])}/${bytes(edge.bytes[1])}`, right: true },
    { title: 'RATE', text: (edge) => rate(edge.rate), right: true },
    { title: 'LAST', text: (edge) => clockTime(edge.last, now_ms), style: () => 'dim' },
  ];
  const name = (id: string): string => names.get(id) ?? id;
  const order = (a: GraphEdge, b: GraphEdge): number =>
    name(a.from).localeCompare(name(b.from)) || name(a.to).localeCompare(name(b.to)) || a.port - b.port;
  return table(terminal, columns, [...graph.edges].sort(order));
}

const SHAPES: Partial<Record<GraphNode['kind'], string>> = {
  host: 'house',
  external: 'cloud',
  network: 'ellipse',
};

/** Quoted as DOT wants it: only quote and backslash mean something. */
const quoted = (text: string): string => `"${printable(text).replace(/[\\"]/g, '\\$&')}"`;

export function graphDot(graph: Graph): string {
  const nodes = graph.nodes.map(
    (node) => `  ${quoted(node.id)} [label=${quoted(node.name)}, shape=${SHAPES[node.kind] ?? 'box'}];\n`,
  );
  const edges = graph.edges.map((edge) => {
    const label = `${appText(edge.app, edge.confidence) || 'unknown'} ${service(edge.proto, edge.port)}`;
    return `  ${quoted(edge.from)} -> ${quoted(edge.to)} [label=${quoted(label)}];\n`;
  });
  return `digraph vmoat {\n  rankdir=LR;\n${nodes.join('')}${edges.join('')}}\n`;
}
