import type { Transport } from '@zk/contracts';
import {
  type ConnectResponse,
  RecordReader,
  RecordWriter,
  type ReplyHeader,
  type WatcherEvent,
  operations,
  readConnectResponse,
  readReplyHeader,
  readWatcherEvent,
  writeRequestHeader,
} from '@zk/jute';
import { Xid } from '@zk/model';
import type { SeededRandom } from '@zk/simulation';
import { FrameConnection, encodeConnectRequest } from '@zk/test-client';
import type { Life } from '../world/life.js';
import type { Call, PendingCall } from './calls.js';

const ZERO_PASSWORD = new Uint8Array(16);
const RETRY_MS = 20;
/** Time a server has to answer a ConnectRequest. */
const CONNECT_MS = 600;
const MIN_REPLY_BYTES = 16;
const FIXED_XIDS: Partial<Record<Call['name'], number>> = { ping: Xid.ping, setWatches2: Xid.setWatches };

export interface SessionClientOptions {
  readonly name: string;
  /** Addresses of servers, as they are now. */
  readonly servers: () => readonly string[];
  readonly port: number;
  readonly timeoutMs: number;
}

export interface Reply {
  readonly err: number;
  /** Behind the header. */
  readonly body: Uint8Array;
}

/** What a client does and sees, in its order. */
export interface SessionObserver {
  connecting(client: SessionClient): void;
  connected(client: SessionClient): void;
  /** The server says that the session is over. */
  refused(client: SessionClient): void;
  /** What becomes of these requests nobody says. */
  disconnected(client: SessionClient, unanswered: readonly PendingCall[]): void;
  sent(client: SessionClient, call: PendingCall): void;
  /** @param call the oldest request without a reply, which the reply should belong to */
  replied(client: SessionClient, call: PendingCall | undefined, header: ReplyHeader, body: Uint8Array): void;
  /** @param zxid of the change; -1 when it is told for setWatches */
  notified(client: SessionClient, event: WatcherEvent, zxid: bigint): void;
}

/**
 * A client of the protocol, byte by byte: it keeps one session at a time, goes elsewhere when its server falls silent, sets
 * its watches again, and begins anew when the session is over. Everything it sends and sees goes to its observer at once.
 */
export class SessionClient {
  sessionId = 0n;
  lastZxid = 0n;
  readonly pending: PendingCall[] = [];
  /** Who waits for a reply in particular. */
  private readonly listeners = new WeakMap<PendingCall, (reply: Reply) => void>();
  private password: Uint8Array = ZERO_PASSWORD;
  private frames: FrameConnection | undefined;
  private isReady = false;
  /** Counts attempts to connect: whatever belongs to an earlier one is over. */
  private attempt = 0;
  private heardMs = 0;
  private nextXid = 1;
  private server = '';
  /** Stays away until this time. */
  private awayUntilMs = 0;

  constructor(
    private readonly transport: Transport,
    private readonly life: Life,
    private readonly random: SeededRandom,
    readonly options: SessionClientOptions,
    private readonly observer: SessionObserver,
  ) {}

  get isConnected(): boolean {
    return this.isReady;
  }

  /** The address of the server it is connected to. */
  get connectedTo(): string {
    return this.server;
  }

  start(): void {
    this.connect();
    this.keepAlive();
  }

  /**
   * Sends a request at once; its reply goes to the observer.
   * @param onReply hears of it afterwards, if it comes
   */
  call(call: Call, onReply?: (reply: Reply) => void): void {
    const { frames } = this;
    if (frames === undefined || !this.isReady) return;
    const xid = FIXED_XIDS[call.name] ?? this.nextXid++;
    const operation = operations[call.name];
    const writer = new RecordWriter();
    writeRequestHeader(writer, { xid, type: operation.code });
    (operation.writeRequest as (writer: RecordWriter, request: unknown) => void)(writer, call.request);
    const pending = { ...call, xid, sessionId: this.sessionId, sentMs: this.life.monotonicMs() };
    this.pending.push(pending);
    if (onReply !== undefined) this.listeners.set(pending, onReply);
    this.observer.sent(this, pending);
    frames.send(writer.bytes());
  }

