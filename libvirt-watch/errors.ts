// The one error class of this room.

/**
 * - `bus`: no connection to the message bus, or it ended
 * - `timeout`: a call got no answer in time
 * - `gone`: the domain or network of the call does not exist (any more)
 * - `refused`: the bus's policy or libvirt denies the call
 * - `libvirt`: libvirt-dbus is there, but libvirt answered with an error
 * - `xml`: a document is not well-formed, too large, or not what libvirt writes
 */
export type LibvirtErrorCode = 'bus' | 'timeout' | 'gone' | 'refused' | 'libvirt' | 'xml';

export class LibvirtError extends Error {
  readonly code: LibvirtErrorCode;
  constructor(code: LibvirtErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'LibvirtError';
    this.code = code;
  }
}
