import type { ConnectionHandler } from '@zk/contracts';
import { isPeerGone, SocketConnection } from '@zk/transport-tcp';
import type { Socket } from 'node:net';

/** Writes up to this size are copied, so that the caller has its memory back at once. */
const COPY_BYTES = 64 * 1024;
/** Bytes the socket may hold before a write says that it was not taken. */
const HELD_BYTES = 256 * 1024;

export interface TlsConnectionOptions {
  /** How long a connection that was told to end may go without progress before it is cut off. */
  readonly closeTimeoutMs: number;
  readonly certificateSubject?: string;
  /** Says what an error means. */
  readonly explain?: (error: Error) => Error;
  /** What to say when the other end closes in order before it has sent a single byte. */
  readonly silentClose?: () => Error;
}

/**
 * A socket that is encrypted or, on a port that serves both, not.
 *
 * A TLS socket never takes bytes within the call: it reports them written in a later turn, although they have long been
 * encrypted. So small writes are copied, at a fraction of what encrypting them costs, and `write` returns true while
 * the socket holds little; otherwise every reply would stop its connection for a turn.
 */
export class TlsConnection extends SocketConnection {
  readonly certificateSubject?: string;
  private hasReceived = false;

  constructor(
    socket: Socket,
    private readonly options: TlsConnectionOptions,
  ) {
    super(socket, options.closeTimeoutMs);
    if (options.certificateSubject !== undefined) this.certificateSubject = options.certificateSubject;
  }

  write(bytes: Uint8Array, start: number, end: number): boolean {
    const { socket } = this;
    if (this.isEnding || this.isDestroyed) return this.bufferedBytes === 0;
    if (start >= end) return !this.isDrainOwed;
    const view = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
    const isCopied = view.length <= COPY_BYTES;
    socket.write(isCopied ? Buffer.from(view) : view, this.onWritten);
    if (socket.destroyed) return true;
    if (this.isDrainOwed) return false;
    if (isCopied ? socket.writableLength <= HELD_BYTES : socket.writableLength === 0) return true;
    this.isDrainOwed = true;
    return false;
  }

  override start(handler: ConnectionHandler): void {
    this.socket.on('data', (chunk: Buffer) => this.received(chunk));
    super.start(handler);
  }

  protected override explained(error: Error): Error {
    const silent = isPeerGone(error) && !this.hasReceived ? this.options.silentClose?.() : undefined;
    return silent ?? this.options.explain?.(error) ?? error;
  }

  protected override peerEnded(): void {
    if (!this.isEnding && !this.hasReceived && !this.isDestroyed) this.error ??= this.options.silentClose?.();
    super.peerEnded();
  }

  private received(chunk: Buffer): void {
    if (this.isEnding || this.isDestroyed) return;
    this.hasReceived = true;
    this.handler?.onData(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length), 0, chunk.length);
  }
}
