// Makes docs/threats.md out of the registry that is built into the addon. As a script it writes the page.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadAddon } from '../../dp/client/addon.ts';
import type { ThreatInfo, ThreatThreshold } from '../../dp/contract/protocol.ts';

export const page = join(fileURLToPath(new URL('../..', import.meta.url)), 'docs/threats.md');

const threshold = ({ name, unit, standard, least, most, means }: ThreatThreshold): string =>
  `| \`${name}\` | ${standard} ${unit} | ${least} to ${most} | ${means} |`;

function thresholds(threat: ThreatInfo): string {
  if (threat.thresholds.length === 0) return '';
  const rows = threat.thresholds.map(threshold).join('\n');
  return `\n\n| threshold | standard | allowed | what |\n|---|---|---|---|\n${rows}`;
}

function section(threat: ThreatInfo): string {
  return `### ${threat.name}
${threat.means}.

- severity ${threat.severity}, default action ${threat.action}
- evidence: ${threat.evidence}
- on a NIC it sees ${threat.live}
- in a capture file: ${threat.offline}${thresholds(threat)}
`;
}

/** The whole page. */
export function threatsPage(): string {
  const threats = [...loadAddon().threats].sort((a, b) => (a.name < b.name ? -1 : 1));
  const rows = threats.map(({ name, severity, means }) => `| [${name}](#${name}) | ${severity} | ${means} |`);
  return `# Threats

Made from the engine's registry by \`node --import tsx test/threats/threats-doc.ts\`; a test holds it to that.

A threat is an attack that the engine recognised. Its name stands in the record of the flow it was seen in
(\`threats\`) and in the summary of \`vmoat pcap\`; \`vmoat status\` counts by name. Live, each incident (one
threat between one source and one destination at one NIC) is told at most once a second while it lasts, with a count
and its evidence; after 60 s of silence the next one is another incident. What is told is bounded: 4,096
incidents per worker wait at once, and what has to go untold is counted (\`lost.threats\`).

The action is what protect will do; until there is enforcement it is only told.

## Configuration
Thresholds and threats that are off stand in vmoat-dp's configuration file ([vmoat-dp.md](vmoat-dp.md)):

\`\`\`yaml
threats:
  syn-flood: { per-second: 5000 }
  port-scan: { ports: 50 }
  disabled: [beaconing, small-mss]
\`\`\`

## What bounds them
Counts stand in one table of 16,384 places for the whole host, 2.2 MiB, shared by all workers; the smallest count
gives way where it is full, so that a flood of addresses pushes out nothing that matters. Different hosts or ports are
told apart by linear counting over 512 bits. Claims of addresses stand in a table of 16,384 places (512 KiB). No memory
grows with the number of addresses.

The kernel counts SYN, completed handshakes, resets, ICMP, UDP, new UDP flows, fragments, impossible flags and small
windows per NIC in every frame. Everything else goes by what comes up to the engine: the beginning of flows, changes of
TCP flags and the bytes that somebody asked for, within the NIC's budget of events (\`upcallsPerSecond\`).

## The list

| threat | severity | what |
|---|---|---|
${rows.join('\n')}

${threats.map(section).join('\n')}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(page, threatsPage());
