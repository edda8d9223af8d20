export type { AuthProvidersOptions } from './create-auth-providers.js';
export { createAuthProviders } from './create-auth-providers.js';
export type { DigestAuthOptions } from './digest-auth-provider.js';
export { DigestAuthProvider, digestId } from './digest-auth-provider.js';
export { IpAuthProvider, addressText } from './ip-auth-provider.js';
export type { X509AuthOptions } from './x509-auth-provider.js';
export { X509AuthProvider } from './x509-auth-provider.js';
