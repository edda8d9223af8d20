import forge from 'node-forge';
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readJks } from './jks.js';
import { readPkcs12 } from './pkcs12.js';
import type { TlsMaterial } from './stores.js';
import { loadIdentity, loadTrust } from './stores.js';
import { subjectOf } from './subject.js';

const fixture = (name: string): string => path.join(__dirname, '../../test/fixtures', name);
const certificate = new X509Certificate(readFileSync(fixture('certificate.pem')));

describe('a subject', () => {
  it('is what Java says it is, letter by letter', () => {
    expect(subjectOf(certificate.raw)).toBe(
      'CN=Ann\\, Lee+UID=ann,OU=a\\=b \\<c\\>,O=Zoo\\#1,ST=Bayern,L=München,DC=example,' +
        '1.2.840.113549.1.9.1=#160f616e6e406578616d706c652e6f7267,C=DE',
    );
  });

  // Looked at in a way that takes the square of their number, the test would not end.
  it('is found where it is little but blanks, which are looked at once each', () => {
    const blanks = ' '.repeat(3_000_000);
    expect(subjectOf(certificateFor(`a${blanks}x `))).toBe(`DC=a${blanks}x\\ `);
  });

  it('is not found in other bytes', () => {
    expect(() => subjectOf(Uint8Array.of(0x30, 5, 1))).toThrow(RangeError);
  });
});

describe('an identity', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'zk-stores-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const passwordFile = path.join(folder, 'password');
  writeFileSync(passwordFile, 'secret1\n');

  const split = (): TlsMaterial => {
    const text = readFileSync(fixture('plain.pem'), 'utf8');
    const keyFile = path.join(folder, 'key.pem');
    writeFileSync(keyFile, /-----BEGIN PRIVATE KEY-----[^]*-----END PRIVATE KEY-----/.exec(text)![0]);
    return { file: fixture('certificate.pem'), keyFile };
  };

  it.each<[string, () => TlsMaterial]>([
    ['PKCS#12 as Java writes it today', () => ({ file: fixture('key-store.p12'), password: 'secret1' })],
    ['PKCS#12, with its password in a file', () => ({ file: fixture('key-store.p12'), passwordFile })],
    ['PKCS#12 with triple DES and SHA-1', () => ({ file: fixture('3des.p12'), password: 'secret6' })],
    ['PKCS#12 in a file called .jks', () => ({ file: fixture('key-store.p12'), type: 'JKS', password: 'secret1' })],
    ['JKS', () => ({ file: fixture('key-store.jks'), password: 'secret3' })],
    ['PEM', () => ({ file: fixture('plain.pem') })],
    ['PEM with an encrypted key', () => ({ file: fixture('encrypted.pem'), password: 'secret7' })],
    ['PEM in two files', split],
    ['PEM as text', () => ({ pem: readFileSync(fixture('plain.pem'), 'utf8') })],
  ])('is read from %s', async (_name, material) => {
    const { cert, key } = await loadIdentity(material());
    expect(new X509Certificate(cert).fingerprint256).toBe(certificate.fingerprint256);
    expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true);
  });

  it.each<[string, TlsMaterial, RegExp]>([
    [
      'a wrong password',
      { file: fixture('key-store.p12'), password: 'no' },
      /key-store\.p12: the password .* is wrong/,
    ],
    ['a wrong password of JKS', { file: fixture('key-store.jks'), password: 'no' }, /password of the store is wrong/],
    ['a wrong password of PEM', { file: fixture('encrypted.pem'), password: 'no' }, /password of its key is .*wrong/],
    ['no password of PEM', { file: fixture('encrypted.pem') }, /password of its key is missing/],
    ['RC2', { file: fixture('rc2.p12'), password: 'secret5' }, /not supported here: .* keytool -importkeystore/],
    ['a store without a key', { file: fixture('trust-store.p12'), password: 'secret2' }, /has no private key/],
    ['no file', { file: '/nowhere/x.pem' }, /key store \/nowhere\/x\.pem: ENOENT/],
    ['what is no store', { file: fixture('README.md'), type: 'PKCS12' }, /it is no PKCS12 store/],
    ['text without a certificate', { pem: 'hello' }, /given as text: it has no private key/],
  ])('is not read from %s, and that is said', async (_name, material, message) => {
    await expect(loadIdentity(material)).rejects.toThrow(message);
  });
});

describe('trusted certificates', () => {
  it.each<[string, TlsMaterial]>([
    ['PKCS#12 without a key', { file: fixture('trust-store.p12'), password: 'secret2' }],
    ['JKS', { file: fixture('trust-store.jks'), password: 'secret4' }],
    ['PEM', { file: fixture('certificate.pem') }],
  ])('are read from %s', async (_name, material) => {
    const [pem] = await loadTrust(material);
    expect(new X509Certificate(pem!).fingerprint256).toBe(certificate.fingerprint256);
  });

  it('must be there', async () => {
    await expect(loadTrust({ pem: '' })).rejects.toThrow('the trust store given as text: it has no certificate');
  });
});

describe('a damaged store', () => {
  it.each<[string, (bytes: Uint8Array, password: string) => unknown, string, string]>([
    ['PKCS#12', readPkcs12, 'key-store.p12', 'secret1'],
    ['JKS', readJks, 'key-store.jks', 'secret3'],
  ])('of %s is refused wherever it is damaged', (_name, read, file, password) => {
    const whole = readFileSync(fixture(file));
    for (let at = 0; at < whole.length; at += 97) {
      const damaged = Uint8Array.from(whole);
      damaged[at]! ^= 0x55;
      let content: unknown;
      try {
        content = read(damaged, password);
      } catch (error) {
        expect(error).toHaveProperty('message');
        continue;
      }
      // Only a byte that says nothing may be changed without notice.
      expect(content).toEqual(read(whole, password));
    }
  });
});

/** As much of a certificate as has a subject. */
function certificateFor(domainComponent: string): Uint8Array {
  const { asn1 } = forge;
  const { OID, UTF8, SEQUENCE, SET, INTEGER } = asn1.Type;
  const part = (type: forge.asn1.Type, value: string | forge.asn1.Asn1[]): forge.asn1.Asn1 =>
    asn1.create(asn1.Class.UNIVERSAL, type, Array.isArray(value), value);
  const oid = asn1.oidToDer('0.9.2342.19200300.100.1.25').getBytes();
  const name = part(SEQUENCE, [part(SET, [part(SEQUENCE, [part(OID, oid), part(UTF8, domainComponent)])])]);
  const nothing = part(SEQUENCE, []);
  const base = part(SEQUENCE, [part(INTEGER, '\u0001'), nothing, nothing, nothing, name]);
  return Buffer.from(asn1.toDer(part(SEQUENCE, [base])).getBytes(), 'binary');
}
