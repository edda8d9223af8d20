// Generated from records.jute by tools/generate-records.ts; do not edit.

/** Which record belongs to which transaction type. */

import type { TransactionKind } from '../operation.js';
import type {
  CheckVersionTxn,
  CloseSessionTxn,
  CreateContainerTxn,
  CreateSessionTxn,
  CreateTTLTxn,
  CreateTxn,
  DeleteTxn,
  ErrorTxn,
  MultiTxn,
  SetACLTxn,
  SetDataTxn,
} from './txns.js';
import {
  readCheckVersionTxn,
  readCloseSessionTxn,
  readCreateContainerTxn,
  readCreateSessionTxn,
  readCreateTTLTxn,
  readCreateTxn,
  readDeleteTxn,
  readErrorTxn,
  readMultiTxn,
  readSetACLTxn,
  readSetDataTxn,
  writeCheckVersionTxn,
  writeCloseSessionTxn,
  writeCreateContainerTxn,
  writeCreateSessionTxn,
  writeCreateTTLTxn,
  writeCreateTxn,
  writeDeleteTxn,
  writeErrorTxn,
  writeMultiTxn,
  writeSetACLTxn,
  writeSetDataTxn,
} from './txns.js';

export interface TransactionTypes {
  readonly error: ErrorTxn;
  readonly createSession: CreateSessionTxn;
  readonly closeSession: CloseSessionTxn;
  readonly create: CreateTxn;
  readonly delete: DeleteTxn;
  readonly setData: SetDataTxn;
  readonly setACL: SetACLTxn;
  readonly check: CheckVersionTxn;
  readonly multi: MultiTxn;
  readonly create2: CreateTxn;
  readonly reconfig: SetDataTxn;
  readonly createContainer: CreateContainerTxn;
  readonly deleteContainer: DeleteTxn;
  readonly createTTL: CreateTTLTxn;
}

export type TransactionName = keyof TransactionTypes;

type TransactionTable = { readonly [N in TransactionName]: TransactionKind<TransactionTypes[N]> };

export const transactions: TransactionTable = Object.freeze({
  error: { name: 'error', type: -1, read: readErrorTxn, write: writeErrorTxn },
  createSession: { name: 'createSession', type: -10, read: readCreateSessionTxn, write: writeCreateSessionTxn },
  closeSession: { name: 'closeSession', type: -11, read: readCloseSessionTxn, write: writeCloseSessionTxn },
  create: { name: 'create', type: 1, read: readCreateTxn, write: writeCreateTxn },
  delete: { name: 'delete', type: 2, read: readDeleteTxn, write: writeDeleteTxn },
  setData: { name: 'setData', type: 5, read: readSetDataTxn, write: writeSetDataTxn },
  setACL: { name: 'setACL', type: 7, read: readSetACLTxn, write: writeSetACLTxn },
  check: { name: 'check', type: 13, read: readCheckVersionTxn, write: writeCheckVersionTxn },
  multi: { name: 'multi', type: 14, read: readMultiTxn, write: writeMultiTxn },
  create2: { name: 'create2', type: 15, read: readCreateTxn, write: writeCreateTxn },
  reconfig: { name: 'reconfig', type: 16, read: readSetDataTxn, write: writeSetDataTxn },
  createContainer: { name: 'createContainer', type: 19, read: readCreateContainerTxn, write: writeCreateContainerTxn },
  deleteContainer: { name: 'deleteContainer', type: 20, read: readDeleteTxn, write: writeDeleteTxn },
  createTTL: { name: 'createTTL', type: 21, read: readCreateTTLTxn, write: writeCreateTTLTxn },
});
