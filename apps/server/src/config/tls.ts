import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { QuorumTlsSettings } from './ensemble/ensemble-settings.js';
import type { AdminTlsSettings, StoreConfig, TlsConfig } from './tls-config.js';
import type { SettingReader } from './setting-reader.js';

const STORE_TYPES = ['JKS', 'PEM', 'PKCS12'] as const;

/** TLS for clients; undefined when no port asks for it. */
export function tlsConfig(reader: SettingReader, workingDirectory: string): TlsConfig | undefined {
  const needs = ['secureClientPort', 'client.portUnification', 'webSocketTls'].find((name) =>
    name === 'secureClientPort' ? reader.isSet(name) : reader.boolean(name),
  );
  if (needs === undefined) return undefined;
  const provider = reader.text('ssl.authProvider');
  if (provider !== undefined && provider !== 'x509') {
    reader.problems.push(
      `${reader.where('ssl.authProvider')}: ssl.authProvider names "${provider}"; client certificates are of the scheme ` +
        'x509 here',
    );
  }
  const handshakes = reader.whole('netty.server.outstandingHandshake.limit');
  return {
    ...readTls(reader, { prefix: 'ssl', needs, workingDirectory }),
    maxHandshakes: handshakes > 0 ? handshakes : undefined,
    reload: reader.boolean('client.certReload'),
  };
}

/** TLS between members; undefined when they speak and take plain text only. */
export function quorumTls(reader: SettingReader, workingDirectory: string): QuorumTlsSettings | undefined {
  const needs = ['sslQuorum', 'portUnification'].find((name) => reader.boolean(name));
  if (needs === undefined) return undefined;
  return {
    ...readTls(reader, { prefix: 'ssl.quorum', needs, workingDirectory }),
    maxHandshakes: undefined,
    reload: reader.boolean('sslQuorumReloadCertFiles'),
    isUsed: reader.boolean('sslQuorum'),
    verifiesServerNames: reader.boolean('ssl.quorum.hostnameVerification'),
    allowsPlainText: reader.boolean('portUnification') || !reader.boolean('sslQuorum'),
  };
}

/** TLS of the admin server, with the certificates of the ensemble; undefined when it speaks plain HTTP only. */
export function adminTls(reader: SettingReader, workingDirectory: string): AdminTlsSettings | undefined {
  const needs = ['admin.forceHttps', 'admin.portUnification'].find((name) => reader.boolean(name));
  if (needs === undefined) return undefined;
  return {
    ...readTls(reader, { prefix: 'ssl.quorum', needs, workingDirectory }),
    maxHandshakes: undefined,
    reload: reader.boolean('sslQuorumReloadCertFiles'),
    allowsPlainText: !reader.boolean('admin.forceHttps'),
    needsClientCertificate: reader.boolean('admin.needClientAuth'),
  };
}

interface TlsKeys {
  readonly prefix: 'ssl' | 'ssl.quorum';
  /** The key that asks for TLS. */
  readonly needs: string;
  readonly workingDirectory: string;
}

function readTls(
  reader: SettingReader,
  { prefix, needs, workingDirectory }: TlsKeys,
): Omit<TlsConfig, 'maxHandshakes' | 'reload'> {
  const keyStore = storeConfig(reader, `${prefix}.keyStore`, workingDirectory);
  if (keyStore === undefined) {
    reader.problems.push(
      `${reader.where(needs)}: ${needs} needs a certificate and its key: set ${prefix}.keyStore.location to a PEM, ` +
        'PKCS#12 or JKS file',
    );
  }
  for (const name of [`${prefix}.crl`, `${prefix}.ocsp`]) {
    if (!reader.boolean(name)) continue;
    reader.problems.push(
      `${reader.where(name)}: ${name}: this version does not check whether certificates were revoked`,
    );
  }
  const protocol = reader.text(`${prefix}.protocol`);
  const isRestricted = reader.isSet(`${prefix}.protocol`) && !reader.isSet(`${prefix}.enabledProtocols`);
  return {
    keyStore,
    trustStore: storeConfig(reader, `${prefix}.trustStore`, workingDirectory),
    clientAuth: reader.choice(`${prefix}.clientAuth`),
    verifiesClientNames:
      reader.boolean(`${prefix}.hostnameVerification`) && reader.boolean(`${prefix}.clientHostnameVerification`),
    allowsReverseLookup: reader.boolean(`${prefix}.allowReverseDnsLookup`),
    protocols: isRestricted && protocol !== undefined ? [protocol] : reader.list(`${prefix}.enabledProtocols`),
    cipherSuites: reader.isSet(`${prefix}.ciphersuites`) ? reader.list(`${prefix}.ciphersuites`) : undefined,
    handshakeTimeoutMs: reader.whole(`${prefix}.handshakeDetectionTimeoutMillis`),
  };
}

function storeConfig(reader: SettingReader, prefix: string, workingDirectory: string): StoreConfig | undefined {
  const location = reader.text(`${prefix}.location`);
  if (location === undefined) return undefined;
  const file = (name: string): string | undefined => {
    const text = reader.text(name);
    if (text === undefined) return undefined;
    const path = resolve(workingDirectory, text);
    if (!existsSync(path)) reader.problems.push(`${reader.where(name)}: ${name}: there is no file ${path}`);
    return path;
  };
  const asked = reader.text(`${prefix}.type`)?.toUpperCase();
  const type = STORE_TYPES.find((known) => known === asked);
  if (asked !== undefined && type === undefined) {
    reader.problems.push(
      `${reader.where(`${prefix}.type`)}: ${prefix}.type is ${asked}; ${STORE_TYPES.join(', ')} can be read here. Convert ` +
        `it: keytool -importkeystore -srckeystore ${location} -destkeystore NEW.p12 -deststoretype PKCS12`,
    );
  }
  return {
    file: file(`${prefix}.location`) ?? location,
    type,
    password: reader.text(`${prefix}.password`),
    passwordFile: file(`${prefix}.passwordPath`),
  };
}
