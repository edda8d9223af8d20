import type { OperationName, OperationTypes } from '@zk/jute';
import {
  RecordReader,
  RecordWriter,
  operationOf,
  readConnectRequest,
  readRequestHeader,
  writeConnectResponse,
  writeReplyHeader,
  writeWatcherEvent,
} from '@zk/jute';
import { OpCode, Xid } from '@zk/model';
import { RawClient, type ConnectOptions } from '../src/index.js';
import type { FakePeer } from './fake-server.js';
import { listenForFrames } from './fake-server.js';
import { FakeTransport } from './fake-transport.js';

export const ADDRESS = { host: 'fake', port: 1 };
export const PASSWORD = Uint8Array.from({ length: 16 }, (_, i) => i);
export const STAT = {
  czxid: 1n,
  mzxid: 2n,
  ctime: 3n,
  mtime: 4n,
  version: 5,
  cversion: 6,
  aversion: 7,
  ephemeralOwner: 0n,
  dataLength: 1,
  numChildren: 0,
  pzxid: 1n,
};

type Answers = { [N in OperationName]?: OperationTypes[N]['response'] };

/** A server that grants every session and gives fixed answers; what it was asked is kept. */
export class AnsweringServer {
  readonly transport = new FakeTransport();
  readonly asked: { xid: number; name: string; request: unknown }[] = [];
  readonly connects: ReturnType<typeof readConnectRequest>[] = [];
  answers: Answers = {};
  err = 0;
  zxid = 0x10n;
  isMute = false;
  last!: FakePeer;

  async start(): Promise<this> {
    await listenForFrames(this.transport, (peer, payload, index) => {
      this.last = peer;
      if (index === 0) this.connect(peer, payload);
      else this.request(peer, payload);
    });
    return this;
  }

  connect(peer: FakePeer, payload: Uint8Array): void {
    const request = readConnectRequest(new RecordReader(payload));
    this.connects.push({ ...request, passwd: request.passwd && request.passwd.slice() });
    if (this.isMute) return peer.connection.destroy();
    const timeOut = this.err === 0 ? request.timeOut : 0;
    const writer = new RecordWriter();
    writeConnectResponse(writer, { protocolVersion: 0, timeOut, sessionId: 0x77n, passwd: PASSWORD, readOnly: false });
    peer.send(writer.view());
  }

  request(peer: FakePeer, payload: Uint8Array): void {
    const reader = new RecordReader(payload);
    const { xid, type } = readRequestHeader(reader);
    const operation = operationOf(type)!;
    this.asked.push({ xid, name: operation.name, request: operation.readRequest(reader) });
    if (this.isMute) return;
    const writer = new RecordWriter();
    writeReplyHeader(writer, { xid, zxid: this.zxid, err: this.err });
    if (this.err === 0) operation.writeResponse(writer, this.answers[operation.name as OperationName]);
    peer.send(writer.view());
    if (type === OpCode.closeSession) peer.connection.end();
  }

  pushEvent(type: number, path: string, zxid = 0x20n): void {
    const writer = new RecordWriter();
    writeReplyHeader(writer, { xid: Xid.notification, zxid, err: 0 });
    writeWatcherEvent(writer, { type, state: 3, path });
    this.last.send(writer.view());
  }

  client(options: Partial<ConnectOptions> = {}): Promise<RawClient> {
    return RawClient.connect(this.transport, { ...ADDRESS, ...options });
  }
}
