// A client of the key-value engine says hello, logs in, selects a bucket, fetches the map of the cluster, writes and reads a document.
import { be16, be32, bytes, Capture, hex } from '../../frames.ts';

const code = { get: 0, set: 1, hello: 0x1f, mechanisms: 0x20, login: 0x21, bucket: 0x89, map: 0xb5 };
interface Message {
  key?: string;
  extras?: Buffer;
  value?: Buffer | string;
}

/** `tail` is the virtual bucket of a request, the status of an answer. */
function message(
  magic: number,
  operation: number,
  tail: number,
  { key = '', extras = hex(''), value = '' }: Message,
) {
  const body = bytes(extras, key, value);
  const head = bytes(
    Buffer.from([magic, operation]),
    be16(key.length),
    Buffer.from([extras.length, 0]),
    be16(tail),
  );
  return bytes(head, be32(body.length), be32(7), Buffer.alloc(8), body);
}
const request = (operation: number, parts: Message = {}, bucket = 0): Buffer =>
  message(0x80, operation, bucket, parts);
const answer = (operation: number, parts: Message = {}): Buffer => message(0x81, operation, 0, parts);
const features = hex('0002 0006 0007 0008 000a'); // no delay, extended attributes and errors, select bucket, snappy
const map = JSON.stringify({
  rev: 3,
  name: 'shop',
  nodeLocator: 'vbucket',
  nodesExt: [{ services: { kv: 11210 } }],
});

export const capture = new Capture();
capture
  .tcp(11210)
  .client(request(code.hello, { key: '{"a":"sdk/1.0","i":"1/1"}', value: features }))
  .server(answer(code.hello, { value: features }))
  .client(request(code.mechanisms))
  .server(answer(code.mechanisms, { value: 'SCRAM-SHA512 PLAIN' }))
  .client(request(code.login, { key: 'PLAIN', value: '\0web\0secret' }))
  .server(answer(code.login, { value: 'Authenticated' }))
  .client(request(code.bucket, { key: 'shop' }))
  .server(answer(code.bucket))
  .client(request(code.map))
  .server(answer(code.map, { value: map }))
  .client(request(code.set, { key: 'item-1', extras: Buffer.alloc(8), value: '{"name":"moat"}' }, 0x2a1))
  .server(answer(code.set))
  .client(request(code.get, { key: 'item-1' }, 0x2a1))
  .server(answer(code.get, { extras: be32(0), value: '{"name":"moat"}' }))
  .end();
