import { createDecipheriv, createHash, createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto';
import type { DerElement } from './der.js';
import { Tag, child, children, content, derAt, integerOf, objectIdOf, whole } from './der.js';

/** What a store holds, in DER. */
export interface StoreContent {
  /** PKCS#8 private keys. */
  readonly keys: readonly Uint8Array[];
  /** X.509 certificates; those of a key come before those that vouch for them. */
  readonly certificates: readonly Uint8Array[];
}

const DATA = '1.2.840.113549.1.7.1';
const ENCRYPTED_DATA = '1.2.840.113549.1.7.6';
const KEY_BAG = '1.2.840.113549.1.12.10.1.1';
const SHROUDED_KEY_BAG = '1.2.840.113549.1.12.10.1.2';
const CERTIFICATE_BAG = '1.2.840.113549.1.12.10.1.3';
const X509_CERTIFICATE = '1.2.840.113549.1.9.22.1';
const SHA1_AND_3DES = '1.2.840.113549.1.12.1.3';
const PBES2 = '1.2.840.113549.1.5.13';

const MAX_ROUNDS = 2_000_000;

const HASHES: Readonly<Record<string, string>> = {
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.4': 'sha224',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};
const HMACS: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.8': 'sha224',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
};
const CIPHERS: Readonly<Record<string, readonly [name: string, keyBytes: number]>> = {
  '2.16.840.1.101.3.4.1.2': ['aes-128-cbc', 16],
  '2.16.840.1.101.3.4.1.22': ['aes-192-cbc', 24],
  '2.16.840.1.101.3.4.1.42': ['aes-256-cbc', 32],
  '1.2.840.113549.3.7': ['des-ede3-cbc', 24],
};

/**
 * Reads a PKCS#12 store (RFC 7292) protected by a password. Node reads such a store only when it holds a key, and takes
 * the certificates of its chain for trusted ones; a trust store that keytool made has no key.
 * @throws Error when the password is wrong, the bytes are no such store, or their protection is not known here
 */
export function readPkcs12(bytes: Uint8Array, password: string): StoreContent {
  const [, authSafe, mac] = children(derAt(bytes));
  if (authSafe === undefined) throw new RangeError('the store has no content');
  const safe = joinedOctets(child(child(authSafe, 1), 0));
  if (mac !== undefined) checkMac(mac, safe, password);
  const found = { keys: [] as Uint8Array[], certificates: [] as Uint8Array[] };
  for (const info of children(derAt(safe))) {
    const type = objectIdOf(child(info, 0));
    const body = child(child(info, 1), 0);
    if (type === DATA) collect(joinedOctets(body), password, found);
    else if (type === ENCRYPTED_DATA) {
      const encrypted = child(body, 1);
      const cipherText = child(encrypted, 2);
      const payload = cipherText.tag === Tag.context0 ? joinedOctets(cipherText) : content(cipherText);
      collect(decrypt(child(encrypted, 1), payload, password), password, found);
    } else throw new Error(`the store has a part of type ${type}, which is not known here`);
  }
  return found;
}

function collect(
  safeContents: Uint8Array,
  password: string,
  found: { keys: Uint8Array[]; certificates: Uint8Array[] },
): void {
  for (const bag of children(derAt(safeContents))) {
    const type = objectIdOf(child(bag, 0));
    const value = child(child(bag, 1), 0);
    if (type === KEY_BAG) found.keys.push(whole(value));
    else if (type === SHROUDED_KEY_BAG) {
      found.keys.push(decrypt(child(value, 0), content(child(value, 1)), password));
    } else if (type === CERTIFICATE_BAG && objectIdOf(child(value, 0)) === X509_CERTIFICATE) {
      found.certificates.push(content(child(child(value, 1), 0)));
    }
  }
}

/** An OCTET STRING, which BER may have split up. */
function joinedOctets(element: DerElement): Uint8Array {
  const isConstructed = (element.tag & 0x20) !== 0;
  return isConstructed ? Buffer.concat(children(element).map((part) => content(part))) : content(element);
}

function checkMac(mac: DerElement, safe: Uint8Array, password: string): void {
  const [digestInfo, salt, rounds] = children(mac);
  if (digestInfo === undefined || salt === undefined)
    throw new RangeError('the integrity check of the store is cut off');
  const hash = known(HASHES, objectIdOf(child(child(digestInfo, 0), 0)), 'integrity check');
  const keyBytes = createHash(hash).digest().length;
  const key = pkcs12Key(hash, 3, password, content(salt), rounds === undefined ? 1 : roundsOf(rounds), keyBytes);
  const expected = createHmac(hash, key).update(safe).digest();
  const given = content(child(digestInfo, 1));
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new Error('the password of the store is wrong, or the store is damaged');
  }
}

