// Versions of the policy as tables and lines.
import type { PolicyVersion } from '../../policy/shapes.ts';
import { clockTime } from '../quantity.ts';
import { type Column, table } from '../table.ts';
import { type Style, styled, type Terminal } from '../terminal.ts';

const STYLES: Record<PolicyVersion['state'], Style | null> = {
  live: 'green',
  pending: 'yellow',
  past: null,
  unconfirmed: 'red',
  withdrawn: 'dim',
};

export function versionTable(versions: readonly PolicyVersion[], terminal: Terminal, now_ms: number): string {
  const columns: Column<PolicyVersion>[] = [
    { title: 'VERSION', text: ({ version }) => String(version), right: true },
    { title: 'STATE', text: ({ state }) => state, style: ({ state }) => STYLES[state] },
    { title: 'TIME', text: ({ at }) => clockTime(at, now_ms) },
    { title: 'BY', text: ({ author }) => author },
    { title: 'GROUPS', text: ({ groups }) => String(groups), right: true },
    { title: 'RULES', text: ({ rules }) => String(rules), right: true },
    { title: 'REASON', text: ({ reason }) => reason },
  ];
  return table(terminal, columns, versions);
}

/** What a change of the policy came to. */
export function versionLine(version: PolicyVersion, terminal: Terminal, now_ms: number): string {
  const { state, confirmBy } = version;
  const left_s = confirmBy === null ? 0 : Math.max(0, Math.round((Date.parse(confirmBy) - now_ms) / 1000));
  const waits = confirmBy === null ? '' : `; rolled back in ${left_s} s unless you run: vmoat policy confirm`;
  const says = state === 'pending' ? 'is live' : state === 'live' ? 'is live' : `is ${state}`;
  return `${styled(terminal, STYLES[state], `version ${version.version} ${says}${waits}`)}\n`;
}
