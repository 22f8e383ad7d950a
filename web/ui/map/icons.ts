// The pictures inside the nodes, one a kind, as paths on a 24 × 24 grid.
import type { MapNode } from './messages.ts';

const strokes: Readonly<Record<MapNode['kind'], string>> = {
  vm: 'M4 5.5h16v10H4zM9 19h6M12 15.5V19',
  host: 'M4.5 4.5h15v6h-15zM4.5 13.5h15v6h-15zM8 7.5h.01M8 16.5h.01M12 7.5h4M12 16.5h4',
  network: 'M12 4v4M12 8H6v4M12 8h6v4M4 12h4v4H4zM16 12h4v4h-4zM10 2.5h4v3h-4z',
  external:
    'M12 3.5a8.5 8.5 0 1 0 0 17a8.5 8.5 0 1 0 0-17M3.5 12h17M12 3.5c5 5 5 12 0 17M12 3.5c-5 5-5 12 0 17',
  multicast: 'M12 11v9M8.5 13.5a5 5 0 1 1 7 0M6 16a8.5 8.5 0 1 1 12 0',
  broadcast: 'M12 11v9M8.5 13.5a5 5 0 1 1 7 0M6 16a8.5 8.5 0 1 1 12 0',
  group: 'M4.5 4.5h6v6h-6zM13.5 4.5h6v6h-6zM4.5 13.5h6v6h-6zM13.5 13.5h6v6h-6z',
};

const made = new Map<MapNode['kind'], Path2D>();

export function icon(kind: MapNode['kind']): Path2D {
  const path = made.get(kind) ?? new Path2D(strokes[kind]);
  made.set(kind, path);
  return path;
}
