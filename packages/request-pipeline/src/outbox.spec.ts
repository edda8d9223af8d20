import { readInt32 } from '@zk/jute';
import { Outbox, type OutboxHost } from './outbox.js';

function host(): OutboxHost & { borrowed: number; filledCount: number } {
  return {
    borrowed: 0,
    borrowedBytes: 0,
    filledCount: 0,
    borrow(minimum) {
      this.borrowed++;
      return new Uint8Array(Math.max(minimum, 32));
    },
    giveBack() {
      this.borrowed--;
    },
    filled() {
      this.filledCount++;
    },
  };
}

describe('Outbox', () => {
  it('writes a reply as length, header and body', () => {
    const outbox = new Outbox(host(), {});
    const at = outbox.beginReply(7, 1, 2, -101, 3);
    expect([0, 4, 8, 12, 16].map((offset) => readInt32(outbox.bytes, offset))).toEqual([19, 7, 1, 2, -101]);
    expect(at).toBe(20);
    expect(outbox.length).toBe(23);
    expect(outbox.framesWritten).toBe(1);
  });

  it('keeps what was written when it grows', () => {
    const owner = host();
    const outbox = new Outbox(owner, {});
    const pieces = Array.from({ length: 100 }, (_, i) => Uint8Array.of(i, i, i));
    for (const piece of pieces) outbox.append(piece, 0, 3);
    expect(Array.from(outbox.bytes.subarray(0, outbox.length))).toEqual(pieces.flatMap((piece) => Array.from(piece)));
    expect(owner.borrowed).toBe(1);
  });

  it('says once that it has something to send, and again after it was cleared', () => {
    const owner = host();
    const outbox = new Outbox(owner, {});
    outbox.append(Uint8Array.of(1), 0, 1);
    outbox.append(Uint8Array.of(2), 0, 1);
    expect(owner.filledCount).toBe(1);
    outbox.clear();
    outbox.append(Uint8Array.of(3), 0, 1);
    expect(owner.filledCount).toBe(2);
  });

  it('holds no memory while it is empty', () => {
    const owner = host();
    const outbox = new Outbox(owner, {});
    outbox.append(Uint8Array.of(1), 0, 1);
    outbox.clear();
    expect(owner.borrowed).toBe(0);
    expect(outbox.bytes.length).toBe(0);
  });

  it('leaves its memory to whoever still sends from it', () => {
    const owner = host();
    const outbox = new Outbox(owner, {});
    outbox.append(Uint8Array.of(9), 0, 1);
    const bytes = outbox.detach();
    outbox.append(Uint8Array.of(8), 0, 1);
    expect(bytes[0]).toBe(9);
    expect(owner.borrowed).toBe(2);
  });
});
