// Patterns of names: `*` stands for any characters, dots too, `?` for one. In time of pattern times name at most.

/** Whether the whole name fits; both in lower case. */
export function fitsGlob(pattern: string, name: string): boolean {
  let at = 0;
  let in_pattern = 0;
  let star = -1;
  let from = 0;
  while (at < name.length) {
    const wanted = pattern[in_pattern];
    if (wanted === '*') {
      star = in_pattern++;
      from = at;
    } else if (wanted === '?' || wanted === name[at]) {
      in_pattern++;
      at++;
    } else if (star >= 0) {
      in_pattern = star + 1;
      at = ++from;
    } else {
      return false;
    }
  }
  return /^\**$/.test(pattern.slice(in_pattern));
}
