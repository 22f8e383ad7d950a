// Takes everything in turn, a part each time: some changes of libvirt raise no event and show in no list.
/**
 * The next part of `all` after `last`, in order and around the end, so that `rounds` parts make one turn.
 * Pure: the caller keeps the last of what it got.
 */
export function nextPart(all: Iterable<string>, last: string, rounds: number): string[] {
  const sorted = [...all].sort();
  const size = Math.ceil(sorted.length / rounds);
  const after = sorted.findIndex((each) => each > last);
  const from = after === -1 ? 0 : after;
  return [...sorted.slice(from), ...sorted.slice(0, from)].slice(0, size);
}
