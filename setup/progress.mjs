// Says what is being done and how long it took.
/** A program that the set-up starts goes on with its clock. */
const started = Number(process.env.VMOAT_BEGAN ?? Date.now());
process.env.VMOAT_BEGAN = String(started);

function clock(ms) {
  const seconds = Math.floor(ms / 1000);
  return `${String(Math.floor(seconds / 60)).padStart(2)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** @param {string} text one line on stderr, with the time since the start */
export function say(text) {
  process.stderr.write(`[${clock(Date.now() - started)}] ${text}\n`);
}

/**
 * @template T
 * @param {string} title what is done
 * @param {() => Promise<T> | T} work
 * @returns {Promise<T>}
 */
export async function step(title, work) {
  say(`${title} …`);
  const begin = Date.now();
  const result = await work();
  say(`${title}: done in ${((Date.now() - begin) / 1000).toFixed(1)} s`);
  return result;
}
