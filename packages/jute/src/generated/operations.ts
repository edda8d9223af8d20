// Generated from records.jute by tools/generate-records.ts; do not edit.

/** Which request and reply records belong to which opcode. */

import { readNothing, writeNothing } from '../operation.js';
import type { Exchange, Operation } from '../operation.js';
import type { MultiReadRequest, MultiReadResponse, MultiRequest, MultiResponse } from '../multi.js';
import {
  readMultiReadRequest,
  readMultiReadResponse,
  readMultiRequest,
  readMultiResponse,
  writeMultiReadRequest,
  writeMultiReadResponse,
  writeMultiRequest,
  writeMultiResponse,
} from '../multi.js';
import type {
  CheckVersionRequest,
  Create2Response,
  CreateRequest,
  CreateResponse,
  CreateTTLRequest,
  DeleteContainerRequest,
  DeleteRequest,
  ErrorResponse,
  ReconfigRequest,
  SetACLRequest,
  SetACLResponse,
  SetDataRequest,
  SetDataResponse,
  SyncRequest,
  SyncResponse,
} from './changes.js';
import {
  readCheckVersionRequest,
  readCreate2Response,
  readCreateRequest,
  readCreateResponse,
  readCreateTTLRequest,
  readDeleteContainerRequest,
  readDeleteRequest,
  readErrorResponse,
  readReconfigRequest,
  readSetACLRequest,
  readSetACLResponse,
  readSetDataRequest,
  readSetDataResponse,
  readSyncRequest,
  readSyncResponse,
  writeCheckVersionRequest,
  writeCreate2Response,
  writeCreateRequest,
  writeCreateResponse,
  writeCreateTTLRequest,
  writeDeleteContainerRequest,
  writeDeleteRequest,
  writeErrorResponse,
  writeReconfigRequest,
  writeSetACLRequest,
  writeSetACLResponse,
  writeSetDataRequest,
  writeSetDataResponse,
  writeSyncRequest,
  writeSyncResponse,
} from './changes.js';
import type {
  ExistsRequest,
  ExistsResponse,
  GetACLRequest,
  GetACLResponse,
  GetAllChildrenNumberRequest,
  GetAllChildrenNumberResponse,
  GetChildren2Request,
  GetChildren2Response,
  GetChildrenRequest,
  GetChildrenResponse,
  GetDataRequest,
  GetDataResponse,
  GetEphemeralsRequest,
  GetEphemeralsResponse,
} from './reads.js';
import {
  readExistsRequest,
  readExistsResponse,
  readGetACLRequest,
  readGetACLResponse,
  readGetAllChildrenNumberRequest,
  readGetAllChildrenNumberResponse,
  readGetChildren2Request,
  readGetChildren2Response,
  readGetChildrenRequest,
  readGetChildrenResponse,
  readGetDataRequest,
  readGetDataResponse,
  readGetEphemeralsRequest,
  readGetEphemeralsResponse,
  writeExistsRequest,
  writeExistsResponse,
  writeGetACLRequest,
  writeGetACLResponse,
  writeGetAllChildrenNumberRequest,
  writeGetAllChildrenNumberResponse,
  writeGetChildren2Request,
  writeGetChildren2Response,
  writeGetChildrenRequest,
  writeGetChildrenResponse,
  writeGetDataRequest,
  writeGetDataResponse,
  writeGetEphemeralsRequest,
  writeGetEphemeralsResponse,
} from './reads.js';
import type { AuthPacket, GetSASLRequest, SetSASLResponse, WhoAmIResponse } from './session.js';
import {
  readAuthPacket,
  readGetSASLRequest,
  readSetSASLResponse,
  readWhoAmIResponse,
  writeAuthPacket,
  writeGetSASLRequest,
  writeSetSASLResponse,
  writeWhoAmIResponse,
} from './session.js';
import type { AddWatchRequest, CheckWatchesRequest, RemoveWatchesRequest, SetWatches, SetWatches2 } from './watches.js';
import {
  readAddWatchRequest,
  readCheckWatchesRequest,
  readRemoveWatchesRequest,
  readSetWatches,
  readSetWatches2,
  writeAddWatchRequest,
  writeCheckWatchesRequest,
  writeRemoveWatchesRequest,
  writeSetWatches,
  writeSetWatches2,
} from './watches.js';

