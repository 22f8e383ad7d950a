// libvirt's numbers for states, reasons and jobs (libvirt-domain.h) to our six states. Pure.
import type { WorkloadState } from './types.ts';

const PAUSED = 3;
const SHUTOFF = 5;
const CRASHED = 6;
const PM_SUSPENDED = 7;

const PAUSED_MIGRATION = 2;
const PAUSED_CRASHED = 10;
const PAUSED_POSTCOPY = 12;
const PAUSED_POSTCOPY_FAILED = 13;
const SHUTOFF_CRASHED = 3;

const OPERATION_MIGRATION_IN = 4;
const OPERATION_MIGRATION_OUT = 5;

/** `blocked`, `no state` and `being shut down` still run; an unknown number counts as running, too. */
export function stateOf(state: number, reason: number): WorkloadState {
  if (state === PAUSED) return pausedState(reason);
  if (state === SHUTOFF) return reason === SHUTOFF_CRASHED ? 'crashed' : 'shutoff';
  if (state === CRASHED) return 'crashed';
  return state === PM_SUSPENDED ? 'suspended' : 'running';
}

function pausedState(reason: number): WorkloadState {
  if (reason === PAUSED_CRASHED) return 'crashed';
  const migrating = [PAUSED_MIGRATION, PAUSED_POSTCOPY, PAUSED_POSTCOPY_FAILED].includes(reason);
  return migrating ? 'migrating' : 'paused';
}

export function isMigration(operation: number): boolean {
  return operation === OPERATION_MIGRATION_IN || operation === OPERATION_MIGRATION_OUT;
}

export function isActive(state: number): boolean {
  return state !== SHUTOFF && state !== CRASHED;
}
