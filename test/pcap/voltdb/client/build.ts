// A client logs in with the hash of its password and calls a procedure.
import { be16, be32, be64, bytes, Capture, hex } from '../../frames.ts';

const text = (value: string): Buffer => bytes(be32(value.length), value);
const message = (...parts: Buffer[]): Buffer => {
  const body = bytes(...parts);
  return bytes(be32(body.length), body);
};
const hash = Buffer.alloc(32, 0xa5); // SHA-256 of the password
const login = message(hex('01 01'), text('database'), text('web'), hash);
const welcome = message(
  hex('00 00'),
  be32(0),
  be64(1),
  be64(1_767_225_600_000),
  hex('0a090002'),
  text('volt_10.0'),
);
/** A procedure's name, the client's handle, one parameter: a string (type 9). */
const call = message(hex('00'), text('@SystemInformation'), be64(42), be16(1), hex('09'), text('OVERVIEW'));
const result = message(hex('00'), be64(42), hex('00 01 80'), be32(3), be16(0));

export const capture = new Capture();
capture.tcp(21212).client(login).server(welcome).client(call).server(result).end();
