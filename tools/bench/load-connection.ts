/**
 * One connection of the load generator. Requests go into a ring of bytes that is much larger than what may be in flight,
 * so that a piece is never overwritten before the server has answered it; one write per turn takes them all.
 */
import { connect, type Socket } from 'node:net';
import { connectPayload, frame } from '../lib/wire.js';
import type { RequestTemplate } from './load-templates.js';

const LARGEST_REQUEST_BYTES = 4096;
const LARGEST_RING_BYTES = 8 << 20;
const SESSION_TIMEOUT_MS = 30_000;
/** Sockets hand over their bytes synchronously, so all can share one buffer. */
const sharedInput = Buffer.allocUnsafe(1 << 18);

export class LoadConnection {
  created = 0;
  deleted = 0;
  onUp: () => void = () => undefined;
  onReply: (us: number, isRight: boolean) => void = () => undefined;
  onNotification: () => void = () => undefined;
  /** Called once per chunk of input, behind everything it held. */
  onTurn: () => void = () => undefined;

  private readonly socket: Socket;
  private ring: Buffer = Buffer.alloc(0);
  private at = 0;
  private unsent = 0;
  private rest: Buffer | undefined;
  private readonly sentMs: Float64Array;
  private readonly replyLength: Int32Array;
  private readonly mask: number;
  private head = 0;
  private tail = 0;
  private nextXid = 1;
  private expectedXid = 1;
  private isUp = false;
  private nowMs = 0;

  constructor(
    port: number,
    readonly index: number,
    window: number,
    private readonly fail: (what: string) => never,
  ) {
    let slots = 4;
    while (slots < window + 1) slots *= 2;
    this.mask = slots - 1;
    this.sentMs = new Float64Array(slots);
    this.replyLength = new Int32Array(slots);
    this.socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer: sharedInput,
        callback: (length: number): boolean => {
          this.receive(length);
          return true;
        },
      },
    });
    this.socket.on('error', (error) => this.fail(error.message));
    this.socket.on('close', () => this.fail('the server closed a connection'));
    this.socket.write(frame(connectPayload(SESSION_TIMEOUT_MS)));
  }

  /** Reads the clock for the requests that follow. */
  stamp(): void {
    this.nowMs = performance.now();
  }

  send(request: RequestTemplate, digits: Buffer, digitsAt: number, digitCount: number): void {
    const { bytes, keyAt } = request;
    const length = bytes.length;
    if (this.at + length > this.ring.length) this.wrap();
    const { ring, at } = this;
    ring.set(bytes, at);
    const xid = this.nextXid++;
    ring[at + 4] = xid >>> 24;
    ring[at + 5] = xid >>> 16;
    ring[at + 6] = xid >>> 8;
    ring[at + 7] = xid;
    for (let k = 0; k < keyAt.length; k++) {
      const keyStart = at + (keyAt[k] as number);
      for (let d = 0; d < digitCount; d++) ring[keyStart + d] = digits[digitsAt + d] as number;
    }
    this.at = at + length;
    const slot = this.tail++ & this.mask;
    this.sentMs[slot] = this.nowMs;
    this.replyLength[slot] = request.replyLength;
  }

  flush(): void {
    if (this.unsent === this.at) return;
    this.socket.write(this.ring.subarray(this.unsent, this.at));
    this.unsent = this.at;
  }

  private wrap(): void {
    this.flush();
    if (this.ring.length === 0)
      this.ring = Buffer.allocUnsafe(
        Math.min(Math.max(2 * LARGEST_REQUEST_BYTES, this.mask * 1024), LARGEST_RING_BYTES),
      );
    this.at = this.unsent = 0;
  }

  private receive(length: number): void {
    let input = sharedInput;
    let end = length;
    if (this.rest !== undefined) {
      input = Buffer.concat([this.rest, sharedInput.subarray(0, length)]);
      end = input.length;
      this.rest = undefined;
    }
    this.stamp();
    let at = 0;
    while (end - at >= 4) {
      const size = int32(input, at);
      if (size < 0 || size > 1 << 20) this.fail('a frame of absurd length from the server');
      if (end - at - 4 < size) break;
      this.take(input, at + 4, size);
      at += 4 + size;
    }
    if (at < end) this.rest = Buffer.from(input.subarray(at, end));
    this.flush();
    this.onTurn();
  }

  private take(input: Buffer, at: number, size: number): void {
    if (!this.isUp) {
      if (size < 36 || int32(input, at + 4) <= 0) this.fail('session refused');
      this.isUp = true;
      this.onUp();
      return;
    }
    const xid = int32(input, at);
    if (xid === -1) {
      this.onNotification();
      return;
    }
    if (xid !== this.expectedXid) this.fail('a reply out of order');
    this.expectedXid++;
    const slot = this.head++ & this.mask;
    const expected = this.replyLength[slot] as number;
    const isRight = int32(input, at + 12) === 0 && (expected === 0 || expected === size);
    this.onReply((this.nowMs - (this.sentMs[slot] as number)) * 1000, isRight);
  }
}

/** Opens `count` sessions, a hundred at a time, so that the listen queue is not what is measured; they take turns on `ports`. */
export function openConnections(
  ports: readonly number[],
  count: number,
  window: number,
  fail: (what: string) => never,
): Promise<LoadConnection[]> {
  return new Promise((resolve) => {
    const connections: LoadConnection[] = [];
    let up = 0;
    const dial = (): void => {
      const index = connections.length;
      const port = ports[index % ports.length] ?? fail('--port is needed');
      const connection = new LoadConnection(port, index, window, fail);
      connections.push(connection);
      connection.onUp = () => {
        up++;
        if (up === count) resolve(connections);
        else if (connections.length < count) dial();
      };
    };
    for (let i = 0; i < Math.min(count, 100); i++) dial();
  });
}

function int32(bytes: Buffer, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}
