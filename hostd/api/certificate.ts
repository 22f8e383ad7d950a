// The TLS certificate: the configured one, or a self-signed one that is made once and renewed before it ends.
import { generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { messageOf, VmoatError } from '../base/errors.ts';
import {
  bitString,
  boolean,
  der,
  integer,
  objectId,
  octetString,
  sequence,
  set,
  tagged,
  time,
  utf8,
} from './der.ts';

export interface Certificate {
  /** PEM */
  certificate: string;
  key: string;
  /** SHA-256, as browsers show it: AA:BB:… */
  fingerprint: string;
}

const DAY_MS = 86_400_000;
/** Browsers take no longer ones. */
const LIFE_DAYS = 397;
const RENEW_DAYS = 30;
const ECDSA_SHA256 = objectId('1.2.840.10045.4.3.2');

/** Throws `certificate_failed`. */
export function configuredCertificate(certificateFile: string, keyFile: string): Certificate {
  try {
    return withFingerprint(readFileSync(certificateFile, 'utf8'), readFileSync(keyFile, 'utf8'));
  } catch (cause) {
    throw new VmoatError('certificate_failed', messageOf(cause), { cause });
  }
}

/** From `folder`, or made there; throws `certificate_failed`. */
export function ownCertificate(folder: string, now_ms: number): Certificate {
  const files = { certificate: join(folder, 'web-certificate.pem'), key: join(folder, 'web-key.pem') };
  const existing = stored(files.certificate, files.key, now_ms);
  if (existing) return existing;
  try {
    const made = selfSigned([hostname(), 'localhost', '127.0.0.1', '::1'], now_ms);
    mkdirSync(folder, { recursive: true, mode: 0o750 });
    writeFileSync(files.key, made.key, { mode: 0o600 });
    writeFileSync(files.certificate, made.certificate, { mode: 0o644 });
    return made;
  } catch (cause) {
    throw new VmoatError('certificate_failed', messageOf(cause), { cause });
  }
}

/** null where there is none, it is broken, or it ends soon. */
function stored(certificateFile: string, keyFile: string, now_ms: number): Certificate | null {
  try {
    const found = withFingerprint(readFileSync(certificateFile, 'utf8'), readFileSync(keyFile, 'utf8'));
    const ends = Date.parse(new X509Certificate(found.certificate).validTo);
    return ends - now_ms > RENEW_DAYS * DAY_MS ? found : null;
  } catch {
    return null;
  }
}

const withFingerprint = (certificate: string, key: string): Certificate => ({
  certificate,
  key,
  fingerprint: new X509Certificate(certificate).fingerprint256,
});

/** An X.509 v3 certificate (RFC 5280) with a new P-256 key for these DNS names and addresses. */
export function selfSigned(names: readonly string[], now_ms: number): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const body = certificateBody(publicKey, names, now_ms);
  const signature = sign('sha256', body, privateKey);
  const certificate = pem('CERTIFICATE', sequence(body, sequence(ECDSA_SHA256), bitString(signature)));
  return withFingerprint(certificate, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
}

function certificateBody(publicKey: KeyObject, names: readonly string[], now_ms: number): Buffer {
  const subject = sequence(set(sequence(objectId('2.5.4.3'), utf8('vmoat'))));
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  return sequence(
    tagged(0, integer(Buffer.from([2]))),
    integer(serial),
    sequence(ECDSA_SHA256),
    subject,
    sequence(time(new Date(now_ms - DAY_MS)), time(new Date(now_ms + (LIFE_DAYS - 1) * DAY_MS))),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(3, sequence(basicConstraints(), serverAuth(), subjectNames(names))),
  );
}

const basicConstraints = (): Buffer =>
  sequence(objectId('2.5.29.19'), boolean(true), octetString(sequence()));
const serverAuth = (): Buffer =>
  sequence(objectId('2.5.29.37'), octetString(sequence(objectId('1.3.6.1.5.5.7.3.1'))));
const subjectNames = (names: readonly string[]): Buffer =>
  sequence(objectId('2.5.29.17'), octetString(sequence(...names.map(generalName))));

/** dNSName [2] or iPAddress [7]. */
function generalName(name: string): Buffer {
  if (isIPv4(name)) return der(0x87, Buffer.from(name.split('.').map(Number)));
  if (name === '::1') return der(0x87, Buffer.concat([Buffer.alloc(15), Buffer.from([1])]));
  return der(0x82, Buffer.from(name));
}

const pem = (label: string, bytes: Buffer): string => {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
};
