import type { Connection, ConnectionHandler, DialOptions, ListenOptions, Listener, Transport } from '@zk/contracts';

/**
 * A network of one address inside this process. It is as unkind as the contract allows: bytes arrive a few at a time,
 * each in a turn of its own, and are overwritten after the call.
 */
export class FakeTransport implements Transport {
  private accept: ((connection: Connection) => ConnectionHandler | undefined) | undefined;

  constructor(private readonly pieceBytes = 5) {}

  listen(options: ListenOptions, accept: (connection: Connection) => ConnectionHandler | undefined): Promise<Listener> {
    this.accept = accept;
    const close = (): Promise<void> => {
      this.accept = undefined;
      return Promise.resolve();
    };
    return Promise.resolve({ host: options.host ?? 'fake', port: 1, close });
  }

  dial(_: DialOptions, open: (connection: Connection) => ConnectionHandler): Promise<Connection> {
    const client = new FakeEnd(this.pieceBytes);
    const server = new FakeEnd(this.pieceBytes);
    client.peer = server;
    server.peer = client;
    const serverHandler = this.accept?.(server);
    if (!serverHandler) return Promise.reject(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));
    server.handler = serverHandler;
    client.handler = open(client);
    return Promise.resolve(client);
  }
}

class FakeEnd implements Connection {
  readonly remoteAddress = '127.0.0.1';
  readonly remotePort = 1;
  readonly localAddress = '127.0.0.1';
  readonly localPort = 2;
  readonly bufferedBytes = 0;
  peer!: FakeEnd;
  handler!: ConnectionHandler;
  isPaused = false;
  private isClosed = false;
  private readonly held: (() => void)[] = [];

  constructor(private readonly pieceBytes: number) {}

  write(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.isClosed) return true;
    for (let at = start; at < end; at += this.pieceBytes) {
      const piece = bytes.slice(at, Math.min(end, at + this.pieceBytes));
      this.peer.later(() => {
        this.peer.handler.onData(piece, 0, piece.length);
        piece.fill(0xee);
      });
    }
    return true;
  }

  pauseReading(): void {
    this.isPaused = true;
  }

  resumeReading(): void {
    this.isPaused = false;
    for (const step of this.held.splice(0)) this.later(step);
  }

  end(): void {
    this.later(() => this.closeBoth());
    this.peer.later(() => this.closeBoth());
  }

  destroy(): void {
    setImmediate(() => this.closeBoth());
  }

  /** Ends the connection as a broken network does. */
  breakWith(error: Error): void {
    setImmediate(() => this.closeBoth(error));
  }

  private closeBoth(error?: Error): void {
    for (const end of [this, this.peer]) {
      if (end.isClosed) continue;
      end.isClosed = true;
      end.handler.onClose(error);
    }
  }

  private later(step: () => void): void {
    setImmediate(() => {
      if (this.isClosed) return;
      if (this.isPaused) this.held.push(step);
      else step();
    });
  }
}
