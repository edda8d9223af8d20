import { rowsOf, type KeySpec } from '../key-spec.js';

const honoured = rowsOf('security', 'honoured');
const unsupported = rowsOf('security', 'unsupported');

/** spec: operations, section 2.5, first table. */
export const SECURITY_KEYS: readonly KeySpec[] = [
  honoured('skipACL', 'yes-no', { default: 'no', meaning: 'yes: nobody checks ACLs.' }),
  unsupported('authProvider.*', 'text', {
    meaning: 'Java class of an authentication provider. digest, ip and world are built in.',
  }),
  honoured('DigestAuthenticationProvider.enabled', 'flag', { default: 'true', meaning: 'Offer the digest scheme.' }),
  honoured('DigestAuthenticationProvider.superDigest', 'text', {
    isSecret: true,
    meaning: '`super:<hash>`: whoever proves it may do everything.',
  }),
  honoured('DigestAuthenticationProvider.digestAlg', 'choice', {
    choices: ['SHA1', 'SHA-1', 'SHA-224', 'SHA-256', 'SHA-384', 'SHA-512', 'SHA3-256', 'SHA3-384', 'SHA3-512', 'MD5'],
    default: 'SHA1',
    meaning: 'Hash of the digest scheme.',
  }),
  unsupported('IPAuthenticationProvider.usexforwardedfor', 'flag', {
    default: 'false',
    harmless: ['false'],
    meaning: 'Address of admin clients from X-Forwarded-For.',
  }),
  unsupported('X509AuthenticationProvider.superUser', 'text', {
    meaning: 'Certificate subject that may do everything.',
  }),
  unsupported('superUser', 'text', { meaning: 'SASL id that may do everything.' }),
  unsupported('superUser.*', 'text', { meaning: 'Further SASL ids that may do everything.' }),
  unsupported('allowSaslFailedClients', 'flag', {
    default: 'false',
    harmless: ['false'],
    meaning: 'Keep clients whose SASL login failed.',
  }),
  honoured('sessionRequireClientSASLAuth', 'flag', {
    default: 'false',
    meaning: 'Refuse requests of clients without SASL login. There is no SASL here, so true stops the start.',
  }),
  honoured('enforce.auth.enabled', 'flag', {
    default: 'false',
    meaning: 'Refuse requests of clients that have not authenticated with one of enforce.auth.schemes.',
  }),
  honoured('enforce.auth.schemes', 'list', { meaning: 'The schemes that count.' }),
  unsupported('ensembleAuthName', 'text', { meaning: 'Names a client may expect the ensemble to have.' }),
  unsupported('sasl.serverconfig', 'text', { default: 'Server', meaning: 'JAAS section of the server.' }),
  unsupported('kerberos.removeHostFromPrincipal', 'flag', {
    default: 'false',
    harmless: ['false'],
    meaning: 'Shorten Kerberos principals.',
  }),
  unsupported('kerberos.removeRealmFromPrincipal', 'flag', {
    default: 'false',
    harmless: ['false'],
    meaning: 'Shorten Kerberos principals.',
  }),
  unsupported('security.auth_to_local', 'text', { default: 'DEFAULT', meaning: 'Rules for Kerberos principals.' }),
  unsupported('letAnySaslUserDoX', 'text', { meaning: 'SASL ids that count as an ACL entry.' }),
  rowsOf('security', 'no effect')('fips-mode', 'flag', {
    default: 'true',
    meaning: 'Use only what FIPS allows for TLS and SASL.',
  }),
];

const TLS_SUFFIXES: readonly (readonly [suffix: string, byDefault: string | undefined, meaning: string])[] = [
  ['keyStore.location', undefined, 'Key store.'],
  ['keyStore.password', undefined, 'Its password.'],
  ['keyStore.passwordPath', undefined, 'File with its password.'],
  ['keyStore.type', undefined, 'JKS, PEM, PKCS12 or BCFKS; default: by the file name.'],
  ['trustStore.location', undefined, 'Trust store.'],
  ['trustStore.password', undefined, 'Its password.'],
  ['trustStore.passwordPath', undefined, 'File with its password.'],
  ['trustStore.type', undefined, 'JKS, PEM, PKCS12 or BCFKS; default: by the file name.'],
  ['protocol', 'TLSv1.3', 'Protocol offered.'],
  ['enabledProtocols', undefined, 'Protocols accepted; default: the one offered.'],
  ['ciphersuites', undefined, 'Cipher suites.'],
  ['context.supplier.class', undefined, 'Java class that makes TLS contexts.'],
  ['hostnameVerification', 'true', 'Check names in certificates.'],
  ['clientHostnameVerification', undefined, 'Check names in client certificates.'],
  ['allowReverseDnsLookup', undefined, 'Look up names of addresses for that check.'],
  ['crl', 'false', 'Check revocation lists.'],
  ['ocsp', 'false', 'Ask for the status of certificates.'],
  ['clientAuth', 'need', 'none, want or need client certificates.'],
  ['handshakeDetectionTimeoutMillis', '5000', 'How long to wait for the first bytes when one port serves both.'],
];

const tls = rowsOf('tls', 'unsupported');

function tlsRows(prefix: string): KeySpec[] {
  return TLS_SUFFIXES.map(([suffix, byDefault, meaning]) =>
    tls(`${prefix}.${suffix}`, 'text', { default: byDefault, meaning, isSecret: suffix.endsWith('.password') }),
  );
}

/** spec: operations, section 2.5, second and third table. */
export const TLS_KEYS: readonly KeySpec[] = [
  ...tlsRows('ssl'),
  tls('ssl.authProvider', 'text', { default: 'x509', meaning: 'Authentication provider for client certificates.' }),
  tls('ssl.sslProvider', 'text', { default: 'JDK', meaning: 'JDK or OPENSSL.' }),
  ...tlsRows('ssl.quorum'),
  tls('sslQuorum', 'boolean', {
    property: null,
    default: 'false',
    harmless: ['false'],
    meaning: 'TLS between members.',
  }),
  tls('portUnification', 'boolean', {
    property: null,
    default: 'false',
    harmless: ['false'],
    meaning: 'TLS and plain text on quorum ports.',
  }),
  tls('sslQuorumReloadCertFiles', 'boolean', {
    property: null,
    default: 'false',
    harmless: ['false'],
    meaning: 'Reload certificates between members.',
  }),
  tls('client.portUnification', 'flag', {
    default: 'false',
    harmless: ['false'],
    meaning: 'TLS and plain text on the client port.',
  }),
  tls('client.certReload', 'flag', {
    default: 'false',
    harmless: ['false'],
    meaning: 'Reload certificates for clients.',
  }),
];
