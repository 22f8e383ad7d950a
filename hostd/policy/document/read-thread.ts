// The thread that reads large policy documents.
import { parentPort } from 'node:worker_threads';
import { policyParts } from './parse.ts';
import type { ReadAnswer, ReadRequest } from './reader.ts';

parentPort?.on('message', ({ id, text, file }: ReadRequest) => {
  const parts = policyParts(text, file);
  parentPort?.postMessage({ id, parts } satisfies ReadAnswer);
});
