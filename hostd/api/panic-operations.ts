// Panic is root's own deed, by the pinned map and without us: here it is written into the audit log.
import { z } from 'zod';
import { VmoatError } from '../base/errors.ts';
import { operation } from './operation.ts';
import { NoQuery } from './queries.ts';
import { PanicNote } from './schema.ts';

export const panicOperations = [
  operation({
    method: 'post',
    path: '/panic',
    summary: 'Root has begun or ended panic on this host: noted in the audit log, nothing else is done',
    access: 'admin',
    query: NoQuery,
    params: NoQuery,
    body: PanicNote,
    answer: z.object({}),
    handle: ({ caller, body: { until }, changed }) => {
      if (caller.from !== 'admin.sock')
        throw new VmoatError('forbidden', 'only the socket of root takes this');
      changed({ target: 'panic', after: until === null ? 'ended' : `until ${until}` });
      return {};
    },
  }),
];
