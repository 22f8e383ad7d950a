// What other rooms import of topology.
export { AddressBook, BOOK_LIMITS, type BookLimits } from './address-book.ts';
export { buildTopology } from './model.ts';
export { resolve } from './resolve.ts';
export type * from './types.ts';
