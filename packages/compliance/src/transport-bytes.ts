import type { Peer, Rig } from './transport-rig.js';
import { firstDifference, patternBytes, randomFrom } from './transport-rig.js';

const MIB = 1024 * 1024;
/** No sane transport buffers this much for a reader that does not read. */
const BACKPRESSURE_BOUND_BYTES = 64 * MIB;

async function writeInPieces(
  peer: Peer,
  bytes: Uint8Array,
  maxPieceBytes: number,
  random: () => number,
): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, at + 1 + Math.floor(random() * maxPieceBytes));
    await peer.writeAndWait(bytes, at, end);
    at = end;
  }
}

/** Writes 64 KiB pieces until one is not taken; returns how many bytes that were, `written` from before included. */
export function writeUntilHeld(peer: Peer, written = 0): number {
  while (written < BACKPRESSURE_BOUND_BYTES) {
    const piece = patternBytes(65_536, written);
    written += piece.length;
    if (!peer.write(piece)) return written;
  }
  throw new Error(`write returned true for ${String(written)} bytes that nobody read`);
}

/** Writes until the other end, which does not read, has filled everything up; returns how many bytes that took. */
export async function writeUntilStuck(peer: Peer, rig: Rig): Promise<number> {
  let written = writeUntilHeld(peer);
  await rig.settle();
  // A transport may say that much at once is too much before the platform is full; then there is room again.
  while (peer.drainCount > 0) {
    peer.drainCount = 0;
    written = writeUntilHeld(peer, written);
    await rig.settle();
  }
  return written;
}

export function describeDelivery(rig: () => Rig): void {
  it.each([
    [1, 1],
    [2, 10],
    [3, 700],
    [4, 5_000],
    [5, 100_000],
  ])('delivers every byte in order, both ways at once (seed %i, writes of up to %i bytes)', async (seed, maxBytes) => {
    const { dialled, accepted } = await rig().connect();
    const size = Math.min(maxBytes * 300, 2 * MIB);
    const [there, back] = [patternBytes(size), patternBytes(size, 7_777)];
    await Promise.all([
      writeInPieces(dialled, there, maxBytes, randomFrom(seed)),
      writeInPieces(accepted, back, maxBytes, randomFrom(seed + 100)),
      accepted.hasReceived(size),
      dialled.hasReceived(size),
    ]);
    expect(firstDifference(accepted.received(), there)).toBe(-1);
    expect(firstDifference(dialled.received(), back)).toBe(-1);
  });

  it('sends only the range it was given, of memory that is itself a part of something larger', async () => {
    const { dialled, accepted } = await rig().connect();
    const larger = patternBytes(1_000);
    dialled.write(larger.subarray(100, 200), 10, 20);
    await accepted.hasReceived(10);
    await rig().settle();
    expect([...accepted.received()]).toEqual([...larger.subarray(110, 120)]);
  });

  it('takes an empty write, and delivers nothing for it', async () => {
    const { dialled, accepted } = await rig().connect();
    expect(dialled.write(new Uint8Array(8), 3, 3)).toBe(true);
    dialled.write(Uint8Array.of(42));
    await accepted.hasReceived(1);
    expect([...accepted.received()]).toEqual([42]);
  });

  it('delivers one write of eight mebibytes, and drains once if it could not take it whole', async () => {
    const { dialled, accepted } = await rig().connect();
    const bytes = patternBytes(8 * MIB);
    const isTaken = dialled.write(bytes);
    await accepted.hasReceived(bytes.length);
    await rig().settle();
    expect(firstDifference(accepted.received(), bytes)).toBe(-1);
    expect(dialled.drainCount).toBe(isTaken ? 0 : 1);
    expect(dialled.connection.bufferedBytes).toBe(0);
  });

  it('lets go of memory when write returns true, and at onDrain when it returns false', async () => {
    const { dialled, accepted } = await rig().connect();
    const total = 4 * MIB;
    const memory = new Uint8Array(50_000);
    let pieces = 0;
    accepted.reactToData = (peer) => {
      peer.pause();
      if (++pieces % 3 > 0) peer.resume();
      else setImmediate(() => peer.resume());
    };
    for (let at = 0; at < total;) {
      const size = Math.min(memory.length, total - at);
      memory.set(patternBytes(size, at));
      await dialled.writeAndWait(memory, 0, size);
      memory.fill(0xaa);
      at += size;
    }
    await accepted.hasReceived(total);
    expect(firstDifference(accepted.received(), patternBytes(total))).toBe(-1);
  });

  it('does not write into memory it was given', async () => {
    const { dialled, accepted } = await rig().connect();
    const bytes = patternBytes(300_000);
    await dialled.writeAndWait(bytes);
    await accepted.hasReceived(bytes.length);
    expect(firstDifference(bytes, patternBytes(300_000))).toBe(-1);
  });

  it('keeps connections apart: a hundred at once each receive their own bytes', async () => {
    const pairs = await Promise.all(Array.from({ length: 100 }, () => rig().connect()));
    const size = 2_000;
    pairs.forEach(({ dialled }, index) => void dialled.write(patternBytes(size, index * 1_000)));
    for (const { accepted } of pairs) await accepted.hasReceived(size);
    const wrong = pairs.map(({ accepted }, index) =>
      firstDifference(accepted.received(), patternBytes(size, index * 1_000)),
    );
    expect(wrong.filter((at) => at !== -1)).toEqual([]);
  });

  it('delivers what is written while the handlers are being asked for', async () => {
    const { dialled, accepted } = await rig().connect({
      onAccept: (peer) => void peer.write(Uint8Array.of(1, 2, 3)),
      onOpen: (peer) => void peer.write(Uint8Array.of(4, 5)),
    });
    await Promise.all([dialled.hasReceived(3), accepted.hasReceived(2)]);
    expect([...dialled.received()]).toEqual([1, 2, 3]);
    expect([...accepted.received()]).toEqual([4, 5]);
  });
}

