// Takes the one-time secret out of the address (`#secret=…`), where the command line's link carries it.

type Place = Pick<Location, 'hash' | 'pathname' | 'search'>;
type Past = Pick<History, 'replaceState'>;

const secretPattern = /^#(?:secret=)?([\w-]{16,128})$/;

/** The secret, or '' when there is none; it is wiped from the address and the history at once. */
export function takeSecret(place: Place, past: Past): string {
  const secret = secretPattern.exec(place.hash)?.[1] ?? '';
  if (secret) past.replaceState(null, '', place.pathname + place.search);
  return secret;
}
