import { RecordReader, RecordWriter } from '@zk/jute';
import { type FrameConnection, encodeConnectRequest } from '@zk/test-client';
import type { Harness } from './harness.js';

/** What a frame of the server says. */
export interface RawReply {
  readonly xid: number;
  readonly zxid: bigint;
  readonly err: number;
}

/** A session of which every frame is seen in the order in which it comes, whatever it answers. */
export class RawSession {
  private constructor(readonly frames: FrameConnection) {}

  static async open(harness: Harness): Promise<RawSession> {
    const frames = await harness.dial();
    frames.send(encodeConnectRequest({}));
    await frames.nextFrame();
    return new RawSession(frames);
  }

  send(xid: number, op: number, write: (writer: RecordWriter) => unknown = () => undefined): void {
    const writer = new RecordWriter().int32(xid).int32(op);
    write(writer);
    this.frames.send(writer.bytes());
  }

  async next(): Promise<RawReply> {
    const reader = new RecordReader(await this.frames.nextFrame());
    return { xid: reader.int32(), zxid: reader.int64(), err: reader.int32() };
  }

  /** The next replies as `xid:err`. */
  async take(count: number): Promise<string[]> {
    const replies: string[] = [];
    for (let i = 0; i < count; i++) {
      const { xid, err } = await this.next();
      replies.push(`${xid}:${err}`);
    }
    return replies;
  }
}
