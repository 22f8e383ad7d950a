// The socket of root, beside the API's: who may change something is decided by the mode of a file.
import { dirname, join } from 'node:path';

/** Only root, and the user that vmoat-hostd runs as, may connect to it. */
export const adminSocket = (api: string): string => join(dirname(api), 'admin.sock');

/** In requests on the socket of root: the user on whose behalf they are. */
export const USER_HEADER = 'vmoat-user';
