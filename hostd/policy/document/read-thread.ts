// The thread that reads and edits large policy documents.
import { parentPort } from 'node:worker_threads';
import { edited } from './edits.ts';
import { policyParts } from './parse.ts';
import type { ReadAnswer, ReadRequest } from './reader.ts';

const answerOf = (request: ReadRequest): ReadAnswer =>
  'edits' in request
    ? { id: request.id, text: edited(request.text, request.edits) }
    : { id: request.id, parts: policyParts(request.text, request.file) };

parentPort?.on('message', (request: ReadRequest) => parentPort?.postMessage(answerOf(request)));
