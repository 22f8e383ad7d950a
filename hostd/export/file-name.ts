// The name of an export's file from its template, and which names are of the same export. Pure.

export interface NameParts {
  name: string;
  /** RFC 3339 */
  at: string;
  host: string;
  version: number | null;
}

const TIME = '\\d{8}T\\d{6}Z';

/** `2026-11-20T12:00:00.000Z` → `20261120T120000Z`, which sorts by time. */
const compactTime = (at: string): string => at.replace(/[-:]|\.\d+/g, '');
const safe = (text: string): string => text.replace(/[^A-Za-z0-9._-]/g, '_');

export const fileName = (
  template: string,
  extension: string,
  { name, at, host, version }: NameParts,
): string => {
  const values: Record<string, string> = {
    name,
    time: compactTime(at),
    host: safe(host),
    version: String(version ?? 0),
  };
  return `${template.replace(/\{(\w+)\}/g, (_, part: string) => values[part] ?? '')}.${extension}`;
};

/** Files that the same job has written, whenever it was. */
export function ownFiles(
  template: string,
  extension: string,
  { name, host }: Omit<NameParts, 'at' | 'version'>,
): RegExp {
  const patterns: Record<string, string> = {
    name: literal(name),
    time: TIME,
    host: literal(safe(host)),
    version: '\\d+',
  };
  const parts = template
    .split(/(\{\w+\})/)
    .map((part) => (part.startsWith('{') && patterns[part.slice(1, -1)]) || literal(part));
  return new RegExp(`^${parts.join('')}\\.${literal(extension)}$`);
}

const literal = (text: string): string => text.replace(/[.+^${}()|[\]\\*?-]/g, '\\$&');
