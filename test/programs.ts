// The programs as they are built, for tests that start them as processes of their own: `npm test` builds them before.
import { fileURLToPath } from 'node:url';

const built = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

export const VMOAT: string = built('bin/vmoat');
export const VMOAT_DP: string = built('bin/vmoat-dp');
export const VMOAT_HOSTD: string = built('build/js/vmoat-hostd.mjs');
