// Entry of vmoat-hostd: the daemon, or, started as a thread of its own bundle, what that thread is for.
import { isMainThread, workerData } from 'node:worker_threads';

if (isMainThread) await import('./process.ts');
else if (workerData?.role === 'vmoat-history') await import('./history/thread.ts');
else if (workerData?.role === 'vmoat-policy-reader') await import('./policy/document/read-thread.ts');
