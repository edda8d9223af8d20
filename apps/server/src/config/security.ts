import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseJaas, type LoginModule } from './jaas.js';
import type { AuthConfig, SaslConfig, StoreConfig, TlsConfig, WebSocketConfig } from './server-config.js';
import type { SettingReader } from './setting-reader.js';

/** Authentication providers of Apache ZooKeeper by the last part of their class names, and the schemes they are of. */
const PROVIDERS: Readonly<Record<string, string>> = {
  DigestAuthenticationProvider: 'digest',
  IPAuthenticationProvider: 'ip',
  SASLAuthenticationProvider: 'sasl',
  X509AuthenticationProvider: 'x509',
};
const STORE_TYPES: readonly string[] = ['JKS', 'PEM', 'PKCS12'];
const DIGEST_LOGIN = 'org.apache.zookeeper.server.auth.DigestLoginModule';

/** TLS for clients; undefined when no port asks for it. */
export function tlsConfig(reader: SettingReader, workingDirectory: string): TlsConfig | undefined {
  const needs = ['secureClientPort', 'client.portUnification', 'webSocketTls'].find((name) =>
    name === 'secureClientPort' ? reader.isSet(name) : reader.boolean(name),
  );
  if (needs === undefined) return undefined;
  const keyStore = storeConfig(reader, 'ssl.keyStore', workingDirectory);
  if (keyStore === undefined) {
    reader.problems.push(
      `${reader.where(needs)}: ${needs} needs a certificate and its key: set ssl.keyStore.location to a PEM, PKCS#12 or ` +
        'JKS file',
    );
  }
  for (const name of ['ssl.crl', 'ssl.ocsp']) {
    if (!reader.boolean(name)) continue;
    reader.problems.push(
      `${reader.where(name)}: ${name}: this version does not check whether certificates were revoked`,
    );
  }
  const provider = reader.text('ssl.authProvider');
  if (provider !== undefined && provider !== 'x509') {
    reader.problems.push(
      `${reader.where('ssl.authProvider')}: ssl.authProvider names "${provider}"; client certificates are of the scheme ` +
        'x509 here',
    );
  }
  const handshakes = reader.whole('netty.server.outstandingHandshake.limit');
  const protocol = reader.text('ssl.protocol');
  const isRestricted = reader.isSet('ssl.protocol') && !reader.isSet('ssl.enabledProtocols');
  return {
    keyStore,
    trustStore: storeConfig(reader, 'ssl.trustStore', workingDirectory),
    clientAuth: reader.choice('ssl.clientAuth') as TlsConfig['clientAuth'],
    verifiesClientNames: reader.boolean('ssl.hostnameVerification') && reader.boolean('ssl.clientHostnameVerification'),
    allowsReverseLookup: reader.boolean('ssl.allowReverseDnsLookup'),
    protocols: isRestricted && protocol !== undefined ? [protocol] : reader.list('ssl.enabledProtocols'),
    cipherSuites: reader.isSet('ssl.ciphersuites') ? reader.list('ssl.ciphersuites') : undefined,
    handshakeTimeoutMs: reader.whole('ssl.handshakeDetectionTimeoutMillis'),
    maxHandshakes: handshakes > 0 ? handshakes : undefined,
    reload: reader.boolean('client.certReload'),
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
  const type = reader.text(`${prefix}.type`)?.toUpperCase();
  if (type !== undefined && !STORE_TYPES.includes(type)) {
    reader.problems.push(
      `${reader.where(`${prefix}.type`)}: ${prefix}.type is ${type}; ${STORE_TYPES.join(', ')} can be read here. Convert ` +
        `it: keytool -importkeystore -srckeystore ${location} -destkeystore NEW.p12 -deststoretype PKCS12`,
    );
  }
  return {
    file: file(`${prefix}.location`) ?? location,
    type: type as StoreConfig['type'],
    password: reader.text(`${prefix}.password`),
    passwordFile: file(`${prefix}.passwordPath`),
  };
}

/** The listener for browsers; undefined: none. */
export function webSocketConfig(reader: SettingReader): WebSocketConfig | undefined {
  const port = reader.isSet('webSocketPort') ? reader.port('webSocketPort') : undefined;
  if (port === undefined) return undefined;
  return {
    port,
    address: reader.text('webSocketPortAddress'),
    path: reader.text('webSocketPath') ?? '/',
    allowedOrigins: reader.list('webSocketAllowedOrigins'),
    allowsMissingOrigin: reader.boolean('webSocketAllowMissingOrigin'),
    isTls: reader.boolean('webSocketTls'),
  };
}

/** How clients prove who they are. */
export function authConfig(reader: SettingReader, workingDirectory: string, hasTls: boolean): AuthConfig {
  const schemes = new Set<string>(hasTls ? ['x509'] : []);
  for (const { name, text, where } of reader.family('authProvider.*')) {
    const scheme = PROVIDERS[text.split('.').at(-1) ?? ''];
    if (scheme !== undefined) schemes.add(scheme);
    else {
      reader.problems.push(
        `${where}: ${name} names the Java class ${text}, which cannot run here; built in are ` +
          `${Object.keys(PROVIDERS).join(', ')}`,
      );
    }
  }
  const sasl = saslConfig(reader, workingDirectory);
  return {
    digest: digestAuth(reader),
    x509: schemes.has('x509') ? { superUser: reader.text('X509AuthenticationProvider.superUser') } : undefined,
    saslScheme: schemes.has('sasl') ? { letAnyUser: reader.text('letAnySaslUserDoX') } : undefined,
    sasl,
    enforcedSchemes: enforcedSchemes(reader, ['digest', 'ip', ...schemes], sasl !== undefined),
  };
}

function digestAuth(reader: SettingReader): AuthConfig['digest'] {
  const superDigest = reader.text('DigestAuthenticationProvider.superDigest');
  if (superDigest !== undefined && !/^[^:]+:.+$/.test(superDigest)) {
    reader.problems.push(
      `${reader.where('DigestAuthenticationProvider.superDigest')}: DigestAuthenticationProvider.superDigest must have ` +
        'the form user:hash',
    );
  }
  return {
    enabled: reader.boolean('DigestAuthenticationProvider.enabled'),
    algorithm: reader.choice('DigestAuthenticationProvider.digestAlg'),
    superDigest,
  };
}

/**
 * SASL is on when the JAAS file has the server's section. Without that section the server goes on without SASL, as
 * Apache's does, unless the section was named on purpose.
 */
function saslConfig(reader: SettingReader, workingDirectory: string): SaslConfig | undefined {
  const key = 'java.security.auth.login.config';
  const location = reader.text(key);
  if (location === undefined) return undefined;
  const where = `${reader.where(key)}: ${key}`;
  const section = reader.text('sasl.serverconfig') ?? 'Server';
  let modules: readonly LoginModule[] | undefined;
  try {
    const path = resolve(workingDirectory, location.replace(/^file:(\/\/)?(?=\/)/, ''));
    modules = parseJaas(readFileSync(path, 'utf8')).get(section);
  } catch (error) {
    reader.problems.push(`${where}: ${location} cannot be read: ${(error as Error).message}`);
    return undefined;
  }
  if (modules === undefined) {
    const text = `${where}: ${location} has no section "${section}"`;
    if (reader.isSet('sasl.serverconfig')) reader.problems.push(text);
    else reader.warnings.push(`${text}: clients cannot log in by SASL`);
    return undefined;
  }
  const foreign = modules.find(({ name }) => name !== DIGEST_LOGIN);
  if (foreign !== undefined) {
    reader.problems.push(
      `${where}: section "${section}" of ${location} names ${foreign.name}; only ${DIGEST_LOGIN} (DIGEST-MD5) can be ` +
        'used here, not Kerberos',
    );
  }
  const users = modules
    .flatMap(({ options }) => [...options])
    .filter(([option]) => option.startsWith('user_'))
    .map(([option, password]) => [option.slice('user_'.length), password] as const);
  const superPassword = reader.text('SASLAuthenticationProvider.superPassword');
  const superUsers = [reader.text('superUser'), ...reader.family('superUser.*').map(({ text }) => text)];
  return {
    users: superPassword === undefined ? users : [...users, ['super', superPassword]],
    superUsers: superUsers.filter((user): user is string => user !== undefined && user !== ''),
    keepsFailed: reader.boolean('allowSaslFailedClients'),
  };
}

/** spec: operations, section 2.5: enabled without schemes, or with an unknown one, aborts the start. */
function enforcedSchemes(
  reader: SettingReader,
  available: readonly string[],
  hasSasl: boolean,
): readonly string[] | undefined {
  if (reader.boolean('sessionRequireClientSASLAuth')) {
    if (!hasSasl) {
      reader.problems.push(
        `${reader.where('sessionRequireClientSASLAuth')}: sessionRequireClientSASLAuth=true refuses every client while ` +
          'nobody can log in by SASL; set java.security.auth.login.config to a file with a section "Server"',
      );
    }
    return ['sasl'];
  }
  if (!reader.boolean('enforce.auth.enabled')) return undefined;
  const schemes = reader.list('enforce.auth.schemes');
  if (schemes.length === 0) {
    reader.problems.push(
      `${reader.where('enforce.auth.enabled')}: enforce.auth.enabled needs enforce.auth.schemes, such as digest`,
    );
  }
  const known = hasSasl ? [...available, 'sasl'] : available;
  for (const scheme of schemes) {
    if (known.includes(scheme)) continue;
    reader.problems.push(
      `${reader.where('enforce.auth.schemes')}: enforce.auth.schemes names "${scheme}", which this server does not ` +
        `have; it has ${[...new Set(known)].join(', ')}`,
    );
  }
  return schemes;
}
