// An event as a syslog message (RFC 5424), and its frame for streams (RFC 6587, 3.4.1; RFC 5425, 4.3). Pure.
import { printable } from '../../dp/client/printable.ts';
import type { EventRecord, EventSeverity } from '../api/schema.ts';
import { FACILITIES } from '../config/delivery.ts';

export interface Sender {
  facility: (typeof FACILITIES)[number];
  appName: string;
  hostName: string;
  pid: number;
}

/** RFC 5424, table 2. */
const SEVERITIES: Record<EventSeverity, number> = { info: 6, low: 5, medium: 4, high: 3, critical: 2 };
/** The number that RFC 5612 sets aside for examples: vmoat has none of its own. */
const SD_ID = 'vmoat@32473';
const VALUE_CHARS_MAX = 512;
/** For the text, behind the structured data. */
const TEXT_BYTES_MIN = 256;
const BOM = '\ufeff';
const NIL = '-';

/** At most `bytes_max` bytes, at least 1024: parameters that find no room are left out, the text is cut. */
export function syslogMessage(event: EventRecord, sender: Sender, bytes_max: number): Buffer {
  const priority = FACILITIES.indexOf(sender.facility) * 8 + SEVERITIES[event.severity];
  const head = [
    `<${priority}>1`,
    event.at,
    visible(sender.hostName, 255),
    visible(sender.appName, 48),
    String(sender.pid),
    visible(event.kind, 32),
  ].join(' ');
  const data = structuredData(event, bytes_max - Buffer.byteLength(head) - TEXT_BYTES_MIN);
  const text = Buffer.from(`${head} ${data} ${BOM}${printable(event.text)}`);
  return cut(text, bytes_max);
}

/** Octet counting. */
export const framed = (message: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${message.length} `), message]);

function structuredData({ id, severity, subjects, data }: EventRecord, bytes_max: number): string {
  const parameters: [string, unknown][] = [
    ['id', id],
    ['severity', severity],
    ...subjects.map(({ kind, name }): [string, unknown] => [kind, name]),
    ...Object.entries(data).filter(([, value]) => value !== null),
  ];
  let found = `[${SD_ID}`;
  for (const [name, value] of parameters) {
    const next = ` ${parameterName(name)}="${parameterValue(String(value))}"`;
    if (Buffer.byteLength(found) + Buffer.byteLength(next) + 1 <= bytes_max) found += next;
  }
  return `${found}]`;
}

/** PRINTUSASCII without =, ], " and space. */
const parameterName = (name: string): string => name.replace(/[^\x21-\x7e]|[=\]"]/g, '_').slice(0, 32) || '_';

/** RFC 5424, 6.3.3: these three are escaped; control characters are not shown as such. */
const parameterValue = (value: string): string =>
  printable(value.slice(0, VALUE_CHARS_MAX)).replace(/["\\\]]/g, '\\$&');

const visible = (text: string, max: number): string =>
  text.replace(/[^\x21-\x7e]/g, '_').slice(0, max) || NIL;

/** At the beginning of a character of UTF-8. */
function cut(text: Buffer, bytes_max: number): Buffer {
  if (text.length <= bytes_max) return text;
  let end = bytes_max;
  while (end > 0 && ((text[end] ?? 0) & 0xc0) === 0x80) end--;
  return text.subarray(0, end);
}
