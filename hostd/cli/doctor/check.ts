// What a check of the doctor is, and what it finds.
import type { Host } from './host.ts';

/**
 * `problem`: vmoat does not work, or not on some NIC. `warning`: it works, but sees less, or something else
 * disturbs the VMs' traffic. `note`: good to know. `good`: nothing in the way.
 */
export type Severity = 'problem' | 'warning' | 'note' | 'good';

export interface Finding {
  check: string;
  severity: Severity;
  says: string;
  /** What to do; empty where nothing is to be done. */
  remedy: string;
}

export interface Check {
  name: string;
  run: (host: Host) => Promise<Finding[]>;
}

type Findings = Omit<Finding, 'check'>[];

/** A check that gives its findings without its name. */
export const check = (name: string, run: (host: Host) => Findings | Promise<Findings>): Check => ({
  name,
  run: async (host) => (await run(host)).map((finding) => ({ check: name, ...finding })),
});

export const good = (says: string): Findings => [{ severity: 'good', says, remedy: '' }];
export const found = (severity: Severity, says: string, remedy: string): Findings => [
  { severity, says, remedy },
];
