// JSON lines to stdout for the journal: {time, level, msg, …}.

export type Level = 'info' | 'warn' | 'error';
export type Log = (level: Level, msg: string, more?: Record<string, unknown>) => void;

/** A log that writes to `write`; the service gives it stdout. */
export function jsonLog(write: (line: string) => void): Log {
  return (level, msg, more = {}) => {
    write(`${JSON.stringify({ time: new Date().toISOString(), level, msg, ...more })}\n`);
  };
}
