import { PacketType, encodePacket, packets } from '../src/index.js';
import { DrivenPeer } from './driven-peer.js';
import { type Read, readPackets, recorded } from './recordings.js';

/**
 * Our peer in the place of one of Apache's: it is told what the recorded one was told, and must say the same bytes.
 * Recorded from Apache ZooKeeper 3.9.5, G from 3.8.0 (the leader).
 */

interface Scene {
  readonly name: string;
  readonly what: string;
  readonly id: bigint;
  readonly leader: bigint;
  readonly others: readonly bigint[];
}

const scenes: readonly Scene[] = [
  {
    name: 'A-fresh-3node-3.9.5/02-learner-sid1-dials-sid2',
    what: 'a new follower, DIFF',
    id: 1n,
    leader: 2n,
    others: [3n],
  },
  {
    name: 'A-fresh-3node-3.9.5/05-learner-sid3-dials-sid2',
    what: 'a late follower, SNAP',
    id: 3n,
    leader: 2n,
    others: [1n],
  },
  {
    name: 'C-diff-3.9.5/06-learner-sid1-dials-sid2',
    what: 'five transactions missed, DIFF',
    id: 1n,
    leader: 2n,
    others: [3n],
  },
  { name: 'D-snap-3.9.5/06-learner-sid1-dials-sid2', what: 'an empty disk, SNAP', id: 1n, leader: 2n, others: [3n] },
  {
    name: 'F-reconfig-observer-3.9.5/19-learner-sid4-dials-sid1',
    what: 'an observer',
    id: 4n,
    leader: 1n,
    others: [2n],
  },
  {
    name: 'G-mixed-3.8.0-leader-3.9.5-follower/02-learner-sid1-dials-sid3',
    what: 'proposals',
    id: 1n,
    leader: 3n,
    others: [2n],
  },
];

describe('as a learner', () => {
  it.each(scenes)('$what: says what Apache said ($name)', ({ name, id, leader, others }) => {
    const own = readPackets(recorded(`${name}-dialer`).bytes);
    const theirs = readPackets(recorded(`${name}-listener`).bytes);
    const [info, ackEpoch] = own.map((item) => ('packet' in item ? item.packet : undefined));
    const accepted = Number(info!.zxid >> 32n);
    // -1 in the ACKEPOCH: the epoch was accepted before.
    const current = Math.max(0, new DataView(ackEpoch!.data!.slice().buffer).getInt32(0));
    const epochs = { accepted, current: current === 0 ? accepted : current };
    const config = theirs.find((item) => 'packet' in item && item.packet.type === PacketType.NEWLEADER);
    const configText = new TextDecoder().decode((config as Extract<Read, { packet: unknown }>).packet.data!);
    const driven = new DrivenPeer({ id, configText, epochs, lastZxid: ackEpoch!.zxid });
    driven.follow(leader, others);
    const touches = touchesOf(own);
    for (const item of theirs) {
      if ('packet' in item && item.packet.type === PacketType.PING) {
        for (const touch of touches.shift() ?? []) driven.give({ kind: 'touch', ...touch });
      }
      if ('packet' in item) driven.give({ kind: 'packets', link: 1, packets: [item.packet] });
      else driven.give({ kind: 'snapshot-received', link: 1 });
    }
    const said = driven.sent(1);
    const expected = Buffer.from(recorded(`${name}-dialer`).bytes);
    expect(said.subarray(0, expected.length)).toEqual(expected);
    expect(driven.take('halt')).toEqual([]);
  });

  it('takes its log back when told so, and says what Apache said (E-trunc)', () => {
    const name = 'E-trunc-3.9.5/05-learner-sid2-dials-sid3';
    const expected = Buffer.from(recorded(`${name}-dialer`).bytes);
    const driven = new DrivenPeer({ id: 2n, epochs: { accepted: 1, current: 1 }, lastZxid: 0x10000001fn });
    driven.follow(3n, [1n]);
    const say = (packet: ReturnType<typeof packets.commit>): void =>
      void driven.give({ kind: 'packets', link: 1, packets: [packet] });
    say(packets.leaderInfo(2));
    say(packets.start(PacketType.TRUNC, 0x10000001dn));
    say(packets.newLeader(2, 'server.1=a:1:2\nversion=0'));
    say(packets.upToDate);
    for (const item of readPackets(recorded(`${name}-dialer`).bytes)) {
      if ('packet' in item && item.packet.type === PacketType.PING) say(packets.ping(item.packet.zxid));
    }
    expect(driven.sent(1)).toEqual(expected);
    expect(driven.take('write').map((output) => output.point)).toEqual([
      'learner.accepted-epoch',
      'learner.truncate',
      'learner.snapshot',
      'learner.current-epoch',
    ]);
  });
});

