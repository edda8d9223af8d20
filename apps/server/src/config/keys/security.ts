import { CHOICES } from '../choices.js';
import { rowsOf, type KeyDetails, type KeyKind, type KeySpec, type KeyStatus } from '../key-spec.js';

const honoured = rowsOf('security', 'honoured');
const unsupported = rowsOf('security', 'unsupported');

/** spec: operations, section 2.5, first table. */
export const SECURITY_KEYS: readonly KeySpec[] = [
  honoured('skipACL', 'yes-no', { default: 'no', meaning: 'yes: nobody checks ACLs.' }),
  honoured('authProvider.*', 'text', {
    meaning:
      'Java class of an authentication provider. Those of digest, ip, sasl and x509 are built in; others stop the start. ' +
      'sasl ids may stand in ACLs only where the one of sasl is named.',
  }),
  honoured('DigestAuthenticationProvider.enabled', 'flag', { default: 'true', meaning: 'Offer the digest scheme.' }),
  honoured('DigestAuthenticationProvider.superDigest', 'text', {
    isSecret: true,
    meaning: '`super:<hash>`: whoever proves it may do everything.',
  }),
  honoured('DigestAuthenticationProvider.digestAlg', 'choice', {
    choices: CHOICES['DigestAuthenticationProvider.digestAlg'],
    default: 'SHA1',
    meaning: 'Hash of the digest scheme.',
  }),
  honoured('IPAuthenticationProvider.usexforwardedfor', 'flag', {
    default: 'false',
    meaning: 'Address of admin clients from X-Forwarded-For.',
  }),
  honoured('X509AuthenticationProvider.superUser', 'text', {
    meaning: 'Certificate subject that may do everything.',
  }),
  honoured('superUser', 'text', { meaning: 'SASL id that may do everything.' }),
  honoured('superUser.*', 'text', { meaning: 'Further SASL ids that may do everything.' }),
  honoured('SASLAuthenticationProvider.superPassword', 'text', {
    isSecret: true,
    meaning: 'Password of the SASL user `super`, who satisfies every ACL entry of sasl.',
  }),
  honoured('allowSaslFailedClients', 'flag', {
    default: 'false',
    meaning: 'Keep clients whose SASL login failed.',
  }),
  honoured('sessionRequireClientSASLAuth', 'flag', {
    default: 'false',
    meaning: 'Refuse requests of clients without SASL login.',
  }),
  honoured('enforce.auth.enabled', 'flag', {
    default: 'false',
    meaning: 'Refuse requests of clients that have not authenticated with one of enforce.auth.schemes.',
  }),
  honoured('enforce.auth.schemes', 'list', { meaning: 'The schemes that count.' }),
  unsupported('ensembleAuthName', 'text', { meaning: 'Names a client may expect the ensemble to have.' }),
  honoured('sasl.serverconfig', 'text', { default: 'Server', meaning: 'JAAS section of the server.' }),
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
  honoured('letAnySaslUserDoX', 'text', { meaning: 'Id of an ACL entry that any SASL user satisfies.' }),
  rowsOf('security', 'no effect')('fips-mode', 'flag', {
    default: 'true',
    meaning: 'Use only what FIPS allows for TLS and SASL.',
  }),
];

interface TlsRow {
  readonly suffix: string;
  readonly kind: KeyKind;
  readonly isSupported: boolean;
  readonly details: KeyDetails;
}

const row = (suffix: string, kind: KeyKind, details: KeyDetails, isSupported = true): TlsRow => ({
  suffix,
  kind,
  isSupported,
  details,
});