export function describeBackpressure(rig: () => Rig): void {
  it('delivers nothing while reading is paused, save once, and everything after', async () => {
    const { dialled, accepted } = await rig().connect();
    accepted.pause();
    for (let i = 0; i < 10; i++) {
      dialled.write(patternBytes(100, i * 100));
      await rig().settle();
    }
    expect(accepted.pieces.length).toBeLessThanOrEqual(1);
    accepted.resume();
    await accepted.hasReceived(1_000);
    expect(firstDifference(accepted.received(), patternBytes(1_000))).toBe(-1);
  });

  it('respects a pause made before the first byte', async () => {
    const { dialled, accepted } = await rig().connect({ onAccept: (peer) => peer.pause() });
    dialled.write(patternBytes(100));
    await rig().settle();
    expect(accepted.receivedBytes).toBe(0);
    accepted.resume();
    await accepted.hasReceived(100);
  });

  it('stops at a pause inside onData, and pausing or resuming twice changes nothing', async () => {
    const { dialled, accepted } = await rig().connect();
    const size = MIB;
    let isReadingAllowed = true;
    let surprises = 0;
    accepted.reactToData = (peer) => {
      if (!isReadingAllowed) surprises++;
      isReadingAllowed = false;
      peer.pause();
      peer.pause();
      setImmediate(() => {
        isReadingAllowed = true;
        surprises = 0;
        peer.resume();
        peer.resume();
      });
      expect(surprises).toBeLessThanOrEqual(1);
    };
    void dialled.writeAndWait(patternBytes(size));
    await accepted.hasReceived(size);
    expect(firstDifference(accepted.received(), patternBytes(size))).toBe(-1);
  });

  it('returns false when the other end does not read, and drains once when it has', async () => {
    const { dialled, accepted } = await rig().connect();
    accepted.pause();
    const written = await writeUntilStuck(dialled, rig());
    const more = patternBytes(10, written);
    expect(dialled.write(more)).toBe(false);
    expect(dialled.write(more, 0, 0)).toBe(false);
    expect(dialled.connection.bufferedBytes).toBeGreaterThanOrEqual(10);
    await rig().settle();
    expect(dialled.drainCount).toBe(0);
    accepted.resume();
    await dialled.until(() => dialled.drainCount > 0);
    expect(dialled.connection.bufferedBytes).toBe(0);
    await accepted.hasReceived(written + 10);
    await rig().settle();
    expect(dialled.drainCount).toBe(1);
    expect(firstDifference(accepted.received(), patternBytes(written + 10))).toBe(-1);
  });

  it('goes on writing from inside onDrain', async () => {
    const { dialled, accepted } = await rig().connect();
    accepted.pause();
    let written = writeUntilHeld(dialled);
    dialled.reactToDrain = (peer) => {
      if (peer.drainCount > 3) return;
      while (peer.write(patternBytes(100_000, written))) written += 100_000;
      written += 100_000;
    };
    accepted.resume();
    await dialled.until(() => dialled.drainCount > 3);
    await accepted.hasReceived(written);
    expect(firstDifference(accepted.received(), patternBytes(written))).toBe(-1);
  });
}
