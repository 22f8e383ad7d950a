// Addresses as text: IPv4 dotted, IPv6 as RFC 5952 wants it, MAC with colons.

const BYTE_TEXT = Array.from({ length: 256 }, (_, byte) => String(byte));
const BYTE_HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const V4_MAPPED = 0xffff;

const decimal = (view: DataView, at: number): string => BYTE_TEXT[view.getUint8(at)] ?? '';
const hex = (view: DataView, at: number): string => BYTE_HEX[view.getUint8(at)] ?? '';

/** 16 bytes of IPv6 at `at`; ::ffff:a.b.c.d is written as the IPv4 address it stands for. */
export function ipText(view: DataView, at: number): string {
  if (isMapped(view, at)) return ipv4Text(view, at + 12);
  return ipv6Text(view, at);
}

/** Six bytes as aa:bb:cc:dd:ee:ff. */
export function macText(view: DataView, at: number): string {
  let text = hex(view, at);
  for (let i = 1; i < 6; i++) text += `:${hex(view, at + i)}`;
  return text;
}

function isMapped(view: DataView, at: number): boolean {
  return view.getUint32(at + 8) === V4_MAPPED && view.getUint32(at + 4) === 0 && view.getUint32(at) === 0;
}

function ipv4Text(view: DataView, at: number): string {
  return `${decimal(view, at)}.${decimal(view, at + 1)}.${decimal(view, at + 2)}.${decimal(view, at + 3)}`;
}

function ipv6Text(view: DataView, at: number): string {
  const groups = Array.from({ length: 8 }, (_, i) => view.getUint16(at + 2 * i));
  const run = longestZeroRun(groups);
  const text = (part: number[]): string => part.map((group) => group.toString(16)).join(':');
  if (run.length < 2) return text(groups);
  return `${text(groups.slice(0, run.start))}::${text(groups.slice(run.start + run.length))}`;
}

function longestZeroRun(groups: number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
    start += length;
  }
  return best;
}
