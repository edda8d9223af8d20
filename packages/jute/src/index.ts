export { ByteArena } from './byte-arena.js';
export { copyBytes, equalBytes, readInt32, utf8Bytes, utf8Text, writeInt32 } from './bytes.js';
export { adler32, crc32 } from './checksums.js';
export * from './generated/index.js';
export { MarshallingError } from './marshalling-error.js';
export type {
  MultiError,
  MultiOp,
  MultiReadOp,
  MultiReadRequest,
  MultiReadResponse,
  MultiReadResult,
  MultiRequest,
  MultiResponse,
  MultiResult,
} from './multi.js';
export {
  readMultiReadRequest,
  readMultiReadResponse,
  readMultiRequest,
  readMultiResponse,
  writeMultiReadRequest,
  writeMultiReadResponse,
  writeMultiRequest,
  writeMultiResponse,
} from './multi.js';
export type { Exchange, Operation, TransactionKind } from './operation.js';
export { operationName, operationOf } from './operation-table.js';
export type { RecordReaderOptions } from './record-reader.js';
export { DEFAULT_MAX_LENGTH_BYTES, RecordReader } from './record-reader.js';
export { RecordWriter } from './record-writer.js';
export type { LoggedTxn, TxnBody } from './txn.js';
export { readLoggedTxn, readTxnBody, readTxnParts, transactionName, writeLoggedTxn, writeTxnBody } from './txn.js';