/** Records by operation; void where there is only a header. */
export interface OperationTypes {
  readonly ping: Exchange<void, void>;
  readonly auth: Exchange<AuthPacket, void>;
  readonly sasl: Exchange<GetSASLRequest, SetSASLResponse>;
  readonly whoAmI: Exchange<void, WhoAmIResponse>;
  readonly closeSession: Exchange<void, void>;
  readonly exists: Exchange<ExistsRequest, ExistsResponse>;
  readonly getData: Exchange<GetDataRequest, GetDataResponse>;
  readonly getACL: Exchange<GetACLRequest, GetACLResponse>;
  readonly getChildren: Exchange<GetChildrenRequest, GetChildrenResponse>;
  readonly getChildren2: Exchange<GetChildren2Request, GetChildren2Response>;
  readonly getEphemerals: Exchange<GetEphemeralsRequest, GetEphemeralsResponse>;
  readonly getAllChildrenNumber: Exchange<GetAllChildrenNumberRequest, GetAllChildrenNumberResponse>;
  readonly create: Exchange<CreateRequest, CreateResponse>;
  readonly delete: Exchange<DeleteRequest, void>;
  readonly setData: Exchange<SetDataRequest, SetDataResponse>;
  readonly setACL: Exchange<SetACLRequest, SetACLResponse>;
  readonly sync: Exchange<SyncRequest, SyncResponse>;
  readonly check: Exchange<CheckVersionRequest, void>;
  readonly multi: Exchange<MultiRequest, MultiResponse>;
  readonly create2: Exchange<CreateRequest, Create2Response>;
  readonly reconfig: Exchange<ReconfigRequest, GetDataResponse>;
  readonly createContainer: Exchange<CreateRequest, Create2Response>;
  readonly deleteContainer: Exchange<DeleteContainerRequest, void>;
  readonly createTTL: Exchange<CreateTTLRequest, Create2Response>;
  readonly multiRead: Exchange<MultiReadRequest, MultiReadResponse>;
  readonly checkWatches: Exchange<CheckWatchesRequest, void>;
  readonly removeWatches: Exchange<RemoveWatchesRequest, void>;
  readonly setWatches: Exchange<SetWatches, void>;
  readonly setWatches2: Exchange<SetWatches2, void>;
  readonly addWatch: Exchange<AddWatchRequest, ErrorResponse>;
}

export type OperationName = keyof OperationTypes;

type OperationTable = {
  readonly [N in OperationName]: Operation<OperationTypes[N]['request'], OperationTypes[N]['response']>;
};

