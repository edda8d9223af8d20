import type { RecordReader } from './record-reader.js';
import type { RecordWriter } from './record-writer.js';

/** The records of a request and of its reply. */
export interface Exchange<Request, Response> {
  readonly request: Request;
  readonly response: Response;
}

/** One opcode and the records that travel with it. */
export interface Operation<Request, Response> {
  readonly name: string;
  readonly code: number;
  readonly readRequest: (reader: RecordReader) => Request;
  readonly writeRequest: (writer: RecordWriter, request: Request) => void;
  readonly readResponse: (reader: RecordReader) => Response;
  readonly writeResponse: (writer: RecordWriter, response: Response) => void;
}

/** One transaction type and its record. */
export interface TransactionKind<Body> {
  readonly name: string;
  readonly type: number;
  readonly read: (reader: RecordReader) => Body;
  readonly write: (writer: RecordWriter, body: Body) => void;
}

/** The record of a request or a reply that is only a header. */
export function readNothing(): void {
  return undefined;
}

/** The counterpart of {@link readNothing}. */
export function writeNothing(): void {
  return undefined;
}