function decrypt(algorithm: DerElement, cipherText: Uint8Array, password: string): Uint8Array {
  const [oid, parameters] = children(algorithm);
  if (oid === undefined || parameters === undefined) throw new RangeError('the encryption of the store is not named');
  const name = objectIdOf(oid);
  if (name === SHA1_AND_3DES) {
    const salt = content(child(parameters, 0));
    const rounds = roundsOf(child(parameters, 1));
    const key = pkcs12Key('sha1', 1, password, salt, rounds, 24);
    const iv = pkcs12Key('sha1', 2, password, salt, rounds, 8);
    return decipher('des-ede3-cbc', key, iv, cipherText);
  }
  if (name !== PBES2) return known({}, name, 'encryption');
  const derivation = child(child(parameters, 0), 1);
  const [salt, rounds, ...rest] = children(derivation);
  if (salt === undefined || rounds === undefined) throw new RangeError('the key derivation of the store is cut off');
  const prf = rest.find(({ tag }) => tag === Tag.sequence);
  const hash = prf === undefined ? 'sha1' : known(HMACS, objectIdOf(child(prf, 0)), 'key derivation');
  const scheme = child(parameters, 1);
  const [cipher, keyBytes] = known(CIPHERS, objectIdOf(child(scheme, 0)), 'encryption');
  const key = pbkdf2Sync(Buffer.from(password, 'utf8'), content(salt), roundsOf(rounds), keyBytes, hash);
  return decipher(cipher, key, content(child(scheme, 1)), cipherText);
}

/** Those of a damaged store could take for ever. */
function roundsOf(element: DerElement): number {
  const rounds = integerOf(element);
  if (rounds >= 1 && rounds <= MAX_ROUNDS) return rounds;
  throw new RangeError(`the key derivation of the store takes ${String(rounds)} rounds`);
}

function known<T>(table: Readonly<Record<string, T>>, oid: string, what: string): T {
  const found = table[oid];
  if (found !== undefined) return found;
  throw new Error(
    `the ${what} of the store (${oid}) is not supported here: store it anew with ` +
      'keytool -importkeystore -srckeystore OLD -destkeystore NEW.p12 -deststoretype PKCS12',
  );
}

function decipher(name: string, key: Uint8Array, iv: Uint8Array, cipherText: Uint8Array): Uint8Array {
  const machine = createDecipheriv(name, key, iv);
  try {
    return Buffer.concat([machine.update(cipherText), machine.final()]);
  } catch (error) {
    throw new Error('the password of the store is wrong, or the store is damaged', { cause: error });
  }
}

/** The key derivation of RFC 7292, appendix B. `purpose`: 1 a key, 2 an initialization vector, 3 an integrity check. */
function pkcs12Key(
  hash: string,
  purpose: number,
  password: string,
  salt: Uint8Array,
  rounds: number,
  sizeBytes: number,
): Buffer {
  const block = hash === 'sha384' || hash === 'sha512' ? 128 : 64;
  const text = Buffer.from(`${password}\0`, 'utf16le').swap16();
  const repeated = (bytes: Uint8Array): Buffer =>
    Buffer.alloc(Math.ceil(bytes.length / block) * block, bytes.length === 0 ? 0 : Buffer.from(bytes));
  const input = Buffer.concat([repeated(salt), repeated(text)]);
  const parts: Buffer[] = [];
  for (let made = 0; made < sizeBytes;) {
    let digest = createHash(hash).update(Buffer.alloc(block, purpose)).update(input).digest();
    for (let round = 1; round < rounds; round++) digest = createHash(hash).update(digest).digest();
    parts.push(digest);
    made += digest.length;
    addToBlocks(input, Buffer.alloc(block, digest), block);
  }
  return Buffer.concat(parts).subarray(0, sizeBytes);
}

/** Every block of `input` becomes its sum with `addend` and one, as a big number that overflows. */
function addToBlocks(input: Buffer, addend: Buffer, block: number): void {
  for (let start = 0; start < input.length; start += block) {
    let carry = 1;
    for (let i = block - 1; i >= 0; i--) {
      const sum = input[start + i]! + addend[i]! + carry;
      input[start + i] = sum & 0xff;
      carry = sum >> 8;
    }
  }
}
