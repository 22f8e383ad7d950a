// The automatic group of a workload: what is left of its name without the number of its instance.

/** `web-1`, `web-02` and `web3` → `web`; a name without a number is its own group. */
export function automaticGroup(name: string): string {
  const stem = name.replace(/[-_.]?\d+$/, '');
  return stem === '' ? name : stem;
}
