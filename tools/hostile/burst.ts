/** A connection that sends many requests in one piece and counts what comes back, without keeping it. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { ByteWriter, connectPayload, frame } from '../lib/wire.js';

/** A request without its header. */
export interface Request {
  readonly type: number;
  readonly body: Uint8Array;
}

const LENGTH_BYTES = 4;
/** Length, xid, zxid, error. */
const HEADER_BYTES = 20;
const ERROR_AT = 16;
const SESSION_TIMEOUT_MS = 60_000;
const AUTH_TYPE = 100;
const AUTH_XID = -4;

export class Burst {
  /** Replies by their error code. */
  private readonly codes = new Map<number, number>();
  private replies = 0;
  private isConnected = false;
  /** The beginning of a frame, until its header is whole. */
  private readonly header = Buffer.alloc(HEADER_BYTES);
  private headerBytes = 0;
  private bodyBytesLeft = 0;
  private onReply: () => void = () => undefined;

  private constructor(private readonly socket: Socket) {
    socket.on('data', (chunk) => this.received(chunk));
    socket.on('error', () => undefined); // 'close' follows
  }

  static async open(port: number): Promise<Burst> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    const burst = new Burst(socket);
    socket.write(frame(connectPayload(SESSION_TIMEOUT_MS)));
    await burst.until(() => burst.isConnected);
    return burst;
  }

  /**
   * Sends all at once and waits for as many replies.
   *
   * @returns how many there were of each error code, as `128 x 0, 2 x -101`
   */
  async send(requests: readonly Request[]): Promise<string> {
    this.codes.clear();
    this.replies = 0;
    const frames = requests.map(({ type, body }, i) =>
      frame(
        new ByteWriter()
          .int32(type === AUTH_TYPE ? AUTH_XID : i + 1)
          .int32(type)
          .raw(body)
          .take(),
      ),
    );
    this.socket.write(Buffer.concat(frames));
    await this.until(() => this.replies === requests.length);
    const counts = [...this.codes].sort(([one], [other]) => other - one);
    return counts.map(([code, count]) => `${count} x ${code}`).join(', ');
  }

  close(): void {
    this.socket.destroy();
  }

  /** Throws when the connection is closed first. */
  private async until(isSo: () => boolean): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const onClose = (): void => reject(new Error(`the connection was closed after ${this.replies} replies`));
      this.socket.once('close', onClose);
      this.onReply = () => {
        if (!isSo()) return;
        this.socket.off('close', onClose);
        resolve();
      };
      this.onReply();
    });
  }

  private received(chunk: Buffer): void {
    for (let at = 0; at < chunk.length;) {
      if (this.bodyBytesLeft > 0) {
        const skipped = Math.min(this.bodyBytesLeft, chunk.length - at);
        this.bodyBytesLeft -= skipped;
        at += skipped;
        continue;
      }
      const copied = chunk.copy(this.header, this.headerBytes, at, at + HEADER_BYTES - this.headerBytes);
      this.headerBytes += copied;
      at += copied;
      if (this.headerBytes === HEADER_BYTES) this.frameBegins();
    }
  }

  private frameBegins(): void {
    this.headerBytes = 0;
    this.bodyBytesLeft = this.header.readInt32BE(0) + LENGTH_BYTES - HEADER_BYTES;
    if (this.isConnected) {
      const code = this.header.readInt32BE(ERROR_AT);
      this.codes.set(code, (this.codes.get(code) ?? 0) + 1);
      this.replies++;
    }
    this.isConnected = true;
    this.onReply();
  }
}
