import { X509Certificate, createPrivateKey } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { isJks, readJks } from './jks.js';
import type { StoreContent } from './pkcs12.js';
import { readPkcs12 } from './pkcs12.js';

export type StoreType = 'PEM' | 'PKCS12' | 'JKS';

/** Certificates and a key: in files, or as text in PEM. */
export type TlsMaterial =
  | {
      /** A PEM file with certificates and perhaps a key, or a store. */
      readonly file: string;
      /** PEM file of the key, when that is not in `file`. */
      readonly keyFile?: string;
      /** Default: by the name's ending (.pem, .p12, .pfx, .jks), else by what is in the file. */
      readonly type?: StoreType;
      /** Password of the store or of the key. */
      readonly password?: string;
      /** File with the password; its first line counts. */
      readonly passwordFile?: string;
    }
  | {
      /** Certificates, and a key, in PEM, one behind the other. */
      readonly pem: string;
      /** Password of the key. */
      readonly password?: string;
    };

/** Who this end is. */
export interface Identity {
  /** The own certificate, then those that vouch for it, in PEM. */
  readonly cert: string;
  readonly key: string;
}

const ENDINGS: Readonly<Record<string, StoreType>> = {
  '.pem': 'PEM',
  '.crt': 'PEM',
  '.p12': 'PKCS12',
  '.pfx': 'PKCS12',
  '.jks': 'JKS',
};

/** @throws Error that names the file when it cannot be read or has no certificate and key */
export async function loadIdentity(material: TlsMaterial): Promise<Identity> {
  return named(material, 'key store', async () => {
    const { certificates, keys, password } = await contentOf(material);
    if (keys[0] === undefined) throw new Error('it has no private key');
    const key = createPrivateKey(
      typeof keys[0] === 'string'
        ? { key: keys[0], ...(password === undefined ? {} : { passphrase: password }) }
        : { key: Buffer.from(keys[0]), format: 'der', type: 'pkcs8' },
    );
    const all = certificates.map((certificate) => new X509Certificate(certificate));
    const own = all.findIndex((certificate) => certificate.checkPrivateKey(key));
    if (own < 0)
      throw new Error(all.length === 0 ? 'it has no certificate' : 'no certificate in it is that of the key');
    const chain = [all[own]!, ...all.filter((_, index) => index !== own)];
    return {
      cert: chain.map(String).join(''),
      key: String(key.export({ format: 'pem', type: 'pkcs8' })),
    };
  });
}

/** The certificates to trust, in PEM. @throws Error that names the file when there is none */
export async function loadTrust(material: TlsMaterial): Promise<readonly string[]> {
  return named(material, 'trust store', async () => {
    const { certificates } = await contentOf(material);
    if (certificates.length === 0) throw new Error('it has no certificate');
    return certificates.map((certificate) => String(new X509Certificate(certificate)));
  });
}

/** The files whose change means that the material must be read again. */
export function filesOf(material: TlsMaterial | undefined): readonly string[] {
  if (material === undefined || 'pem' in material) return [];
  return [material.file, material.keyFile, material.passwordFile].filter((file) => file !== undefined);
}

/** Says which state a file is in; a changed file gives another text. A file that is not there is a state, too. */
export async function stampOf(file: string): Promise<string> {
  try {
    const { mtimeMs, size, ino } = await stat(file);
    return `${String(mtimeMs)} ${String(size)} ${String(ino)}`;
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  }
}

interface Loaded {
  readonly certificates: readonly (Uint8Array | string)[];
  /** PKCS#8 in DER, or PEM. */
  readonly keys: readonly (Uint8Array | string)[];
  readonly password: string | undefined;
}

async function contentOf(material: TlsMaterial): Promise<Loaded> {
  if ('pem' in material) return { ...pemContent(material.pem), password: material.password };
  const bytes = await readFile(material.file);
  const { passwordFile } = material;
  const password =
    passwordFile === undefined ? material.password : (await readFile(passwordFile, 'utf8')).split(/\r?\n/)[0];
  const type = material.type ?? ENDINGS[extname(material.file).toLowerCase()] ?? guessed(bytes);
  if (type === 'PEM') {
    const keyText = material.keyFile === undefined ? '' : await readFile(material.keyFile, 'utf8');
    return { ...pemContent(`${bytes.toString('latin1')}\n${keyText}`), password };
  }
  return { ...storeContent(type, bytes, password ?? ''), password };
}

/** Java writes PKCS#12 into files called .jks since version 9, so what is in the file decides between the two. */
function storeContent(type: StoreType, bytes: Uint8Array, password: string): StoreContent {
  if (isJks(bytes)) return readJks(bytes, password);
  try {
    return readPkcs12(bytes, password);
  } catch (error) {
    if (error instanceof RangeError) throw new Error(`it is no ${type} store`, { cause: error });
    throw error;
  }
}

function guessed(bytes: Uint8Array): StoreType {
  if (isJks(bytes)) return 'JKS';
  return bytes[0] === 0x30 ? 'PKCS12' : 'PEM';
}

function pemContent(text: string): { certificates: string[]; keys: string[] } {
  const blocks = text.match(/-----BEGIN ([A-Z0-9 ]+)-----[^-]+-----END \1-----/g) ?? [];
  return {
    certificates: blocks.filter((block) => /^-----BEGIN (X509 |TRUSTED )?CERTIFICATE-----/.test(block)),
    keys: blocks.filter((block) => /^-----BEGIN ([A-Z]+ )*PRIVATE KEY-----/.test(block)),
  };
}

async function named<T>(material: TlsMaterial, what: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    const reason = PASSWORD_CODES.has(code ?? '') ? 'the password of its key is missing or wrong' : message;
    const where = 'pem' in material ? `the ${what} given as text` : `${what} ${material.file}`;
    throw new Error(`${where}: ${reason}`, { cause: error });
  }
}

/** What OpenSSL says about a password. */
const PASSWORD_CODES = new Set([
  'ERR_OSSL_BAD_DECRYPT',
  'ERR_MISSING_PASSPHRASE',
  'ERR_OSSL_CRYPTO_INTERRUPTED_OR_CANCELLED',
  'ERR_OSSL_INTERRUPTED_OR_CANCELLED',
]);
