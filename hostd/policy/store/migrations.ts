// From each schema of the store's file to the next one: `migrations[0]` makes schema 2 of schema 1.

export type Migration = (state: Record<string, unknown>) => Record<string, unknown>;

export const migrations: readonly Migration[] = [];
export const SCHEMA_VERSION = 1;

/** The state in the newest schema; throws where the file is newer than this program or says no schema. */
export function migrated(
  stored: unknown,
  steps: readonly Migration[] = migrations,
  newest: number = SCHEMA_VERSION,
): Record<string, unknown> {
  if (stored === null || typeof stored !== 'object') throw new Error('it is no object');
  let state: Record<string, unknown> = { ...stored };
  const version = state.schemaVersion;
  if (!Number.isInteger(version) || Number(version) < 1) throw new Error('it names no schema version');
  if (Number(version) > newest) throw new Error(`its schema ${version} is newer than this vmoat-hostd`);
  for (let at = Number(version); at < newest; at++) {
    const step = steps[at - 1];
    if (!step) throw new Error(`nothing leads from schema ${at} to ${at + 1}`);
    state = { ...step(state), schemaVersion: at + 1 };
  }
  return state;
}
