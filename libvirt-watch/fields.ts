// The few kinds of values that libvirt's XML holds, checked and brought into one spelling.
import { isIP } from 'node:net';
import { attribute, children, type XmlElement } from './xml.ts';

/** Lower case with dashes; null where it is no UUID. */
export function uuidOf(value: string | null): string | null {
  const lower = value?.toLowerCase() ?? '';
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(lower) ? lower : null;
}

export function macOf(value: string | null): string | null {
  const lower = value?.toLowerCase() ?? '';
  return /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(lower) ? lower : null;
}

/** A name that Linux accepts for an interface (IFNAMSIZ, no slash, no blank), else null. */
export function tapOf(value: string | null): string | null {
  return value !== null && /^[^\s/:\p{Cc}]{1,15}$/u.test(value) && value !== '.' && value !== '..'
    ? value
    : null;
}

/** The address in the spelling that dp uses (RFC 5952), null where it is none. */
export function addressOf(value: string | null): string | null {
  if (value === null || isIP(value) === 0 || value.includes('%')) return null;
  return isIP(value) === 4 ? value : new URL(`http://[${value}]`).hostname.slice(1, -1);
}

/** `<vlan><tag id='42'/></vlan>`, ascending; ids outside 0…4095 are left out. */
export function vlansOf(element: XmlElement | undefined): number[] {
  const ids = children(element, 'tag')
    .map((tag) => attribute(tag, 'id', 8) ?? '')
    .filter((id) => /^\d{1,4}$/.test(id))
    .map(Number)
    .filter((id) => id <= 4095);
  return [...new Set(ids)].sort((a, b) => a - b);
}