const TLS_ROWS: readonly TlsRow[] = [
  row('keyStore.location', 'path', { meaning: 'File with the certificate and its key.' }),
  row('keyStore.password', 'text', { isSecret: true, meaning: 'Its password.' }),
  row('keyStore.passwordPath', 'path', { meaning: 'File with its password.' }),
  row('keyStore.type', 'text', { meaning: 'JKS, PEM or PKCS12 (not BCFKS); default: by the file name.' }),
  row('trustStore.location', 'path', { meaning: 'File with the certificates to trust; default: those of Node.' }),
  row('trustStore.password', 'text', { isSecret: true, meaning: 'Its password.' }),
  row('trustStore.passwordPath', 'path', { meaning: 'File with its password.' }),
  row('trustStore.type', 'text', { meaning: 'JKS, PEM or PKCS12 (not BCFKS); default: by the file name.' }),
  row('protocol', 'text', { default: 'TLSv1.3', meaning: 'Protocol, where enabledProtocols is not set.' }),
  row('enabledProtocols', 'list', {
    ours: 'TLSv1.2,TLSv1.3',
    why: 'Clients with an older TLS library have no TLSv1.3.',
    meaning: 'Protocols accepted.',
  }),
  row('ciphersuites', 'list', { meaning: "Cipher suites, in Java's or OpenSSL's names; default: those of Node." }),
  row('context.supplier.class', 'text', { meaning: 'Java class that makes TLS contexts.' }, false),
  row('hostnameVerification', 'flag', { default: 'true', meaning: 'Check names in certificates at all.' }),
  row('clientHostnameVerification', 'flag', {
    default: 'false',
    meaning: 'Check that the certificate of a client is for the address it comes from.',
  }),
  row('allowReverseDnsLookup', 'flag', {
    default: 'false',
    meaning: 'Ask for the names of an address for that check.',
  }),
  row('crl', 'flag', { default: 'false', meaning: 'Check revocation lists. true stops the start.' }),
  row('ocsp', 'flag', { default: 'false', meaning: 'Ask for the status of certificates. true stops the start.' }),
  row('clientAuth', 'choice', {
    choices: CHOICES['ssl.clientAuth'],
    default: 'need',
    meaning: 'Whether clients must have a certificate, may have one, or are not asked.',
  }),
  row('handshakeDetectionTimeoutMillis', 'whole', {
    unit: 'ms',
    min: 1,
    default: '5000',
    meaning: 'How long a handshake may take, or the first byte where one port serves both.',
  }),
];

const statusOf = ({ isSupported }: TlsRow, status: KeyStatus): KeyStatus => (isSupported ? status : 'unsupported');
const honouredTls = rowsOf('tls', 'honoured');
const ensembleTls = rowsOf('tls', 'ensemble');

/** What differs between members. */
const QUORUM_DETAILS: Readonly<Record<string, Partial<KeyDetails>>> = {
  enabledProtocols: { why: 'A member may have an older TLS library.' },
  clientHostnameVerification: {
    default: 'true',
    meaning: 'Check that the certificate of a member that connects is for the address it comes from.',
  },
  allowReverseDnsLookup: { default: 'true' },
  clientAuth: { meaning: 'Whether members that connect must have a certificate, may have one, or are not asked.' },
};

function clientRow(tlsRow: TlsRow): KeySpec {
  return rowsOf('tls', statusOf(tlsRow, 'honoured'))(`ssl.${tlsRow.suffix}`, tlsRow.kind, tlsRow.details);
}

function quorumRow(tlsRow: TlsRow): KeySpec {
  const { suffix, kind, details } = tlsRow;
  const status = statusOf(tlsRow, 'ensemble');
  return rowsOf('tls', status)(`ssl.quorum.${suffix}`, kind, { ...details, ...QUORUM_DETAILS[suffix] });
}

/** spec: operations, section 2.5, second and third table. */
export const TLS_KEYS: readonly KeySpec[] = [
  ...TLS_ROWS.map(clientRow),
  honouredTls('ssl.authProvider', 'text', { default: 'x509', meaning: 'Scheme of client certificates; only x509.' }),
  rowsOf('tls', 'no effect')('ssl.sslProvider', 'text', { default: 'JDK', meaning: 'JDK or OPENSSL.' }),
  ...TLS_ROWS.map(quorumRow),
  ensembleTls('sslQuorum', 'boolean', { property: null, default: 'false', meaning: 'TLS between members.' }),
  ensembleTls('portUnification', 'boolean', {
    property: null,
    default: 'false',
    meaning: 'TLS and plain text on quorum ports.',
  }),
  ensembleTls('sslQuorumReloadCertFiles', 'boolean', {
    property: null,
    default: 'false',
    meaning: 'Take new certificates of members when their files change.',
  }),
  honouredTls('client.portUnification', 'flag', {
    default: 'false',
    meaning: 'TLS and plain text on the client port.',
  }),
  honouredTls('client.certReload', 'flag', {
    default: 'false',
    meaning: 'Take new certificates when their files change; open connections stay.',
  }),
];