  /** Takes nothing more from its connection, until {@link resumeReading} or the connection is over. */
  pauseReading(): void {
    this.frames?.pauseReading();
  }

  resumeReading(): void {
    this.frames?.resumeReading();
  }

  /** Breaks its connection, without a word, and comes back to its session later, perhaps elsewhere and perhaps too late. */
  leave(awayMs: number): void {
    this.awayUntilMs = this.life.monotonicMs() + awayMs;
    this.disconnect();
  }

  /** Breaks its connection and forgets its session. */
  forgetSession(): void {
    this.sessionId = 0n;
    this.lastZxid = 0n;
    this.password = ZERO_PASSWORD;
    this.nextXid = 1;
    this.disconnect();
  }

  private keepAlive(): void {
    const { timeoutMs } = this.options;
    this.life.after(timeoutMs / 4, () => {
      const silentMs = this.life.monotonicMs() - this.heardMs;
      if (this.isReady && silentMs > (timeoutMs * 2) / 3) this.disconnect();
      else if (this.isReady) this.call({ name: 'ping', request: undefined });
      this.keepAlive();
    });
  }

  private disconnect(): void {
    this.frames?.destroy();
    this.lost();
  }

  /** The connection is gone, and with it the replies to what is pending. */
  private lost(): void {
    this.attempt++;
    this.frames = undefined;
    this.isReady = false;
    const unanswered = this.pending.splice(0);
    this.observer.disconnected(this, unanswered);
    this.retry();
  }

  private retry(): void {
    const awayMs = this.awayUntilMs - this.life.monotonicMs();
    const { attempt } = this;
    this.life.after(Math.max(awayMs, this.random.duration(1, RETRY_MS)), () => {
      if (attempt === this.attempt) this.connect();
    });
  }

  private connect(): void {
    const attempt = ++this.attempt;
    this.server = this.random.pick(this.options.servers());
    const abort = new AbortController();
    const isCurrent = (): boolean => attempt === this.attempt;
    this.life.after(CONNECT_MS, () => {
      if (!isCurrent() || this.isReady) return;
      abort.abort(new Error('nobody answers'));
      this.disconnect();
    });
    const address = { host: this.server, port: this.options.port, signal: abort.signal };
    FrameConnection.dial(this.transport, address).then(
      (frames) => {
        if (isCurrent()) this.greet(frames, attempt);
        else frames.destroy();
      },
      () => {
        if (isCurrent()) this.retry();
      },
    );
  }

  private greet(frames: FrameConnection, attempt: number): void {
    this.frames = frames;
    void frames.closed.then(() => {
      if (attempt === this.attempt) this.lost();
    });
    frames.listen((frame) => {
      if (attempt !== this.attempt) return;
      if (this.isReady) this.received(frame);
      else this.welcomed(readConnectResponse(new RecordReader(frame)));
    });
    const { sessionId, password, lastZxid } = this;
    this.observer.connecting(this);
    frames.send(
      encodeConnectRequest({ timeoutMs: this.options.timeoutMs, sessionId, password, lastZxidSeen: lastZxid }),
    );
  }

  private welcomed({ sessionId, passwd, timeOut }: ConnectResponse): void {
    if (timeOut <= 0) {
      this.observer.refused(this);
      this.forgetSession();
      return;
    }
    this.sessionId = sessionId;
    this.password = passwd;
    this.isReady = true;
    this.heardMs = this.life.monotonicMs();
    this.observer.connected(this);
  }

  private received(frame: Uint8Array): void {
    this.heardMs = this.life.monotonicMs();
    if (frame.length < MIN_REPLY_BYTES) throw new Error(`a frame of ${frame.length} bytes arrived`);
    const reader = new RecordReader(frame);
    const header = readReplyHeader(reader);
    if (header.xid === Xid.notification) {
      this.observer.notified(this, readWatcherEvent(reader), header.zxid);
      return;
    }
    const call = this.pending.shift();
    // Those of pings and setWatches too: whatever a session was shown, it must not be taken back.
    if (header.zxid > this.lastZxid) this.lastZxid = header.zxid;
    const body = frame.subarray(reader.position);
    this.observer.replied(this, call, header, body);
    if (call !== undefined) this.listeners.get(call)?.({ err: header.err, body });
  }
}
