import { openJaas, usersOf } from './login-sections.js';
import type { AuthConfig, SaslConfig, WebSocketConfig } from './server-config.js';
import type { SettingReader } from './setting-reader.js';

/** Authentication providers of Apache ZooKeeper by the last part of their class names, and the schemes they are of. */
const PROVIDERS: Readonly<Record<string, string>> = {
  DigestAuthenticationProvider: 'digest',
  IPAuthenticationProvider: 'ip',
  SASLAuthenticationProvider: 'sasl',
  X509AuthenticationProvider: 'x509',
};

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
    else if (text === '') reader.warnings.push(`${where}: ${name} names no class, and has no effect`);
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
  const file = openJaas(reader, workingDirectory);
  if (file === undefined) return undefined;
  const section = reader.text('sasl.serverconfig') ?? 'Server';
  const modules = file.section(section);
  if (modules === undefined) {
    const text = `${file.where}: ${file.location} has no section "${section}"`;
    if (reader.isSet('sasl.serverconfig')) reader.problems.push(text);
    else reader.warnings.push(`${text}: clients cannot log in by SASL`);
    return undefined;
  }
  const users = usersOf(modules);
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
