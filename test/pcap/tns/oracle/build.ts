// A client is told to resend, is accepted and agrees on services; another asks for a service that is not there.
import { be16, bytes, Capture, hex } from '../../frames.ts';

const packet = (type: number, body: Buffer): Buffer =>
  bytes(be16(8 + body.length), '\0\0', Buffer.from([type, 0]), '\0\0', body);

/** Version 314 down to 300, a session data unit of 8,192 bytes; the descriptor stands at byte 58. */
function connect(service: string): Buffer {
  const program = '(CID=(PROGRAM=sqlplus)(HOST=client)(USER=web))';
  const address = '(ADDRESS=(PROTOCOL=TCP)(HOST=10.9.0.2)(PORT=1521))';
  const descriptor = `(DESCRIPTION=${address}(CONNECT_DATA=(SERVICE_NAME=${service})${program}))`;
  const head = hex('013a 012c 0c41 2000 ffff 7f08 0000 0001');
  const where = bytes(be16(descriptor.length), be16(58), hex('00000000 4141'));
  return packet(1, bytes(head, where, Buffer.alloc(24), descriptor));
}
const refusal = '(DESCRIPTION=(TMP=)(VSNNUM=318767104)(ERR=12514)(ERROR_STACK=(ERROR=(CODE=12514)(EMFI=4))))';
/** Native services: the magic deadbeef, length, version, count. */
const services = (count: number): Buffer =>
  packet(
    6,
    bytes(
      hex('0000 deadbeef'),
      be16(13 + 8 * count),
      hex('13000000'),
      be16(count),
      hex('00'),
      Buffer.alloc(8 * count),
    ),
  );

export const capture = new Capture();
capture
  .tcp(1521)
  .client(connect('shop'))
  .server(packet(11, Buffer.alloc(0)))
  .client(connect('shop'))
  .server(packet(2, hex('013a 0c41 2000 ffff 0100 0000 0020 4141 0000 0000 0000 0000')))
  .client(services(4))
  .server(services(4))
  .client(packet(6, hex('0040')))
  .end();
capture
  .tcp(1521)
  .client(connect('none'))
  .server(packet(4, bytes(hex('2200'), be16(refusal.length), refusal)))
  .end();
