import { OpCode, Xid } from '@zk/model';
import {
  MarshallingError,
  RecordReader,
  RecordWriter,
  operationOf,
  readConnectRequest,
  readConnectResponse,
  readReplyHeader,
  readRequestHeader,
  readWatcherEvent,
  writeConnectRequest,
  writeConnectResponse,
  writeReplyHeader,
  writeRequestHeader,
  writeWatcherEvent,
} from '../src/index.js';
import type { Exchange } from './recording.js';
import { exchanges, fromHex, toHex } from './recording.js';

/** Decodes a request and encodes it again. */
function requestAgain(exchange: Exchange): Uint8Array {
  const reader = new RecordReader(fromHex(exchange.request!));
  const writer = new RecordWriter();
  if (exchange.what === 'connect') {
    writeConnectRequest(writer, readConnectRequest(reader));
  } else {
    const header = readRequestHeader(reader);
    const operation = operationOf(header.type)!;
    writeRequestHeader(writer, header);
    operation.writeRequest(writer, operation.readRequest(reader));
  }
  expect(reader.remaining).toBe(0);
  return writer.bytes();
}

/** Decodes a reply and encodes it again. */
function replyAgain(exchange: Exchange, reply: string): Uint8Array {
  const reader = new RecordReader(fromHex(reply));
  const writer = new RecordWriter();
  if (exchange.what === 'connect') {
    writeConnectResponse(writer, readConnectResponse(reader));
  } else {
    const header = readReplyHeader(reader);
    writeReplyHeader(writer, header);
    if (header.xid === Xid.notification) {
      writeWatcherEvent(writer, readWatcherEvent(reader));
    } else if (header.err === 0) {
      const operation = operationOf(readRequestHeader(new RecordReader(fromHex(exchange.request!))).type)!;
      operation.writeResponse(writer, operation.readResponse(reader));
    }
  }
  expect(reader.remaining).toBe(0);
  return writer.bytes();
}

const UNDECODABLE = new Set(['unknown opcode', 'getData cut short']);
const decodable = exchanges.filter((exchange) => exchange.request && !UNDECODABLE.has(exchange.what));
const replies = exchanges.flatMap((exchange, i) =>
  exchange.replies.map((reply, k) => [`${i}.${k} ${exchange.what}`, exchange, reply] as const),
);

describe('a conversation recorded from Apache ZooKeeper 3.9.5', () => {
  it.each(decodable.map((exchange, i) => [`${i} ${exchange.what}`, exchange] as const))(
    'has a request that reads and writes to the same bytes: %s',
    (_, exchange) => {
      expect(toHex(requestAgain(exchange))).toBe(exchange.request);
    },
  );

  it.each(replies)('has a reply that reads and writes to the same bytes: %s', (_, exchange, reply) => {
    expect(toHex(replyAgain(exchange, reply))).toBe(reply);
  });

  it('holds every operation that a client may send, save sasl', () => {
    const sent = new Set(
      exchanges
        .filter((exchange) => exchange.request && exchange.what !== 'connect')
        .map((exchange) => operationOf(readRequestHeader(new RecordReader(fromHex(exchange.request!))).type)?.name),
    );
    const unsent = Object.keys(OpCode).filter((name) => !sent.has(name));
    expect(unsent.sort()).toEqual(['check', 'createSession', 'deleteContainer', 'error', 'notification', 'sasl']);
  });

  it('has a request cut short, which does not decode', () => {
    const exchange = exchanges.find((one) => one.what === 'getData cut short')!;
    expect(() => requestAgain(exchange)).toThrow(MarshallingError);
  });

  it('has an opcode nobody knows', () => {
    const exchange = exchanges.find((one) => one.what === 'unknown opcode')!;
    const header = readRequestHeader(new RecordReader(fromHex(exchange.request!)));
    expect(operationOf(header.type)).toBeUndefined();
  });
});
