// A worker asks the master whether it is there and registers; the master answers.
import { be16, be32, be64, bytes, Capture, hex } from '../../frames.ts';

const utf = (value: string): Buffer => bytes(be16(value.length), value);
const address = (host: string, port: number): Buffer => bytes(hex('01'), utf(host), be32(port));
/** Sender, receiver, name of the endpoint, then the message as a serialised Java object. */
const envelope = (endpoint: string, object: Buffer): Buffer =>
  bytes(address('10.9.0.1', 34_567), address('10.9.0.2', 7077), utf(endpoint), object);

const classOf = (name: string, uid: string, fields: Buffer): Buffer =>
  bytes(hex('aced 0005 73 72'), utf(name), hex(uid), hex('02'), fields);
const exists = bytes(
  classOf(
    'org.apache.spark.rpc.netty.RpcEndpointVerifier$CheckExistence',
    '57d3c1c11b2cab11',
    hex('0001 4c'),
  ),
  utf('name'),
  hex('74'),
  utf('Ljava/lang/String;'),
  hex('78 70 74'),
  utf('Master'),
);
const yes = bytes(
  classOf('java.lang.Boolean', 'cd207280d59cfaee', hex('0001 5a')),
  utf('value'),
  hex('78 70 01'),
);
const register = bytes(
  classOf('org.apache.spark.deploy.DeployMessages$RegisterWorker', '5ad8a44b1c8a2b17', hex('0001 49')),
  utf('cores'),
  hex('78 70 00000004'),
);

/** Length of all, type, then id (not for one-way messages), length of the body. */
function frame(type: number, body: Buffer, id?: number): Buffer {
  const head = bytes(Buffer.from([type]), id === undefined ? '' : be64(id), be32(body.length));
  return bytes(be64(8 + head.length + body.length), head, body);
}
const [request, response, oneWay] = [3, 4, 9];

export const capture = new Capture();
capture
  .tcp(7077)
  .client(frame(request, envelope('endpoint-verifier', exists), 5_010_112_331))
  .server(frame(response, yes, 5_010_112_331))
  .client(frame(oneWay, envelope('Master', register)))
  .end();
