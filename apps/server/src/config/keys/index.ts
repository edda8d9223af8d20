import type { KeySpec } from '../key-spec.js';
import { ADMIN_KEYS } from './admin.js';
import { BASIC_KEYS } from './basic.js';
import { JVM_KEYS } from './jvm.js';
import { MONITORING_KEYS } from './monitoring.js';
import { QUORUM_KEYS } from './quorum.js';
import { REQUEST_KEYS } from './requests.js';
import { SECURITY_KEYS, TLS_KEYS } from './security.js';
import { STORAGE_KEYS } from './storage.js';

/** Everything Apache ZooKeeper 3.9 can be told, in the order of the documentation. */
export const KEYS: readonly KeySpec[] = [
  ...BASIC_KEYS,
  ...STORAGE_KEYS,
  ...REQUEST_KEYS,
  ...SECURITY_KEYS,
  ...ADMIN_KEYS,
  ...MONITORING_KEYS,
  ...JVM_KEYS,
  ...QUORUM_KEYS,
  ...TLS_KEYS,
];
