// Where the daemon's socket is: named, in a checkout, or the installed one.
import { accessSync, constants, existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const INSTALLED_SOCKET = '/run/vmoat/api.sock';
/** `npm start` and `npm run demo` keep theirs below var/ of the checkout; from the bundle or from the source. */
const CHECKOUT_SOCKET = fileURLToPath(new URL('../../var/run/api.sock', import.meta.url));

/** `--socket`, else $VMOAT_SOCKET, else a checkout's where it exists, else the installed one. */
export function socketPath(option: string | undefined, environment = process.env): string {
  if (option) return option;
  if (environment.VMOAT_SOCKET) return environment.VMOAT_SOCKET;
  return existsSync(CHECKOUT_SOCKET) ? CHECKOUT_SOCKET : INSTALLED_SOCKET;
}

/** Whether we may connect to it, as far as its mode says. */
export function isOpenTo(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
