// Fails on any #include or import that edges.ts does not allow, in either language.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { cppEdges, tsEdges } from './edges.ts';

/** Files that exist and are not ignored, tracked or not. */
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => existsSync(file));
const tsRooms = Object.keys(tsEdges).sort((a, b) => b.length - a.length);

const cppRoom = (file: string): string | undefined => /^dp\/([a-z]+)\//.exec(file)?.[1];

function tsRoom(file: string): string | undefined {
  if (/^hostd\/api\/schema(\/|\.ts$)/.test(file)) return 'schema';
  return tsRooms.find((room) => file.startsWith(`${room}/`));
}

/** Room-to-room edges of one C++ file: includes are written from dp/, "room/file.h". */
function cppImports(file: string): string[] {
  const found = readFileSync(file, 'utf8').matchAll(/^\s*#\s*include\s+"([a-z]+)\/[^"]+"/gm);
  return [...found].flatMap((match) => (match[1] && match[1] in cppEdges ? [match[1]] : []));
}

/** Files that one imports, types among them. */
function tsFiles(file: string): string[] {
  const found = readFileSync(file, 'utf8').matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'(\.[^']+)'/g);
  return [...found].map((match) => normalize(join(dirname(file), match[1] ?? '')));
}

const tsImports = (file: string): string[] => tsFiles(file).flatMap((other) => tsRoom(other) ?? []);

/** Files that import each other, by whatever way round; empty: none. */
function circle(sources: readonly string[]): string[] {
  const done = new Set<string>();
  const walk = (file: string, path: readonly string[]): string[] => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file) || !sources.includes(file)) return [];
    for (const other of tsFiles(file)) {
      const found = walk(other, [...path, file]);
      if (found.length > 0) return found;
    }
    done.add(file);
    return [];
  };
  for (const file of sources) {
    const found = walk(file, []);
    if (found.length > 0) return found;
  }
  return [];
}

function forbidden(
  names: string[],
  roomOf: (file: string) => string | undefined,
  importsOf: (file: string) => string[],
  edges: Record<string, readonly string[]>,
): string[] {
  return names.flatMap((file) => {
    const room = roomOf(file);
    if (!room) return [];
    const allowed = edges[room];
    if (!allowed) return [`${file}: room ${room} has no entry in edges.ts`];
    return importsOf(file)
      .filter((target) => target !== room && !allowed.includes(target))
      .map((target) => `${file}: ${room} may not import ${target}`);
  });
}

test('C++ rooms include only what lies below them', () => {
  const sources = files.filter((file) => /^dp\/.*\.(cc|h|c)$/.test(file));
  assert.ok(sources.length > 0);
  assert.deepEqual(forbidden(sources, cppRoom, cppImports, cppEdges), []);
});

test('TypeScript rooms import only what lies below them', () => {
  const sources = files.filter((file) => /\.tsx?$/.test(file) && !/\.test\.tsx?$/.test(file));
  assert.ok(sources.length > 0);
  assert.deepEqual(forbidden(sources, tsRoom, tsImports, tsEdges), []);
});

test('no TypeScript files import each other, not even for types', () => {
  assert.deepEqual(circle(files.filter((file) => /\.tsx?$/.test(file))), []);
});

test('the web knows types of the API only', () => {
  const values = files
    .filter((file) => /^web\/.*\.tsx?$/.test(file) && !/\.test\.tsx?$/.test(file))
    .filter((file) => /^import (?!type)[^;]*hostd\//m.test(readFileSync(file, 'utf8')));
  assert.deepEqual(values, []);
});

test('the table has no cycle', () => {
  for (const edges of [cppEdges, tsEdges])
    for (const [room, below] of Object.entries(edges))
      for (const other of below)
        assert.ok(!edges[other]?.includes(room), `${room} and ${other} know each other`);
});
