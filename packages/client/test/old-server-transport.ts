import type { Connection, ConnectionHandler, DialOptions, Listener, Transport } from '@zk/contracts';
import { RecordWriter, readInt32, writeReplyHeader } from '@zk/jute';
import { ErrorCode, OpCode } from '@zk/model';

const UNKNOWN = new Set<number>([OpCode.addWatch, OpCode.setWatches2]);

/**
 * Makes the servers behind another transport look older than 3.6: what they do not know they answer with UNIMPLEMENTED,
 * and close the connection. Made for clients whose every write holds whole frames.
 */
export class OldServerTransport implements Transport {
  /** Requests that were refused as unknown. */
  refusals = 0;

  constructor(private readonly inner: Transport) {}

  listen(): Promise<Listener> {
    return Promise.reject(new Error('for clients only'));
  }

  async dial(options: DialOptions, open: (connection: Connection) => ConnectionHandler): Promise<Connection> {
    let handler: ConnectionHandler | undefined;
    const connection = await this.inner.dial(
      options,
      (dialled) => (handler = open(this.wrapped(dialled, () => handler!))),
    );
    return this.wrapped(connection, () => handler!);
  }

  private wrapped(connection: Connection, handler: () => ConnectionHandler): Connection {
    let hasShakenHands = false;
    const write = (bytes: Uint8Array, start: number, end: number): boolean => {
      if (!hasShakenHands) {
        hasShakenHands = true;
        return connection.write(bytes, start, end);
      }
      let at = start;
      while (at < end) {
        const opcode = readInt32(bytes, at + 8);
        if (UNKNOWN.has(opcode)) {
          connection.write(bytes, start, at);
          this.refuse(connection, handler(), readInt32(bytes, at + 4));
          return true;
        }
        at += 4 + readInt32(bytes, at);
      }
      return connection.write(bytes, start, end);
    };
    return new Proxy(connection, {
      get: (target, name) => {
        if (name === 'write') return write;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }

  private refuse(connection: Connection, handler: ConnectionHandler, xid: number): void {
    this.refusals++;
    const writer = new RecordWriter();
    writer.int32(16);
    writeReplyHeader(writer, { xid, zxid: -1n, err: ErrorCode.UNIMPLEMENTED });
    const reply = writer.bytes();
    setImmediate(() => {
      handler.onData(reply, 0, reply.length);
      connection.destroy();
    });
  }
}
