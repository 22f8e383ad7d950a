// What other rooms import of libvirt-watch.
export { type SystemBusOptions, systemBus } from './bus.ts';
export { LibvirtError, type LibvirtErrorCode } from './errors.ts';
export { applyChanges, reconcile } from './reconcile.ts';
export type * from './types.ts';
export { watchLibvirt } from './watch.ts';
