// QUIC version 2: a client's first Initial, with the hello of TLS in it, and the server's answer to it.
import { createCipheriv, createHmac } from 'node:crypto';
import { be16, be32, bytes, Capture, hex } from '../../frames.ts';

const version = 0x6b3343cf; // RFC 9369, 3.1
const salt = hex('0dede3def700a6db819381be6e269dcbf9bd2ed9'); // RFC 9369, 3.3.1
const originalId = hex('8394c8f03e515708');
const clientId = hex('c1c2c3c4');
const serverId = hex('51525354 55565758');

type Side = 'client' | 'server';
interface Keys {
  key: Buffer;
  iv: Buffer;
  mask: Buffer;
}

/** HKDF-Expand-Label (RFC 8446, 7.1), one block. */
function expand(secret: Buffer, label: string, length: number): Buffer {
  const text = `tls13 ${label}`;
  const info = bytes(be16(length), Buffer.from([text.length]), text, hex('00 01'));
  return createHmac('sha256', secret).update(info).digest().subarray(0, length);
}

function keysOf(side: Side): Keys {
  const initial = createHmac('sha256', salt).update(originalId).digest();
  const secret = expand(initial, `${side} in`, 32);
  return {
    key: expand(secret, 'quicv2 key', 16),
    iv: expand(secret, 'quicv2 iv', 12),
    mask: expand(secret, 'quicv2 hp', 16),
  };
}

/** A long header of type Initial, packet number 0 of two bytes (RFC 9001, 5.3 and 5.4). */
function initial(side: Side, to: Buffer, from: Buffer, frames: Buffer): Buffer {
  const { key, iv, mask } = keysOf(side);
  const ids = bytes(Buffer.from([to.length]), to, Buffer.from([from.length]), from);
  const length = be16(0x4000 | (2 + frames.length + 16));
  const header = bytes(hex('d1'), be32(version), ids, hex('00'), length, hex('0000'));
  const seal = createCipheriv('aes-128-gcm', key, iv).setAAD(header);
  const sealed = bytes(seal.update(frames), seal.final(), seal.getAuthTag());
  const hide = createCipheriv('aes-128-ecb', mask, null).update(sealed.subarray(2, 18));
  const packet = bytes(header, sealed);
  const number = header.length - 2;
  packet[0] = (packet[0] ?? 0) ^ ((hide[0] ?? 0) & 0x0f);
  for (const at of [0, 1]) packet[number + at] = (packet[number + at] ?? 0) ^ (hide[1 + at] ?? 0);
  return packet;
}

const extension = (type: number, body: Buffer): Buffer => bytes(be16(type), be16(body.length), body);
const vector = (body: Buffer): Buffer => bytes(be16(body.length), body);
function handshake(type: number, body: Buffer): Buffer {
  return bytes(Buffer.from([type]), be32(body.length).subarray(1), body);
}

const name = Buffer.from('www.example.org');
const share = Buffer.alloc(32, 9);
const hello = handshake(
  1,
  bytes(
    hex('0303'),
    Buffer.alloc(32, 7),
    hex('00 0002 1301 01 00'),
    vector(
      bytes(
        extension(0, vector(bytes(hex('00'), vector(name)))), // server name
        extension(16, vector(bytes(hex('02'), 'h3'))), // ALPN
        extension(43, hex('02 0304')), // versions
        extension(10, hex('0002 001d')), // groups
        extension(13, hex('0004 0403 0804')), // signature algorithms
        extension(51, vector(bytes(hex('001d'), vector(share)))), // key share
        extension(57, bytes(hex('0f 04'), clientId)), // transport parameters: the source's connection id
      ),
    ),
  ),
);
const answer = handshake(
  2,
  bytes(
    hex('0303'),
    Buffer.alloc(32, 8),
    hex('00 1301 00'),
    vector(bytes(extension(43, hex('0304')), extension(51, bytes(hex('001d'), vector(share))))),
  ),
);
const crypto = (data: Buffer): Buffer => bytes(hex('06 00'), be16(0x4000 | data.length), data);
const padded = (frames: Buffer): Buffer => bytes(frames, Buffer.alloc(1162 - frames.length));

export const capture = new Capture();
capture.udp('client', 443, initial('client', originalId, clientId, padded(crypto(hello))));
capture.udp(
  'server',
  443,
  initial('server', clientId, serverId, padded(bytes(hex('02 00 00 00 00'), crypto(answer)))),
);
