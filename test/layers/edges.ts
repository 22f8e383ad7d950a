// The allowed edges between rooms: a room may import itself, the rooms of its own entry, and nothing else.
// Every room that exists must have an entry, and every entry a room.

/** What the engine is made of, and itself. */
const everything: readonly string[] = [
  'engine',
  'capture',
  'enforce',
  'report',
  'threats',
  'apps',
  'policy',
  'session',
  'plumb',
  'parse',
  'base',
  'contract',
];

/** C++ rooms below dp/. An entry names every room that a file of the room may include. */
export const cppEdges: Record<string, readonly string[]> = {
  base: [],
  contract: [],
  bpf: ['contract'],
  parse: ['base', 'contract'],
  session: ['parse', 'base', 'contract'],
  plumb: ['parse', 'base', 'contract'],
  apps: ['session', 'plumb', 'parse', 'base', 'contract'],
  policy: ['session', 'plumb', 'parse', 'base', 'contract'],
  threats: ['apps', 'policy', 'session', 'parse', 'base', 'contract'],
  capture: ['bpf', 'apps', 'policy', 'session', 'plumb', 'parse', 'base', 'contract'],
  enforce: ['bpf', 'session', 'plumb', 'parse', 'base', 'contract'],
  report: ['apps', 'policy', 'session', 'plumb', 'parse', 'base', 'contract'],
  engine: [...everything.filter((room) => room !== 'engine'), 'bpf'],
  binding: everything,
  fuzz: everything,
};

const daemon = ['hostd/base', 'hostd/config'];
const sources = ['hostd/inventory', 'hostd/dataplane', ...daemon];
const knowledge = [
  'hostd/policy',
  'hostd/traffic',
  'hostd/threats',
  'hostd/events',
  'hostd/delivery',
  'hostd/names',
  'hostd/access',
  'hostd/history',
  ...sources,
];

/** TypeScript rooms, from the root. `schema` is hostd/api/schema.ts and its parts, types only for the web. */
export const tsEdges: Record<string, readonly string[]> = {
  'dp/contract': [],
  'dp/client': ['dp/contract'],
  'dp/service': ['dp/client', 'dp/contract'],
  'libvirt-watch': [],
  topology: ['dp/contract'],
  'hostd/base': [],
  'hostd/config': ['hostd/base'],
  'hostd/dataplane': ['dp/client', 'dp/contract', ...daemon],
  'hostd/inventory': ['libvirt-watch', 'topology', 'dp/contract', 'schema', ...daemon],
  'hostd/policy': ['dp/client', 'dp/contract', 'topology', 'schema', ...sources],
  'hostd/traffic': ['dp/client', 'dp/contract', 'topology', 'schema', ...sources],
  'hostd/threats': ['dp/client', 'dp/contract', 'schema', ...sources],
  'hostd/events': ['topology', 'schema', ...sources],
  'hostd/access': ['schema', ...daemon],
  'hostd/delivery': ['dp/client', 'schema', ...sources],
  'hostd/names': ['dp/client', 'dp/contract', 'schema', ...sources],
  'hostd/history': ['dp/contract', 'schema', ...sources],
  'hostd/api': ['schema', ...knowledge],
  'hostd/export': ['dp/contract', 'schema', ...knowledge],
  'hostd/cli': ['dp/client', 'schema', ...knowledge],
  hostd: [
    'dp/client',
    'libvirt-watch',
    'topology',
    'schema',
    'hostd/api',
    'hostd/export',
    'hostd/cli',
    ...knowledge,
  ],
  schema: [],
  'web/domain': ['schema'],
  'web/feed': ['web/domain', 'schema'],
  'web/store': ['web/feed', 'web/domain', 'schema'],
  'web/ui': ['web/domain', 'schema'],
  'web/views': ['web/store', 'web/feed', 'web/ui', 'web/domain', 'schema'],
  web: ['web/views', 'web/store', 'web/feed', 'web/ui', 'web/domain', 'schema'],
};
