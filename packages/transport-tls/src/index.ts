export { Credentials, type CredentialsOptions, type Prepared } from './credentials.js';
export { TlsError } from './explain.js';
export type { TlsTransportOptions } from './options.js';
export type { Identity, StoreType, TlsMaterial } from './stores/stores.js';
export { loadIdentity, loadTrust } from './stores/stores.js';
export { TlsTransport } from './tls-transport.js';
export { verifiedSubjectOf } from './verified-subject.js';
