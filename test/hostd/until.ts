// Waiting for what will be.

/** Waits until `probe` gives something true; fails after `within_ms`. */
export async function until<T>(probe: () => T | Promise<T>, within_ms = 30_000): Promise<NonNullable<T>> {
  const end = Date.now() + within_ms;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (Date.now() > end) throw new Error(`not within ${within_ms} ms: ${probe}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
