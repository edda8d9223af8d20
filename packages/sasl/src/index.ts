export type { DigestMd5Names } from './digest-md5.js';
export { QUORUM_NAMES } from './digest-md5.js';
export type { DigestMd5ClientOptions } from './digest-md5-client.js';
export { DigestMd5Client, INITIAL_TOKEN, createDigestMd5Client } from './digest-md5-client.js';
export type { DigestMd5ServerOptions } from './digest-md5-server.js';
export { DigestMd5Server, createDigestMd5Server } from './digest-md5-server.js';
