// Writes a cpio archive (newc, kernel documentation: driver-api/early-userspace/buffer-format) in memory.

export type Entry =
  | { path: string; kind: 'folder' }
  | { path: string; kind: 'file'; mode: number; data: Buffer }
  | { path: string; kind: 'link'; target: string }
  | { path: string; kind: 'device'; major: number; minor: number };

const FOLDER = 0o040755;
const LINK = 0o120777;
const CHARACTER_DEVICE = 0o020600;
const REGULAR = 0o100000;

/** Parents have to come before what is in them. */
export function cpio(entries: readonly Entry[]): Buffer {
  const parts = entries.map((entry, index) => member(entry, index + 1));
  return Buffer.concat([...parts, header('TRAILER!!!', 0, 0, 0, [0, 0])]);
}

function member(entry: Entry, inode: number): Buffer {
  switch (entry.kind) {
    case 'folder':
      return header(entry.path, inode, FOLDER, 0, [0, 0]);
    case 'device':
      return header(entry.path, inode, CHARACTER_DEVICE, 0, [entry.major, entry.minor]);
    case 'link':
      return withData(entry.path, inode, LINK, Buffer.from(entry.target));
    case 'file':
      return withData(entry.path, inode, REGULAR | entry.mode, entry.data);
  }
}

function withData(path: string, inode: number, mode: number, data: Buffer): Buffer {
  return Buffer.concat([header(path, inode, mode, data.length, [0, 0]), padded(data)]);
}

function header(path: string, inode: number, mode: number, size: number, device: [number, number]): Buffer {
  const name = Buffer.from(`${path}\0`);
  const fields = [inode, mode, 0, 0, 1, 0, size, 0, 0, ...device, name.length, 0];
  const text = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  return padded(Buffer.concat([Buffer.from(text), name]));
}

function padded(data: Buffer): Buffer {
  return Buffer.concat([data, Buffer.alloc((4 - (data.length % 4)) % 4)]);
}