export const operations: OperationTable = Object.freeze({
  ping: {
    name: 'ping',
    code: 11,
    readRequest: readNothing,
    writeRequest: writeNothing,
    readResponse: readNothing,
    writeResponse: writeNothing,
  },
  auth: {
    name: 'auth',
    code: 100,
    readRequest: readAuthPacket,
    writeRequest: writeAuthPacket,
    readResponse: readNothing,
    writeResponse: writeNothing,
  },
  sasl: {
    name: 'sasl',
    code: 102,
    readRequest: readGetSASLRequest,
    writeRequest: writeGetSASLRequest,
    readResponse: readSetSASLResponse,
    writeResponse: writeSetSASLResponse,
  },
  whoAmI: {
    name: 'whoAmI',
    code: 107,
    readRequest: readNothing,
    writeRequest: writeNothing,
    readResponse: readWhoAmIResponse,
    writeResponse: writeWhoAmIResponse,
  },
  closeSession: {
    name: 'closeSession',
    code: -11,
    readRequest: readNothing,
    writeRequest: writeNothing,
    readResponse: readNothing,
    writeResponse: writeNothing,
  },
  exists: {
    name: 'exists',
    code: 3,
    readRequest: readExistsRequest,
    writeRequest: writeExistsRequest,
    readResponse: readExistsResponse,
    writeResponse: writeExistsResponse,
  },
  getData: {
    name: 'getData',
    code: 4,
    readRequest: readGetDataRequest,
    writeRequest: writeGetDataRequest,
    readResponse: readGetDataResponse,
    writeResponse: writeGetDataResponse,
  },
  getACL: {
    name: 'getACL',
    code: 6,
    readRequest: readGetACLRequest,
    writeRequest: writeGetACLRequest,
    readResponse: readGetACLResponse,
    writeResponse: writeGetACLResponse,
  },
  getChildren: {
    name: 'getChildren',
    code: 8,
    readRequest: readGetChildrenRequest,
    writeRequest: writeGetChildrenRequest,
    readResponse: readGetChildrenResponse,
    writeResponse: writeGetChildrenResponse,
  },
  getChildren2: {
    name: 'getChildren2',
    code: 12,
    readRequest: readGetChildren2Request,
    writeRequest: writeGetChildren2Request,
    readResponse: readGetChildren2Response,
    writeResponse: writeGetChildren2Response,
  },
  getEphemerals: {
    name: 'getEphemerals',
    code: 103,
    readRequest: readGetEphemeralsRequest,
    writeRequest: writeGetEphemeralsRequest,
    readResponse: readGetEphemeralsResponse,
    writeResponse: writeGetEphemeralsResponse,
  },
  getAllChildrenNumber: {
    name: 'getAllChildrenNumber',
    code: 104,
    readRequest: readGetAllChildrenNumberRequest,
    writeRequest: writeGetAllChildrenNumberRequest,
    readResponse: readGetAllChildrenNumberResponse,
    writeResponse: writeGetAllChildrenNumberResponse,
  },
  create: {
    name: 'create',
    code: 1,
    readRequest: readCreateRequest,
    writeRequest: writeCreateRequest,
    readResponse: readCreateResponse,
    writeResponse: writeCreateResponse,
  },
  delete: {
    name: 'delete',
    code: 2,
    readRequest: readDeleteRequest,
    writeRequest: writeDeleteRequest,
    readResponse: readNothing,
    writeResponse: writeNothing,
  },
  setData: {
    name: 'setData',
    code: 5,
    readRequest: readSetDataRequest,
    writeRequest: writeSetDataRequest,
    readResponse: readSetDataResponse,
    writeResponse: writeSetDataResponse,
  },
  setACL: {
    name: 'setACL',
    code: 7,
    readRequest: readSetACLRequest,
    writeRequest: writeSetACLRequest,
    readResponse: readSetACLResponse,
    writeResponse: writeSetACLResponse,
  },
  sync: {
    name: 'sync',
    code: 9,
    readRequest: readSyncRequest,
    writeRequest: writeSyncRequest,
    readResponse: readSyncResponse,
    writeResponse: writeSyncResponse,
  },
  check: {
    name: 'check',
    code: 13,
    readRequest: readCheckVersionRequest,
    writeRequest: writeCheckVersionRequest,
    readResponse: readNothing,
    writeResponse: writeNothing,
  },
  multi: {
    name: 'multi',
    code: 14,
    readRequest: readMultiRequest,
    writeRequest: writeMultiRequest,
    readResponse: readMultiResponse,
    writeResponse: writeMultiResponse,
  },
  create2: {
    name: 'create2',
    code: 15,
    readRequest: readCreateRequest,
    writeRequest: writeCreateRequest,
    readResponse: readCreate2Response,
    writeResponse: writeCreate2Response,
  },
  reconfig: {
    name: 'reconfig',
    code: 16,
    readRequest: readReconfigRequest,
    writeRequest: writeReconfigRequest,
    readResponse: readGetDataResponse,
    writeResponse: writeGetDataResponse,
  },
  createContainer: {
    name: 'createContainer',
    code: 19,
    readRequest: readCreateRequest,
    writeRequest: writeCreateRequest,
    readResponse: readCreate2Response,
    writeResponse: writeCreate2Response,
  },
  deleteContainer: {
    name: 'deleteContainer',
    code: 20,
    readRequest: readDeleteContainerRequest,
    writeRequest: writeDeleteContainerRequest,
    readResponse: readNothing,
    writeResponse: writeNothing,
  },
  createTTL: {
    name: 'createTTL',
    code: 21,
    readRequest: readCreateTTLRequest,
    writeRequest: writeCreateTTLRequest,
    readResponse: readCreate2Response,
    writeResponse: writeCreate2Response,
  },
  multiRead: {
    name: 'multiRead',
    code: 22,
    readRequest: readMultiReadRequest,
    writeRequest: writeMultiReadRequest,
    readResponse: readMultiReadResponse,
    writeResponse: writeMultiReadResponse,
  },
  checkWatches: {
    name: 'checkWatches',
    code: 17,
    readRequest: readCheckWatchesRequest,
    writeRequest: writeCheckWatchesRequest,
    readResponse: readNothing,
    writeResponse: writeNothing,
  },
  removeWatches: {
    name: 'removeWatches',
    code: 18,
    readRequest: readRemoveWatchesRequest,
    writeRequest: writeRemoveWatchesRequest,
    readResponse: readNothing,
    writeResponse: writeNothing,
  },
  setWatches: {
    name: 'setWatches',
    code: 101,
    readRequest: readSetWatches,
    writeRequest: writeSetWatches,
    readResponse: readNothing,
    writeResponse: writeNothing,
  },
  setWatches2: {
    name: 'setWatches2',
    code: 105,
    readRequest: readSetWatches2,
    writeRequest: writeSetWatches2,
    readResponse: readNothing,
    writeResponse: writeNothing,
  },
  addWatch: {
    name: 'addWatch',
    code: 106,
    readRequest: readAddWatchRequest,
    writeRequest: writeAddWatchRequest,
    readResponse: readErrorResponse,
    writeResponse: writeErrorResponse,
  },
});
