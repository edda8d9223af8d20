import type { SessionId, Zxid } from '@zk/model';
import { ErrorCode, KeeperError, OpCode, Xid } from '@zk/model';
import type { Transport } from '@zk/contracts';
import type { ConnectRequest, ConnectResponse, OperationName, OperationTypes } from '@zk/jute';
import {
  RecordReader,
  RecordWriter,
  operations,
  readConnectResponse,
  readReplyHeader,
  readWatcherEvent,
  writeConnectRequest,
  writeRequestHeader,
} from '@zk/jute';
import { ConnectionClosedError } from './errors.js';
import { FrameConnection } from './frame-connection.js';

export interface ConnectOptions {
  readonly host: string;
  readonly port: number;
  /** Requested session timeout; default 30,000. */
  readonly timeoutMs?: number;
  /** A session to attach to; default 0: a new one. */
  readonly sessionId?: SessionId;
  /** Default: 16 zero bytes. */
  readonly password?: Uint8Array | null;
  /** `'absent'` leaves the byte out, as clients before 3.4 do; default false. */
  readonly readOnly?: boolean | 'absent';
  /** Default 0. */
  readonly lastZxidSeen?: Zxid;
  /** Gives up dialling. */
  readonly signal?: AbortSignal;
}

/** What came back for one request, whatever it says. */
export interface Reply {
  readonly xid: number;
  readonly zxid: Zxid;
  /** 0, or the code of the refusal. */
  readonly err: number;
  /** The record behind the header; it owns its memory. */
  readonly body: Uint8Array;
}

/** A notification from the server. */
export interface WatchedEvent {
  /** An EventType. */
  readonly type: number;
  readonly state: number;
  readonly path: string;
  /** zxid of the header: that of the transaction, or -1. */
  readonly zxid: Zxid;
}

interface PendingRequest {
  resolve(reply: Reply): void;
  reject(error: Error): void;
}

const MAX_XID = 0x7fff_ffff;

/**
 * A session on one connection: requests go out at once, any number of them, and each gets its reply by its xid; events
 * wait in a queue. There is no ping timer, no reconnecting, no retrying: what the test does not ask for does not happen.
 *
 * When the connection ends, everything that is waiting rejects with {@link ConnectionClosedError}.
 */
export class ClientConnection {
  /** Resolves when the connection has ended, with the reason if there was one. Never rejects. */
  readonly closed: Promise<Error | undefined>;
  /** Events that arrived and that nobody has taken, oldest first. */
  readonly events: WatchedEvent[] = [];
  /** Frames that nothing waited for; a well-behaved server leaves it empty. */
  readonly unexpectedFrames: Uint8Array[] = [];
  /** The greatest zxid of an ordinary reply: what a client would send as lastZxidSeen. */
  lastZxid: Zxid = 0n;

  private readonly pending = new Map<number, PendingRequest[]>();
  private readonly eventTakers: { resolve(event: WatchedEvent): void; reject(error: Error): void }[] = [];
  private nextXid = 1;

  protected constructor(
    /** For what is below the protocol: pausing, half-closing, raw bytes. */
    readonly frames: FrameConnection,
    /** What the server agreed to. */
    readonly session: ConnectResponse,
  ) {
    this.closed = frames.closed.then((error) => {
      this.rejectAll();
      return error;
    });
    frames.listen((frame) => this.onFrame(frame));
  }

  /**
   * Dials and asks for a session.
   * @throws KeeperError SESSIONEXPIRED when the server refuses the session
   * @throws ConnectionClosedError when the server closes without an answer
   */
  protected static async openSession(
    transport: Transport,
    options: ConnectOptions,
  ): Promise<{ frames: FrameConnection; session: ConnectResponse }> {
    const frames = await FrameConnection.dial(transport, options);
    frames.send(encodeConnectRequest(options));
    const session = readConnectResponse(new RecordReader(await frames.nextFrame()));
    if (session.timeOut <= 0) {
      frames.destroy();
      throw new KeeperError(ErrorCode.SESSIONEXPIRED);
    }
    return { frames, session };
  }

  get sessionId(): SessionId {
    return this.session.sessionId;
  }

  get password(): Uint8Array {
    return this.session.passwd;
  }

  /** The negotiated timeout. */
  get sessionTimeoutMs(): number {
    return this.session.timeOut;
  }

  get isClosed(): boolean {
    return this.frames.isClosed;
  }

  /** Requests without a reply so far. */
  get inFlight(): number {
    let count = 0;
    for (const queue of this.pending.values()) count += queue.length;
    return count;
  }

