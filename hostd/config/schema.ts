// The configuration file's schema: every key with its default, what it allows and what it does.
import { z } from 'zod';
import { logLevels } from '../base/log.ts';
import { checkDelivery, Responses, Syslogs, Webhooks } from './delivery.ts';
import { absolutePath, optionalFile } from './path.ts';

const socketPath = absolutePath.max(107, 'a path of at most 107 bytes, the limit of Unix sockets');

const Sockets = z.strictObject({
  api: socketPath.default('/run/vmoat/api.sock').describe('Unix socket of the API, used by the CLI'),
  dataplane: socketPath.default('/run/vmoat/dp.sock').describe('Unix socket of vmoat-dp'),
});

const Web = z.strictObject({
  listen: z
    .string()
    .regex(/^(off|\[[0-9a-fA-F:.]+\]:\d{1,5}|[^\s:[\]]+:\d{1,5})$/, {
      error: 'ADDRESS:PORT, [IPV6]:PORT or off',
      abort: true,
    })
    .refine((text) => text === 'off' || Number(text.slice(text.lastIndexOf(':') + 1)) <= 65535, {
      message: 'a port of at most 65535',
    })
    .default('127.0.0.1:8443')
    .describe('HTTPS address of the web page and the API; `off` for none, port 0 for any free one'),
  root: absolutePath
    .nullable()
    .default(null)
    .describe('directory of the web page; `null`: the one that came with vmoat'),
});

const Tls = z
  .strictObject({
    certificate: optionalFile.describe('PEM file; `null`: a self-signed one, made in the state directory'),
    key: optionalFile.describe('PEM file of the key of `tls.certificate`'),
  })
  .refine((tls) => (tls.certificate === null) === (tls.key === null), {
    message: 'both `certificate` and `key`, or neither',
  });

const Libvirt = z.strictObject({
  bus: z
    .string()
    .max(4096)
    .regex(/^(unix|tcp):\S+$/, 'a D-Bus address, such as unix:path=/run/dbus/system_bus_socket')
    .default('unix:path=/run/dbus/system_bus_socket')
    .describe('address of the D-Bus on which libvirt-dbus serves'),
  reconcileIntervalMs: z
    .int()
    .min(250)
    .max(600_000)
    .default(2000)
    .describe('how often libvirt is listed in full, to find what events missed'),
});

const History = z.strictObject({
  retentionDays: z.int().min(1).max(3650).default(7).describe('days of flow records that are kept'),
});

const Modes = z.strictObject({
  default: z
    .enum(['learn', 'monitor', 'protect'])
    .default('learn')
    .describe('mode of a workload that no group gives one'),
});

const Policy = z.strictObject({
  unusedDays: z
    .int()
    .min(1)
    .max(3650)
    .default(30)
    .describe('after so many days of watching, a rule that decided nothing is proposed for removal'),
});

const Traffic = z.strictObject({
  facts: z
    .boolean()
    .default(true)
    .describe('keep what parsers read off a session (host names, versions, …) with its flow'),
  flowsMax: z
    .int()
    .min(1000)
    .max(2_000_000)
    .default(100_000)
    .describe('live flows held in memory; beyond that the longest silent one is dropped, and counted'),
});

const Log = z.strictObject({
  level: z.enum(logLevels).default('info').describe('least severity that is logged'),
});

export const ConfigSchema = z
  .strictObject({
    stateDir: absolutePath
      .default('/var/lib/vmoat')
      .describe('directory of history, certificate and sessions'),
    sockets: Sockets.prefault({}),
    web: Web.prefault({}),
    tls: Tls.prefault({ certificate: null, key: null }),
    libvirt: Libvirt.prefault({}),
    history: History.prefault({}),
    modes: Modes.prefault({}),
    policy: Policy.prefault({}),
    traffic: Traffic.prefault({}),
    log: Log.prefault({}),
    webhooks: Webhooks,
    syslog: Syslogs,
    responses: Responses,
  })
  .superRefine(checkDelivery);
export type Config = z.infer<typeof ConfigSchema>;

/** Where the daemon and `vmoat config` look when no file is named. */
export const DEFAULT_CONFIG_FILE = '/etc/vmoat/vmoat.yaml';
