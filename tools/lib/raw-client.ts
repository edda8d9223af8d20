/**
 * One connection that says exactly what it is told and keeps what it hears: no retries, no pings of its own unless
 * asked, no reconnects. Replies are matched first in, first out, as the protocol promises.
 */
import { connect, type Socket } from 'node:net';
import { ByteReader, ByteWriter, connectPayload, frame, Op, type SessionTicket } from './wire.js';

export interface Reply {
  readonly xid: number;
  readonly zxid: bigint;
  readonly error: number;
  /** Counts replies and notifications of the connection, as they came. */
  readonly order: number;
  /** Behind the reply header; empty on errors. */
  readonly payload: Buffer;
}

export interface Notification {
  readonly zxid: bigint;
  readonly type: number;
  readonly path: string;
  /** Counts replies and notifications of the connection, as they came. */
  readonly order: number;
}

/** The connection ended before the reply came: whether the request took effect is unknown. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
}

/** The server answered the ConnectRequest with "no such session". */
export class SessionRefused extends Error {
  override readonly name = 'SessionRefused';
}

interface Pending {
  readonly xid: number;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
}

export interface ConnectOptions {
  readonly port: number;
  readonly host?: string;
  readonly timeoutMs?: number;
  readonly session?: SessionTicket;
  readonly lastZxidSeen?: bigint;
  /** Default 20 s. */
  readonly connectDeadlineMs?: number;
}

export class RawClient {
  sessionId = 0n;
  password: Buffer = Buffer.alloc(16);
  timeoutMs = 0;
  /** Highest zxid in any reply so far. */
  lastZxid = 0n;
  isOpen = true;
  onNotification: (notification: Notification) => void = () => undefined;
  /** Sees every reply that answers no request in hand; a correct server sends none. */
  onStray: (payload: Buffer) => void = () => undefined;
  readonly closed: Promise<void>;

  private readonly pending: Pending[] = [];
  private receivedCount = 0;
  private received: Buffer = Buffer.alloc(0);
  private nextXid = 1;
  private outgoing: Buffer[] = [];
  private pingTimer: NodeJS.Timeout | undefined;
  private resolveClosed: () => void = () => undefined;
  private onHandshake: ((payload: Buffer) => void) | undefined;

  private constructor(private readonly socket: Socket) {
    this.closed = new Promise((resolve) => {
      this.resolveClosed = resolve;
    });
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.receive(chunk));
    socket.on('error', () => undefined); // 'close' follows with the same news
    socket.on('close', () => this.ended());
  }

  /** Opens a connection and a session on it (or re-attaches). Throws SessionRefused or ConnectionLost. */
  static async open(options: ConnectOptions): Promise<RawClient> {
    const client = new RawClient(connect({ port: options.port, host: options.host ?? '127.0.0.1' }));
    const response = await client.handshake(options);
    const reader = new ByteReader(response);
    reader.int32();
    client.timeoutMs = reader.int32();
    client.sessionId = reader.int64();
    client.password = Buffer.from(reader.bytes() ?? Buffer.alloc(0));
    if (client.timeoutMs <= 0 || client.sessionId === 0n) {
      client.destroy();
      throw new SessionRefused(`session 0x${(options.session?.id ?? 0n).toString(16)} refused`);
    }
    return client;
  }

  get ticket(): SessionTicket {
    return { id: this.sessionId, password: this.password };
  }

  get outstanding(): number {
    return this.pending.length;
  }

  /** Sends a request; resolves with its reply whatever its error code, rejects with ConnectionLost. */
  request(type: number, requestBody: Uint8Array = new Uint8Array(0), xid = this.takeXid()): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (!this.isOpen) {
        reject(new ConnectionLost('connection is closed'));
        return;
      }
      this.pending.push({ xid, resolve, reject });
      this.queue(frame(new ByteWriter().int32(xid).int32(type).raw(requestBody).take()));
    });
  }

  /** Sends bytes as they are, without expecting a reply. */
  sendRaw(bytes: Buffer): void {
    if (this.isOpen) this.queue(bytes);
  }

  /** Keeps the session alive with a ping every `intervalMs`. */
  keepAlive(intervalMs: number): void {
    clearInterval(this.pingTimer);
    this.pingTimer = setInterval(() => {
      this.request(Op.ping, undefined, -2).catch(() => undefined); // a lost ping is seen by everybody else as well
    }, intervalMs);
    this.pingTimer.unref();
  }

  /** Ends the session on the server and the connection. */
  async close(): Promise<void> {
    if (!this.isOpen) return;
    await this.request(Op.closeSession).catch(() => undefined); // already gone is as good
    this.destroy();
  }

  /** Drops the connection; the session lives on until it expires. */
  destroy(): void {
    this.socket.destroy();
    this.ended();
  }

  private handshake(options: ConnectOptions): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(
        () => this.socket.destroy(new ConnectionLost('no ConnectResponse in time')),
        options.connectDeadlineMs ?? 20_000,
      );
      this.onHandshake = (payload) => {
        clearTimeout(deadline);
        resolve(payload);
      };
      void this.closed.then(() => {
        clearTimeout(deadline);
        reject(new ConnectionLost('connection ended before the ConnectResponse'));
      });
      this.queue(frame(connectPayload(options.timeoutMs ?? 30_000, options.session, options.lastZxidSeen)));
    });
  }

  private takeXid(): number {
    const xid = this.nextXid;
    this.nextXid = xid === 0x7ffffffe ? 1 : xid + 1;
    return xid;
  }

  private queue(bytes: Buffer): void {
    this.outgoing.push(bytes);
    if (this.outgoing.length === 1) {
      setImmediate(() => {
        const all = this.outgoing.length === 1 ? this.outgoing[0] : Buffer.concat(this.outgoing);
        this.outgoing = [];
        if (all !== undefined && !this.socket.destroyed) this.socket.write(all);
      });
    }
  }

  private receive(chunk: Buffer): void {
    let bytes = this.received.length === 0 ? chunk : Buffer.concat([this.received, chunk]);
    while (bytes.length >= 4) {
      const length = bytes.readInt32BE(0);
      if (length < 0) {
        this.onStray(bytes);
        this.socket.destroy();
        return;
      }
      if (bytes.length < 4 + length) break;
      this.take(bytes.subarray(4, 4 + length));
      bytes = bytes.subarray(4 + length);
    }
    this.received = bytes;
  }

  private take(payload: Buffer): void {
    if (this.onHandshake !== undefined) {
      const onHandshake = this.onHandshake;
      this.onHandshake = undefined;
      onHandshake(payload);
      return;
    }
    const reader = new ByteReader(payload);
    const xid = reader.int32();
    const zxid = reader.int64();
    const error = reader.int32();
    const order = ++this.receivedCount;
    if (xid === -1) {
      const type = reader.int32();
      reader.int32();
      this.onNotification({ zxid, type, path: reader.string() ?? '', order });
      return;
    }
    if (zxid > this.lastZxid) this.lastZxid = zxid;
    const head = this.pending[0];
    if (head === undefined || head.xid !== xid) {
      this.onStray(payload);
      return;
    }
    this.pending.shift();
    head.resolve({ xid, zxid, error, order, payload: payload.subarray(16) });
  }

  private ended(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    clearInterval(this.pingTimer);
    for (const pending of this.pending.splice(0)) pending.reject(new ConnectionLost('connection ended'));
    this.resolveClosed();
  }
}
