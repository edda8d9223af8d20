import { utf8Bytes } from '@zk/jute';
import { CreateMode, OPEN_ACL_UNSAFE } from '@zk/model';
import type { Call } from './calls.js';

/** The znode of which every call must fit into one order: written, written by version, and read behind a write. */
export const REGISTER = '/register';
export const INITIAL = 'initial';

/**
 * Creates it, or is refused because it is there: either way a request that the leader puts into its order, and what is read
 * behind it is no older than it.
 */
export const createRegister: Call = {
  name: 'create',
  request: { path: REGISTER, data: utf8Bytes(INITIAL), acl: OPEN_ACL_UNSAFE, flags: CreateMode.persistent },
};

export const readRegister: Call = { name: 'getData', request: { path: REGISTER, watch: false } };
