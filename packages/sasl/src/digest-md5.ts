import { md5 } from '@noble/hashes/legacy';
import type { RandomSource } from '@zk/contracts';
import { hashedBytes, utf8Bytes } from './text.js';

/** The names under which both ends of a connection prove themselves; ZooKeeper's by default. */
export interface DigestMd5Names {
  /** Default `zookeeper`; between servers `zookeeper-quorum`. */
  readonly service?: string;
  /** The server's name, which is its realm too. Default `zk-sasl-md5`; between servers `zk-quorum-sasl-md5`. */
  readonly realm?: string;
}

export const DEFAULT_SERVICE = 'zookeeper';
export const DEFAULT_REALM = 'zk-sasl-md5';

/** Between the servers of an ensemble. */
export const QUORUM_NAMES: Required<DigestMd5Names> = {
  service: 'zookeeper-quorum',
  realm: 'zk-quorum-sasl-md5',
};

/** Everything that goes into a response, apart from which end makes it. */
export interface DigestInputs {
  readonly username: string;
  readonly realm: string;
  readonly password: string;
  readonly nonce: string;
  readonly cnonce: string;
  readonly nonceCount: string;
  readonly qop: string;
  readonly digestUri: string;
  /** Undefined: none was sent. */
  readonly authzid: string | undefined;
}

/**
 * The digest of RFC 2831, section 2.1.2.1, for qop `auth` and algorithm `md5-sess`. The client's names the method
 * AUTHENTICATE, the server's answer names none.
 */
export function digestResponse(inputs: DigestInputs, end: 'client' | 'server'): string {
  const { username, realm, password, nonce, cnonce, nonceCount, qop, digestUri, authzid } = inputs;
  const colon = utf8Bytes(':');
  const secret = md5(joined([hashedBytes(username), colon, hashedBytes(realm), colon, hashedBytes(password)]));
  const rest = `:${nonce}:${cnonce}${authzid === undefined ? '' : `:${authzid}`}`;
  const a1 = hex(md5(joined([secret, utf8Bytes(rest)])));
  const a2 = hex(md5(utf8Bytes(`${end === 'client' ? 'AUTHENTICATE' : ''}:${digestUri}`)));
  return hex(md5(utf8Bytes(`${a1}:${nonce}:${nonceCount}:${cnonce}:${qop}:${a2}`)));
}

/** 128 random bits in hex. */
export function randomNonce(random: RandomSource): string {
  const bytes = new Uint8Array(16);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Math.floor(random.next() * 256);
  return hex(bytes);
}

/** In a time that does not tell where the texts differ. */
export function sameText(one: string, other: string): boolean {
  let difference = one.length ^ other.length;
  for (let i = 0; i < one.length; i++) difference |= one.charCodeAt(i) ^ other.charCodeAt(i % (other.length || 1));
  return difference === 0;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function hex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}
