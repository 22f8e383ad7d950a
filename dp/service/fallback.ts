// Whose library names what vmoat does not know, as far as it is installed.
import type { Addon, FallbackLibrary } from '../client/addon.ts';
import type { Welcome } from '../contract/protocol.ts';
import type { Log } from './log.ts';

export interface FoundFallback {
  /** What the data plane is to use. */
  library: FallbackLibrary;
  /** What that can name. */
  names: string[];
  /** What clients are told. */
  told: Welcome['fallback'];
}

/** Without the library the data plane starts all the same: what nobody knows stays unknown, and the log says so. */
export function findFallback(addon: Addon, library: FallbackLibrary, log: Log): FoundFallback {
  if (library === 'none') return { library, names: [], told: null };
  try {
    return { library, names: addon.fallbackNames(library), told: { library, reason: '' } };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    log('warn', 'unknown flows stay unknown: the fallback is not installed', { fallback: library, reason });
    return { library: 'none', names: [], told: { library, reason } };
  }
}
