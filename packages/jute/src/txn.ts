import { OpCode } from '@zk/model';
import { MarshallingError } from './marshalling-error.js';
import type { RecordReader } from './record-reader.js';
import type { RecordWriter } from './record-writer.js';
import type { TransactionKind } from './operation.js';
import type { Txn, TxnDigest, TxnHeader } from './generated/txns.js';
import { readTxnDigest, readTxnHeader, writeTxnDigest, writeTxnHeader } from './generated/txns.js';
import type { TransactionName, TransactionTypes } from './generated/transactions.js';
import { transactions } from './generated/transactions.js';

/**
 * A transaction in its object form: header, record, digest (spec: disk format, section 3). The server itself never
 * takes this form: it encodes a transaction once and applies the bytes. Tools, tests and dumps of logs read it here.
 */

/** The record of a transaction, tagged with the name of its type. */
export type TxnBody = { readonly [K in TransactionName]: { readonly kind: K } & TransactionTypes[K] }[TransactionName];

/** The payload of a log entry, or of a proposal. */
export interface LoggedTxn {
  readonly header: TxnHeader;
  readonly body: TxnBody;
  readonly digest?: TxnDigest;
}

const kinds = new Map<number, TransactionKind<unknown>>(
  Object.values(transactions).map((kind) => [kind.type, kind as TransactionKind<unknown>]),
);

/** Name of a transaction type; undefined for a number nobody assigned. */
export function transactionName(type: number): TransactionName | undefined {
  return kinds.get(type)?.name as TransactionName | undefined;
}

/** @throws MarshallingError also for an unknown type */
export function readTxnBody(type: number, reader: RecordReader): TxnBody {
  const kind = kinds.get(type);
  if (kind === undefined) throw new MarshallingError(`no transaction has type ${type}`, reader.position);
  return { kind: kind.name, ...(kind.read(reader) as object) } as TxnBody;
}

export function writeTxnBody(writer: RecordWriter, body: TxnBody): void {
  (transactions[body.kind] as TransactionKind<unknown>).write(writer, body);
}

/** The parts of a multi transaction, in order. */
export function readTxnParts(txns: readonly Txn[], readerOf: (data: Uint8Array) => RecordReader): TxnBody[] {
  return txns.map((txn) => readTxnBody(txn.type, readerOf(txn.data)));
}

/** Reads to the end of the reader's range. @throws MarshallingError */
export function readLoggedTxn(reader: RecordReader): LoggedTxn {
  const header = readTxnHeader(reader);
  const body = header.type === OpCode.closeSession ? readCloseSession(reader) : readTxnBody(header.type, reader);
  // What follows and is too short for a digest is ignored, as everything behind a record is.
  return reader.remaining >= TXN_DIGEST_BYTES ? { header, body, digest: readTxnDigest(reader) } : { header, body };
}

export function writeLoggedTxn(writer: RecordWriter, txn: LoggedTxn): void {
  writeTxnHeader(writer, txn.header);
  writeTxnBody(writer, txn.body);
  if (txn.digest !== undefined) writeTxnDigest(writer, txn.digest);
}

const TXN_DIGEST_BYTES = 12;

/**
 * Old writers, and those with `closeSessionTxn.enabled=false`, leave the list out. A digest that follows directly then
 * reads as a list that ends early: the list is absent and the digest is lost, as in Apache ZooKeeper.
 */
function readCloseSession(reader: RecordReader): TxnBody {
  try {
    return readTxnBody(OpCode.closeSession, reader);
  } catch (error) {
    if (!(error instanceof MarshallingError)) throw error;
    reader.skip(reader.remaining);
    return { kind: 'closeSession' };
  }
}
