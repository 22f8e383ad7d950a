// The cursor of a list: where the last page ended, and of which query, so that it fits no other.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { VmoatError } from '../base/errors.ts';
import type { FlowPosition } from '../history/day-file.ts';

const Content = z.strictObject({ first: z.number(), id: z.string().max(64), of: z.string().length(12) });

/** The same for two requests that differ only in their page. */
export const queryMark = (query: Record<string, unknown>): string =>
  createHash('sha256')
    .update(JSON.stringify(Object.entries(query).sort()))
    .digest('base64url')
    .slice(0, 12);

export const writeCursor = (position: FlowPosition, mark: string): string =>
  Buffer.from(JSON.stringify({ ...position, of: mark })).toString('base64url');

/** Throws `bad_cursor` where it is no cursor of the query with this mark. */
export function readCursor(cursor: string, mark: string): FlowPosition {
  const content = Content.safeParse(decoded(cursor));
  if (content.success && content.data.of === mark) return { first: content.data.first, id: content.data.id };
  const message = content.success ? 'the cursor belongs to another query' : 'this is no cursor';
  throw new VmoatError('bad_cursor', message, { field: 'cursor' });
}

function decoded(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return null;
  }
}
