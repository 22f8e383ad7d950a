// The log: JSON lines to stdout, for the journal.
import { type Logger, pino } from 'pino';

export type Log = Logger;
export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export const openLog = (level: LogLevel): Log =>
  pino({ level, base: { name: 'vmoat-hostd', pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime });

/** A log that says nothing, for tests. */
export const silentLog: Log = pino({ level: 'silent' });
