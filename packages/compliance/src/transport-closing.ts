import { writeUntilHeld, writeUntilStuck } from './transport-bytes.js';
import type { Pair, Rig } from './transport-rig.js';
import { firstDifference, patternBytes } from './transport-rig.js';

const MIB = 1024 * 1024;

const bothClosed = ({ dialled, accepted }: Pair): Promise<unknown> =>
  Promise.all([dialled.hasClosed(), accepted.hasClosed()]);

export function describeClosing(rig: () => Rig): void {
  it.each([
    ['nothing', 0],
    ['a few bytes', 5],
    ['more than the transport takes at once', 6 * MIB],
  ])('sends everything before end() closes in order: %s', async (_, size) => {
    const pair = await rig().connect();
    const bytes = patternBytes(size);
    pair.dialled.write(bytes);
    pair.dialled.end();
    await bothClosed(pair);
    expect(firstDifference(pair.accepted.received(), bytes)).toBe(-1);
    expect([pair.dialled.closeError, pair.accepted.closeError]).toEqual([undefined, undefined]);
  });

  it('sends a reply and closes when the accepting end writes and ends inside onData', async () => {
    const pair = await rig().connect();
    const reply = patternBytes(100_000);
    pair.accepted.reactToData = (peer) => {
      peer.write(reply);
      peer.end();
    };
    pair.dialled.write(Uint8Array.of(114, 117, 111, 107));
    await bothClosed(pair);
    expect(firstDifference(pair.dialled.received(), reply)).toBe(-1);
    expect(pair.dialled.closeError).toBeUndefined();
  });

  it('closes in order when both ends end at once', async () => {
    const pair = await rig().connect();
    pair.dialled.write(patternBytes(1_000));
    pair.accepted.write(patternBytes(1_000));
    pair.dialled.end();
    pair.accepted.end();
    await bothClosed(pair);
    expect([pair.dialled.closeError, pair.accepted.closeError]).toEqual([undefined, undefined]);
  });

  it('discards what arrives after end()', async () => {
    const pair = await rig().connect();
    pair.accepted.reactToData = (peer) => void peer.write(patternBytes(500));
    pair.dialled.write(Uint8Array.of(1));
    pair.dialled.end();
    await bothClosed(pair);
    expect(pair.dialled.receivedBytes).toBe(0);
  });

  it('delivers no more after end() inside onData', async () => {
    const pair = await rig().connect();
    pair.accepted.reactToData = (peer) => peer.end();
    void pair.dialled.writeAndWait(patternBytes(4 * MIB));
    await bothClosed(pair);
    expect(pair.accepted.pieces.length).toBe(1);
  });

  it('drains before it closes when end() follows a write that was not taken', async () => {
    const pair = await rig().connect();
    pair.accepted.pause();
    const written = writeUntilHeld(pair.dialled);
    pair.dialled.end();
    pair.accepted.resume();
    await bothClosed(pair);
    expect(pair.accepted.receivedBytes).toBe(written);
    expect(pair.dialled.drainCount).toBe(1);
    expect(pair.dialled.closeError).toBeUndefined();
  });

  it('closes both ends after destroy(), this one without an error and in a later turn', async () => {
    const pair = await rig().connect();
    pair.dialled.destroy();
    expect(pair.dialled.closeCount).toBe(0);
    await bothClosed(pair);
    expect(pair.dialled.closeError).toBeUndefined();
    expect(pair.dialled.connection.bufferedBytes).toBe(0);
  });

  it('delivers no more after destroy() inside onData', async () => {
    const pair = await rig().connect();
    pair.accepted.reactToData = (peer) => peer.destroy();
    void pair.dialled.writeAndWait(patternBytes(4 * MIB));
    await bothClosed(pair);
    expect(pair.accepted.pieces.length).toBe(1);
    expect(pair.accepted.closeError).toBeUndefined();
  });

  it('says so once, whatever is called on a connection that is closing or closed', async () => {
    const pair = await rig().connect();
    const abuse = (): boolean => {
      const { dialled } = pair;
      dialled.end();
      dialled.destroy();
      dialled.destroy();
      dialled.end();
      dialled.pause();
      dialled.resume();
      return dialled.write(patternBytes(100));
    };
    expect(abuse()).toBe(true);
    await bothClosed(pair);
    expect(abuse()).toBe(true);
    await rig().settle();
    expect([pair.dialled.closeCount, pair.accepted.closeCount]).toEqual([1, 1]);
    expect(pair.accepted.receivedBytes).toBe(0);
  });

  it('ignores writes after end(): the other end never sees them', async () => {
    const pair = await rig().connect();
    pair.dialled.write(patternBytes(10));
    pair.dialled.end();
    pair.dialled.write(patternBytes(10));
    await bothClosed(pair);
    expect(pair.accepted.receivedBytes).toBe(10);
  });

  it('tells the writer when the other end goes away in the middle of a write', async () => {
    const pair = await rig().connect();
    pair.accepted.pause();
    writeUntilHeld(pair.dialled);
    pair.accepted.destroy();
    await bothClosed(pair);
    expect(pair.dialled.connection.bufferedBytes).toBe(0);
    expect(pair.dialled.write(patternBytes(100))).toBe(true);
  });

  it.each(['reads', 'has paused reading'])(
    'does not drain when the other end goes away before it has taken everything, and this end %s',
    async (reading) => {
      const pair = await rig().connect();
      pair.accepted.pause();
      await writeUntilStuck(pair.dialled, rig());
      if (reading !== 'reads') pair.dialled.pause();
      pair.accepted.destroy();
      await pair.accepted.hasClosed();
      await rig().settle();
      pair.dialled.resume();
      await pair.dialled.hasClosed();
      expect(pair.dialled.drainCount).toBe(0);
    },
  );

  it('survives the other end going away while both are writing and reading', async () => {
    const pair = await rig().connect();
    const { dialled, accepted } = pair;
    dialled.reactToData = (peer) => void peer.write(patternBytes(3_000));
    accepted.reactToData = (peer) => {
      peer.write(patternBytes(3_000));
      if (peer.receivedBytes > 200_000) peer.destroy();
    };
    dialled.write(patternBytes(20_000));
    await bothClosed(pair);
    expect([dialled.closeCount, accepted.closeCount]).toEqual([1, 1]);
  });

  it('closes an end that had paused reading, once it resumes', async () => {
    const pair = await rig().connect();
    pair.accepted.pause();
    pair.dialled.write(patternBytes(10));
    pair.dialled.end();
    await rig().settle();
    pair.accepted.resume();
    await bothClosed(pair);
    expect(pair.accepted.receivedBytes).toBe(10);
    expect(pair.accepted.closeError).toBeUndefined();
  });

  it('keeps the addresses readable after closing', async () => {
    const pair = await rig().connect();
    const read = (): unknown[] =>
      [pair.dialled, pair.accepted].map(({ connection }) => [
        connection.remoteAddress,
        connection.remotePort,
        connection.localAddress,
        connection.localPort,
      ]);
    const before = read();
    pair.dialled.destroy();
    await bothClosed(pair);
    expect(read()).toEqual(before);
  });
}
