export type { ComplianceCase } from './compliance-case.js';
export { Ear } from './ear.js';
export { describeStorage, storageCases } from './storage/describe-storage.js';
export type { StorageFactory, StorageHarness } from './storage/harness.js';
export { describeTransport } from './transport.js';
export type { TransportSuiteOptions } from './transport.js';
export type { AddressOptions } from './transport-listening.js';
export type { TransportUnderTest } from './transport-rig.js';
