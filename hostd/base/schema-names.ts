// The names that a schema allows in a place, for "did you mean".
import { z } from 'zod';

/** The names allowed directly under `path`, or an empty list where no section of fixed names stands. */
export function namesUnder(schema: unknown, path: readonly PropertyKey[]): string[] {
  let node: unknown = schema;
  for (const step of path) node = inside(node, step);
  return Object.keys(section(node) ?? {});
}

/** The same section under every wrapper (`default`, `optional`, …), or undefined where there is none. */
export function section(node: unknown): Record<string, unknown> | undefined {
  const inner = bare(node);
  if (inner instanceof z.ZodUnion) return inner.options.map(section).find((shape) => shape !== undefined);
  return inner instanceof z.ZodObject ? inner.shape : undefined;
}

function inside(node: unknown, step: PropertyKey): unknown {
  const inner = bare(node);
  if (inner instanceof z.ZodArray) return inner.element;
  if (inner instanceof z.ZodRecord) return inner.valueType;
  if (inner instanceof z.ZodUnion)
    return inner.options.map((option) => inside(option, step)).find((found) => found !== undefined);
  return section(inner)?.[String(step)];
}

function bare(node: unknown): unknown {
  let inner = node;
  while (inner instanceof z.ZodPrefault || inner instanceof z.ZodDefault || inner instanceof z.ZodOptional)
    inner = inner.unwrap();
  return inner;
}
