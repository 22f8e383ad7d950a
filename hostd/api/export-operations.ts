// The operations on exports: when they run, what became of them, and to run one now.
import { VmoatError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { operation } from './operation.ts';
import { IdParam, NoQuery } from './queries.ts';
import { ExportJob, ExportResult, Page } from './schema.ts';
import type { ApiSources } from './sources.ts';

export const exportOperations = [
  operation({
    method: 'get',
    path: '/exports',
    summary: 'The exports of the policy in force: last result, next run',
    access: 'viewer',
    query: NoQuery,
    params: NoQuery,
    answer: Page(ExportJob),
    handle: ({ sources }) => ({ items: sources.exports.list(), next: null }),
  }),
  operation({
    method: 'get',
    path: '/exports/{id}',
    summary: 'One export, by name',
    access: 'viewer',
    query: NoQuery,
    params: IdParam,
    answer: ExportJob,
    errors: ['not_found'],
    handle: ({ sources, params }) => {
      const job = sources.exports.find(params.id);
      if (job) return job;
      throw unknownExport(params.id, sources);
    },
  }),
  operation({
    method: 'post',
    path: '/exports/{id}/run',
    summary: 'Runs an export now; answers when it is done, with what became of it',
    access: 'operator',
    query: NoQuery,
    params: IdParam,
    answer: ExportResult,
    errors: ['not_found', 'export_running'],
    handle: async ({ sources, params, changed }) => {
      const result = await sources.exports.run(params.id);
      if (!result) throw unknownExport(params.id, sources);
      changed({ after: result.error ?? result.file });
      return result;
    },
  }),
];

function unknownExport(name: string, { exports }: ApiSources): VmoatError {
  const names = exports.list().map((job) => job.name);
  const near = nearest(name, names);
  const hint = near.length ? `did you mean ${near.join(', ')}?` : '`vmoat export list` lists them';
  return new VmoatError('not_found', 'there is no such export', { field: 'id', hint });
}
