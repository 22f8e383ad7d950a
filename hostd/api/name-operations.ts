// The operation on names that DNS taught.
import { isIPv6 } from 'node:net';
import type { NameFilter } from '../names/names.ts';
import { queryMark, readCursor, writeCursor } from './cursor.ts';
import { operation } from './operation.ts';
import { LIMIT_DEFAULT, type NameFilterQuery, NamesQuery, NoQuery } from './queries.ts';
import { LearnedName, Page } from './schema.ts';
import type { ApiSources } from './sources.ts';
import { findWorkload } from './workload-name.ts';

export const nameOperations = [
  operation({
    method: 'get',
    path: '/names',
    summary: 'Names that DNS gave addresses, as guests were told, newest first by when they were learned',
    access: 'viewer',
    query: NamesQuery,
    params: NoQuery,
    answer: Page(LearnedName),
    errors: ['bad_cursor', 'workload_unknown', 'name_ambiguous'],
    handle: ({ sources, query }) => {
      const { cursor, limit = LIMIT_DEFAULT, ...filter } = query;
      const mark = queryMark(filter);
      const position = cursor === undefined ? null : readCursor(cursor, mark);
      const page = sources.names(nameFilterOf(filter, sources), position, limit);
      return { items: page.names, next: page.next && writeCursor(page.next, mark) };
    },
  }),
];

function nameFilterOf({ name, address, nic, workload }: NameFilterQuery, sources: ApiSources): NameFilter {
  return {
    ...(name !== undefined && { pattern: name.replace(/\.$/, '') }),
    ...(address !== undefined && { address: canonical(address) }),
    ...(nic !== undefined && { nic }),
    ...(workload !== undefined && { workload: findWorkload(sources.workloads(), workload, 'workload').id }),
  };
}

/** As records have it: IPv6 as RFC 5952 says. */
const canonical = (address: string): string =>
  isIPv6(address) ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
