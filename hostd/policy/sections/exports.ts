// The section `exports`: what is written where, on which schedule.
import { validate } from 'node-cron';
import { z } from 'zod';
import { isCron } from '../../base/cron.ts';
import { Comment, Duration } from '../document/words.ts';

/** What can be exported, in which formats. */
export const EXPORT_FORMATS = {
  policy: ['vmoat', 'json', 'nftables', 'nwfilter'],
  rules: ['json', 'csv'],
  groups: ['json', 'csv'],
  violations: ['json', 'csv'],
  graph: ['json', 'csv'],
  flows: ['json', 'csv'],
} as const;
export type ExportWhat = keyof typeof EXPORT_FORMATS;
export type ExportFormat = (typeof EXPORT_FORMATS)[ExportWhat][number];

const WHATS = Object.keys(EXPORT_FORMATS) as [ExportWhat, ...ExportWhat[]];
const FORMATS = [...new Set(Object.values(EXPORT_FORMATS).flat())] as [ExportFormat, ...ExportFormat[]];
const EXPORTS_MAX = 100;

const cronFault = (text: string): string | null => {
  const fields = text.trim().split(/\s+/).length;
  if (fields === 6) return 'five fields from the minute on: expressions with seconds are not taken';
  if (fields !== 5) return 'five fields: minute, hour, day of the month, month, day of the week';
  return isCron(text) && validate(text) ? null : 'a cron expression such as `15 2 * * *`';
};

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** Placeholders of file names. */
export const FILE_PARTS = ['name', 'time', 'host', 'version'] as const;
const TEMPLATE = new RegExp(`^(?!\\.)([A-Za-z0-9._-]|\\{(${FILE_PARTS.join('|')})\\}){1,128}$`);

export const Export = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'small letters, digits, dots, dashes; at most 63')
      .describe('unique; what `vmoat export run` is told'),
    comment: Comment.optional(),
    cron: z
      .string()
      .max(128)
      .superRefine((text, context) => {
        const message = cronFault(text);
        if (message !== null) context.addIssue({ code: 'custom', message });
      })
      .describe('minute, hour, day of the month, month, day of the week'),
    timezone: z
      .string()
      .max(64)
      .refine(isTimeZone, 'a time zone such as Europe/Berlin')
      .default('UTC')
      .describe('in which the expression is read'),
    what: z.enum(WHATS),
    format: z.enum(FORMATS),
    to: z
      .string()
      .max(4096)
      .regex(/^\/[^\0]*$/, 'an absolute path')
      .refine((path) => !path.split('/').includes('..'), 'a path without ..')
      .describe('directory; it must exist and be writable for the user of vmoat-hostd'),
    file: z
      .string()
      .regex(TEMPLATE, `letters, digits, \`. _ -\` and ${FILE_PARTS.map((part) => `{${part}}`).join(' ')}`)
      .default('{name}-{time}')
      .describe('name of the file without its extension'),
    keep: z.int().min(1).max(100_000).default(30).describe('newest files that are kept'),
    window: Duration.default('24h').describe('of flows and violations: how far back'),
  })
  .refine(({ what, format }) => (EXPORT_FORMATS[what] as readonly string[]).includes(format), {
    path: ['format'],
    error: ({ input }) => {
      const { what } = input as { what: ExportWhat };
      return `one of ${EXPORT_FORMATS[what]?.join(', ')} for ${what}`;
    },
  });
export type Export = z.infer<typeof Export>;

export const Exports = z
  .array(Export)
  .max(EXPORTS_MAX)
  .superRefine((jobs, context) => {
    const names = new Set<string>();
    for (const [at, { name }] of jobs.entries()) {
      if (names.has(name))
        context.addIssue({ code: 'custom', path: [at, 'name'], message: 'a name that no other export has' });
      names.add(name);
    }
  })
  .default([])
  .describe('what is written where, on a schedule');