function touchesOf(own: readonly Read[]): { sessionId: bigint; timeoutMs: number }[][] {
  const touches = [];
  for (const item of own) {
    if (!('packet' in item) || item.packet.type !== PacketType.PING) continue;
    const view = new DataView(item.packet.data!.slice().buffer);
    const list = [];
    for (let at = 0; at < view.byteLength; at += 12) {
      list.push({ sessionId: view.getBigInt64(at), timeoutMs: view.getInt32(at + 8) });
    }
    touches.push(list);
  }
  return touches;
}

describe('as a leader', () => {
  /** Server 2 of a fresh ensemble, elected by itself and server 1. */
  const elected = (): DrivenPeer => {
    const driven = new DrivenPeer({ id: 2n });
    driven.hear(1n, 'looking', { leader: 2n });
    return driven.wait(200);
  };

  const replay = (driven: DrivenPeer, link: number, name: string): Buffer => {
    driven.give({ kind: 'accepted', link });
    for (const item of readPackets(recorded(`${name}-dialer`).bytes)) {
      if ('packet' in item) driven.give({ kind: 'packets', link, packets: [item.packet] });
    }
    return driven.sent(link);
  };

  /** Without the pings, which come with time, and without snapshots, which are not made here. */
  const expected = (name: string, count: number): Buffer => {
    const said = readPackets(recorded(`${name}-listener`).bytes).filter(
      (item): item is Extract<Read, { packet: unknown }> => 'packet' in item && item.packet.type !== PacketType.PING,
    );
    return Buffer.concat(said.slice(0, count).map((item) => encodePacket(item.packet)));
  };

  const first = 'A-fresh-3node-3.9.5/02-learner-sid1-dials-sid2';
  const second = 'A-fresh-3node-3.9.5/05-learner-sid3-dials-sid2';

  it('brings up a fresh ensemble as Apache did: DIFF to the first follower, SNAP to the next (A-fresh)', () => {
    const driven = elected();
    expect(replay(driven, 7, first)).toEqual(expected(first, 4));
    expect(driven.take('serve')).toMatchObject([{ role: 'leader', epoch: 1, zxid: 0x100000000n }]);
    expect(replay(driven, 8, second)).toEqual(expected(second, 4));
    expect(driven.take('send-snapshot')).toEqual([{ kind: 'send-snapshot', link: 8 }]);
  });

  it('sends five missed transactions as Apache did (C-diff)', () => {
    const name = 'C-diff-3.9.5/06-learner-sid1-dials-sid2';
    const driven = elected();
    replay(driven, 7, first);
    replay(driven, 8, second);
    const proposals = new Map<bigint, Uint8Array>();
    for (const item of readPackets(recorded(`${name}-listener`).bytes)) {
      if ('packet' in item && item.packet.type === PacketType.PROPOSAL)
        proposals.set(item.packet.zxid, item.packet.data!);
    }
    for (let zxid = 0x100000001n; zxid <= 0x10000001cn; zxid++) {
      driven.give({ kind: 'propose', zxid, txn: proposals.get(zxid) ?? new Uint8Array([1]) });
      driven.give({ kind: 'packets', link: 8, packets: [packets.ack(zxid)] });
      if (zxid === 0x100000017n) driven.give({ kind: 'closed', link: 7 });
    }
    expect(replay(driven, 9, name)).toEqual(expected(name, 14));
  });

  it('sends proposals and commits as Apache did (G-mixed)', () => {
    const name = 'G-mixed-3.8.0-leader-3.9.5-follower/02-learner-sid1-dials-sid3';
    const driven = new DrivenPeer({ id: 3n });
    driven.hear(1n, 'looking', { leader: 3n }).hear(2n, 'looking', { leader: 3n });
    driven.give({ kind: 'accepted', link: 7 });
    const theirs = readPackets(recorded(`${name}-listener`).bytes);
    const proposals = theirs.filter(
      (i): i is Extract<Read, { packet: unknown }> => 'packet' in i && i.packet.type === PacketType.PROPOSAL,
    );
    const own = readPackets(recorded(`${name}-dialer`).bytes);
    const isAck = (item: Read): boolean =>
      'packet' in item && item.packet.type === PacketType.ACK && item.packet.zxid % 2n ** 32n !== 0n;
    for (const item of own.filter((one) => !isAck(one))) {
      if ('packet' in item) driven.give({ kind: 'packets', link: 7, packets: [item.packet] });
    }
    for (const { packet } of proposals) {
      driven.give({ kind: 'propose', zxid: packet.zxid, txn: packet.data! });
      driven.give({ kind: 'packets', link: 7, packets: [packets.ack(packet.zxid)] });
    }
    const all = theirs.filter((item) => 'packet' in item && item.packet.type !== PacketType.PING).length;
    const said = driven.sent(7);
    const want = expected(name, all);
    expect(said.subarray(0, want.length)).toEqual(want);
  });
});
