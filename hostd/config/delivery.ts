// Where events go and when: webhooks, syslog servers and response rules (docs/events.md).
import { z } from 'zod';
import { MODES } from '../base/modes.ts';
import { absolutePath, optionalFile } from './path.ts';

export const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;
const Name = z.string().regex(NAME, 'a name of small letters, digits, dots, dashes; at most 63');
const LISTED_MAX = 100;

function isHttp(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, hash } = new URL(text);
  return ['http:', 'https:'].includes(protocol) && `${username}${password}${hash}` === '';
}

const WebhookEntry = z.strictObject({
  name: Name,
  url: z.string().max(2048).refine(isHttp, 'an http:// or https:// address without user and fragment'),
  secretFile: absolutePath,
  ca: optionalFile,
  timeoutMs: z.int().min(100).max(60_000).default(10_000),
});
export type WebhookConfig = z.infer<typeof WebhookEntry>;

/** In the order of their codes (RFC 5424, table 1). */
export const FACILITIES = [
  ...['kern', 'user', 'mail', 'daemon', 'auth', 'syslog', 'lpr', 'news', 'uucp', 'cron', 'authpriv', 'ftp'],
  ...['ntp', 'audit', 'alert', 'clock'],
  ...['local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7'],
] as const;

const SyslogEntry = z.strictObject({
  name: Name,
  transport: z.enum(['udp', 'tcp', 'tls']),
  host: z.string().min(1).max(255),
  port: z.int().min(1).max(65_535),
  facility: z.enum(FACILITIES).default('daemon'),
  appName: z
    .string()
    .regex(/^[\x21-\x7e]{1,48}$/, 'at most 48 visible ASCII characters')
    .default('vmoat'),
  ca: optionalFile,
  timeoutMs: z.int().min(100).max(60_000).default(10_000),
});
export type SyslogConfig = z.infer<typeof SyslogEntry>;

const When = z.strictObject({
  kinds: z.array(z.string().min(1).max(64)).min(1).max(LISTED_MAX).optional(),
  severity: z.enum(['info', 'low', 'medium', 'high', 'critical']).optional(),
  name: z.string().min(1).max(255).optional(),
  group: z.string().min(1).max(255).optional(),
});
export type When = z.infer<typeof When>;

const Action = z
  .strictObject({
    webhook: Name.optional(),
    syslog: Name.optional(),
    mode: z.enum(MODES).optional(),
    isolate: z.literal(true).optional(),
  })
  .refine((action) => Object.keys(action).length === 1, 'one of webhook, syslog, mode, isolate');
export type ActionConfig = z.infer<typeof Action>;

const ResponseEntry = z.strictObject({
  name: Name,
  when: When.default({}),
  do: z.array(Action).min(1).max(LISTED_MAX),
});
export type ResponseConfig = z.infer<typeof ResponseEntry>;

const listOf = <T extends z.ZodType>(entry: T) => z.array(entry).max(LISTED_MAX).default([]);
export const Webhooks = listOf(WebhookEntry).describe('where events are posted to');
export const Syslogs = listOf(SyslogEntry).describe('syslog servers that are told events');
export const Responses = listOf(ResponseEntry).describe('which events go where');

interface Delivery {
  webhooks: WebhookConfig[];
  syslog: SyslogConfig[];
  responses: ResponseConfig[];
}

/** Names are given once, and what a response names is there. */
export function checkDelivery(config: Delivery, context: z.RefinementCtx): void {
  const wrong = (path: PropertyKey[], message: string): void =>
    context.addIssue({ code: 'custom', path, message });
  const names = { webhook: namesOf('webhooks'), syslog: namesOf('syslog') };
  namesOf('responses');
  for (const [at, { do: actions }] of config.responses.entries())
    for (const [index, action] of actions.entries())
      for (const kind of ['webhook', 'syslog'] as const) {
        const name = action[kind];
        if (name !== undefined && !names[kind].has(name))
          wrong(['responses', at, 'do', index, kind], `the name of one of \`${sectionOf(kind)}\``);
      }

  function namesOf(section: keyof Delivery): Set<string> {
    const found = new Set<string>();
    for (const [at, { name }] of config[section].entries()) {
      if (found.has(name)) wrong([section, at, 'name'], 'a name that no other of the list has');
      found.add(name);
    }
    return found;
  }
}

const sectionOf = (kind: string): string => (kind === 'webhook' ? 'webhooks' : kind);
