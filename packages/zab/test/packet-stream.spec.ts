import type { QuorumPacket } from '@zk/jute';
import fc from 'fast-check';
import { PacketStream, PacketType, encodePacket } from '@zk/zab';

const packet = (type: number, zxid: bigint, data: Uint8Array | null = null): QuorumPacket => ({
  type,
  zxid,
  data,
  authinfo: null,
});
const ack = (zxid: bigint): QuorumPacket => packet(PacketType.ACK, zxid);
const commit = (zxid: bigint): QuorumPacket => packet(PacketType.COMMIT, zxid);

/** What a stream that merges ACKs hands over when these packets arrive in one piece. */
function handedOver(packets: readonly QuorumPacket[], mergesAcks = true): QuorumPacket[] {
  const received: QuorumPacket[] = [];
  const handler = { onPackets: (all: readonly QuorumPacket[]) => received.push(...all), onSnapshot: () => undefined };
  const stream = new PacketStream(handler, { mergesAcks });
  const bytes = Buffer.concat(packets.map(encodePacket));
  expect(stream.push(bytes, 0, bytes.length)).toBeUndefined();
  return received;
}

test.each([
  ['of ACKs in a row only the last', [ack(0x1_0000_0001n), ack(0x1_0000_0002n), ack(0x1_0000_0003n)], [2]],
  ['every ACK that something else follows', [ack(0x1_0000_0001n), commit(7n), ack(0x1_0000_0002n)], [0, 1, 2]],
  ['both ACKs when the epochs differ', [ack(0x1_0000_0009n), ack(0x2_0000_000an)], [0, 1]],
  ['the ACK of a leader, whatever follows', [ack(0x1_0000_0000n), ack(0x1_0000_0001n)], [0, 1]],
  ['an ACK that the next one is not later than', [ack(0x1_0000_0005n), ack(0x1_0000_0005n)], [0, 1]],
  [
    'of counters with the top bit set only the last',
    [ack(0x1_7fff_ffffn), ack(0x1_8000_0000n), ack(0x1_ffff_fffen)],
    [2],
  ],
  ['packets of the same length that are no ACKs', [commit(1n), commit(2n)], [0, 1]],
  ['an ACK with data', [packet(PacketType.ACK, 1n, new Uint8Array(0)), ack(2n)], [0, 1]],
])('a stream that merges ACKs hands over %s', (_, packets, expected) => {
  expect(handedOver(packets)).toEqual(expected.map((index) => packets[index]));
});

test.each([
  ['leader, an ACK alone', true, [[0, 1], [2], [3], [4], [5]]],
  ['learner, all together up to a SNAP', false, [[0, 1, 2, 3, 4], [5]]],
])('what came in one piece is handed to a %s', (_, mergesAcks, expected) => {
  const packets = [
    commit(1n),
    commit(2n),
    ack(0x1_0000_0001n),
    ack(0x2_0000_0001n),
    packet(PacketType.SNAP, 3n),
    commit(4n),
  ];
  const handed: number[][] = [];
  const handler = {
    onPackets: (all: readonly QuorumPacket[]) =>
      handed.push(all.map(({ zxid, type }) => packets.findIndex((one) => one.zxid === zxid && one.type === type))),
    onSnapshot: () => 0,
  };
  const bytes = Buffer.concat(packets.map(encodePacket));
  new PacketStream(handler, { mergesAcks }).push(bytes, 0, bytes.length);
  expect(handed).toEqual(expected);
});

test('every ACK is handed over by a stream that was not told to merge them', () => {
  const packets = [ack(1n), ack(2n), ack(3n)];
  expect(handedOver(packets, false)).toEqual(packets);
});

test('however the bytes are split, the last ACK of each run comes, and everything else', () => {
  const anyPacket = fc.oneof(
    fc.nat(50).map((counter) => ack(0x1_0000_0000n + BigInt(counter))),
    fc.uint8Array({ maxLength: 30 }).map((data) => packet(PacketType.PROPOSAL, 9n, data)),
    fc.constant(commit(3n)),
  );
  const sizes = fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1 });
  fc.assert(
    fc.property(fc.array(anyPacket), sizes, (packets, pieces) => {
      const received: QuorumPacket[] = [];
      const handler = {
        onPackets: (all: readonly QuorumPacket[]) => received.push(...all),
        onSnapshot: () => undefined,
      };
      const stream = new PacketStream(handler, { mergesAcks: true });
      const bytes = Buffer.concat(packets.map(encodePacket));
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const end = Math.min(bytes.length, at + pieces[i % pieces.length]!);
        stream.push(bytes, at, end);
        at = end;
      }
      const kept = handedOver(packets);
      // Pieces that cut a run leave more of it, never less.
      expect(received).toEqual(expect.arrayContaining(kept));
      expect(packets).toEqual(expect.arrayContaining(received));
      expect(received.filter(({ type }) => type !== PacketType.ACK)).toEqual(
        packets.filter(({ type }) => type !== PacketType.ACK),
      );
    }),
  );
});
