// Seeded randomness and mutations for the tests of this room.

/** mulberry32: numbers in 0…1, the same for the same seed. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const tokens = [
  '<',
  '>',
  '</',
  '/>',
  '&',
  ';',
  '&amp;',
  '&#0;',
  '&#x10FFFF;',
  '&#x110000;',
  '<![CDATA[',
  ']]>',
  '<!--',
  '--',
  '<?',
  '?>',
  '<!DOCTYPE',
  '<!ENTITY',
  'xmlns:a=""',
  "xmlns='urn:x'",
  '\u0000',
  '\uD800',
  '\uFFFE',
  '"',
  "'",
  '=',
  ':',
  '9'.repeat(40),
  '-1',
];

/** One to eight random cuts, repeats, swaps and insertions. */
export function mutated(text: string, next: () => number): string {
  let result = text;
  const times = 1 + Math.floor(next() * 8);
  for (let i = 0; i < times; i++) result = mutateOnce(result, next);
  return result.slice(0, 100_000);
}

function mutateOnce(text: string, next: () => number): string {
  const at = Math.floor(next() * (text.length + 1));
  const length = Math.floor(next() * next() * 60);
  const piece = text.slice(at, at + length);
  const choice = Math.floor(next() * 4);
  if (choice === 0) return text.slice(0, at) + text.slice(at + length);
  if (choice === 1) return text.slice(0, at) + piece.repeat(1 + Math.floor(next() * 20)) + text.slice(at);
  if (choice === 2)
    return text.slice(0, at) + String.fromCharCode(Math.floor(next() * 0x10000)) + text.slice(at + 1);
  return text.slice(0, at) + (tokens[Math.floor(next() * tokens.length)] ?? '') + text.slice(at);
}
