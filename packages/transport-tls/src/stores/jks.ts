import { createHash, timingSafeEqual } from 'node:crypto';
import { child, content, derAt } from './der.js';
import type { StoreContent } from './pkcs12.js';

const MAGIC = 0xfeedfeed;
/** What the integrity check of a JKS store is seasoned with. */
const SEASONING = 'Mighty Aphrodite';
const HASH_BYTES = 20;

export function isJks(bytes: Uint8Array): boolean {
  return bytes.length >= 12 && Buffer.from(bytes.buffer, bytes.byteOffset).readUInt32BE(0) === MAGIC;
}

/**
 * Reads a JKS store, Java's own format up to Java 8: certificates in the clear, keys under a stream of SHA-1 digests,
 * both sealed by a digest that only those can make who know the password.
 * @throws Error when the password is wrong or the bytes are no such store
 */
export function readJks(store: Uint8Array, password: string): StoreContent {
  const bytes = Buffer.from(store.buffer, store.byteOffset, store.length);
  const body = bytes.subarray(0, bytes.length - HASH_BYTES);
  const secret = Buffer.from(password, 'utf16le').swap16();
  const seal = createHash('sha1').update(secret).update(SEASONING).update(body).digest();
  if (!isJks(bytes) || !timingSafeEqual(seal, bytes.subarray(body.length))) {
    throw new Error('the password of the store is wrong, or the store is damaged');
  }
  const version = body.readUInt32BE(4);
  let at = 8;
  const int = (): number => body.readUInt32BE((at += 4) - 4);
  const block = (sizeBytes: number): Buffer => body.subarray(at, (at += sizeBytes));
  const text = (): string => block(body.readUInt16BE((at += 2) - 2)).toString('utf8');
  const certificate = (): Buffer => {
    if (version === 2) text();
    return block(int());
  };
  const keys: Uint8Array[] = [];
  const certificates: Uint8Array[] = [];
  for (let count = int(); count > 0; count--) {
    const kind = int();
    text();
    at += 8;
    if (kind === 1) {
      keys.push(unlocked(content(child(derAt(block(int())), 1)), secret));
      for (let chain = int(); chain > 0; chain--) certificates.push(certificate());
    } else {
      certificates.push(certificate());
    }
  }
  return { keys, certificates };
}

/** Salt, the key under the stream, and a digest of password and key. */
function unlocked(sealed: Uint8Array, secret: Buffer): Uint8Array {
  const key = Buffer.from(sealed.subarray(HASH_BYTES, sealed.length - HASH_BYTES));
  let stream: Uint8Array = sealed.subarray(0, HASH_BYTES);
  for (let at = 0; at < key.length; at += HASH_BYTES) {
    stream = createHash('sha1').update(secret).update(stream).digest();
    for (let i = 0; i < HASH_BYTES && at + i < key.length; i++) key[at + i]! ^= stream[i]!;
  }
  const check = createHash('sha1').update(secret).update(key).digest();
  if (timingSafeEqual(check, sealed.subarray(sealed.length - HASH_BYTES))) return key;
  throw new Error('the key has a password other than the one of its store');
}