  /**
   * Sends a request whose record is already encoded, and gives its reply as it is: an error code is no exception here.
   * @throws ConnectionClosedError when the connection ends first
   */
  request(op: number, record: Uint8Array = new Uint8Array(), xid = this.allocateXid()): Promise<Reply> {
    if (this.isClosed) return Promise.reject(this.frames.closedError('nothing was sent'));
    const writer = new RecordWriter(8 + record.length);
    writeRequestHeader(writer, { xid, type: op });
    const promise = new Promise<Reply>((resolve, reject) => {
      const queue = this.pending.get(xid);
      if (queue) queue.push({ resolve, reject });
      else this.pending.set(xid, [{ resolve, reject }]);
    });
    this.frames.send(writer.raw(record).view());
    return promise;
  }

  /**
   * Sends a request and decodes its reply.
   * @throws KeeperError when the server refuses
   * @throws ConnectionClosedError when the connection ends first
   */
  async call<N extends OperationName>(
    name: N,
    request: OperationTypes[N]['request'],
    xid?: number,
  ): Promise<OperationTypes[N]['response']> {
    const operation = operations[name];
    const writer = new RecordWriter();
    operation.writeRequest(writer, request);
    const reply = await this.request(operation.code, writer.view(), xid);
    if (reply.err !== 0) throw new KeeperError(reply.err, pathOf(request));
    return operation.readResponse(new RecordReader(reply.body));
  }

  /** Sends bytes as they are: half a frame, a length that lies, anything. */
  sendRaw(bytes: Uint8Array): void {
    this.frames.sendRaw(bytes);
  }

  /** The oldest event that was not taken, or the next one. @throws ConnectionClosedError when none will come */
  nextEvent(): Promise<WatchedEvent> {
    const event = this.events.shift();
    if (event !== undefined) return Promise.resolve(event);
    if (this.isClosed) return Promise.reject(this.frames.closedError('no event came'));
    return new Promise((resolve, reject) => this.eventTakers.push({ resolve, reject }));
  }

  /** Takes all events that have arrived. After an awaited `ping` or `sync` these are all that the past has caused. */
  takeEvents(): WatchedEvent[] {
    return this.events.splice(0);
  }

  /** Ends the session, then the connection. Also fine when either has ended already: a clean-up that cannot fail. */
  async close(): Promise<void> {
    if (!this.isClosed) {
      try {
        await this.request(OpCode.closeSession);
      } catch (error) {
        if (!(error instanceof ConnectionClosedError)) throw error;
      }
      this.frames.destroy();
    }
    await this.closed;
  }

  /** Drops the connection; the session lives on until it expires. Resolves when it is closed. */
  async disconnect(): Promise<void> {
    this.frames.destroy();
    await this.closed;
  }

  private allocateXid(): number {
    const xid = this.nextXid;
    this.nextXid = xid === MAX_XID - 1 ? 1 : xid + 1;
    return xid;
  }

  private onFrame(frame: Uint8Array): void {
    if (frame.length < REPLY_HEADER_BYTES) {
      this.unexpectedFrames.push(frame);
      return;
    }
    const reader = new RecordReader(frame);
    const { xid, zxid, err } = readReplyHeader(reader);
    if (xid === Xid.notification) {
      this.onEvent({ ...readWatcherEvent(reader), zxid });
      return;
    }
    const queue = this.pending.get(xid);
    const pending = queue?.shift();
    if (!pending) {
      this.unexpectedFrames.push(frame);
      return;
    }
    if (queue!.length === 0) this.pending.delete(xid);
    if (xid > 0 && zxid > this.lastZxid) this.lastZxid = zxid;
    pending.resolve({ xid, zxid, err, body: frame.subarray(reader.position) });
  }

  private onEvent(event: WatchedEvent): void {
    const taker = this.eventTakers.shift();
    if (taker) taker.resolve(event);
    else this.events.push(event);
  }

  private rejectAll(): void {
    for (const queue of this.pending.values()) {
      for (const pending of queue) pending.reject(this.frames.closedError('no reply came'));
    }
    this.pending.clear();
    for (const taker of this.eventTakers.splice(0)) taker.reject(this.frames.closedError('no event came'));
  }
}

const REPLY_HEADER_BYTES = 16;

/** The first frame of a client. */
export function encodeConnectRequest(options: Omit<ConnectOptions, 'host' | 'port' | 'signal'>): Uint8Array {
  const request: ConnectRequest = {
    protocolVersion: 0,
    lastZxidSeen: options.lastZxidSeen ?? 0n,
    timeOut: options.timeoutMs ?? 30_000,
    sessionId: options.sessionId ?? 0n,
    passwd: options.password === undefined ? new Uint8Array(16) : options.password,
    readOnly: options.readOnly === 'absent' ? undefined : (options.readOnly ?? false),
  };
  const writer = new RecordWriter();
  writeConnectRequest(writer, request);
  return writer.bytes();
}

function pathOf(request: unknown): string | undefined {
  if (typeof request !== 'object' || request === null || !('path' in request)) return undefined;
  return typeof request.path === 'string' ? request.path : undefined;
}
