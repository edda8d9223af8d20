import { PacketType, packets } from '../src/index.js';
import { DrivenPeer } from './driven-peer.js';

/** How long a leader and a learner wait for each other: initLimit (10) ticks of 2 s, then syncLimit (5). */

const INIT_LIMIT_MS = 20_000;
const SYNC_LIMIT_MS = 10_000;
const config = 'server.1=a:1:2\nversion=0';

const fiveServers = [1, 2, 3, 4, 5]
  .map((id) => `server.${id}=127.0.0.1:2328${id}:2388${id}:participant`)
  .concat('version=0')
  .join('\n');

const say = (driven: DrivenPeer, link: number, ...said: Parameters<typeof packets.pong>[0][]): DrivenPeer => {
  for (const packet of said) driven.give({ kind: 'packets', link, packets: [packet] });
  return driven;
};

describe('a learner that receives a snapshot', () => {
  const receiving = (): DrivenPeer => {
    const driven = new DrivenPeer({ id: 1n, epochs: { accepted: 1, current: 1 }, lastZxid: 0x100000003n });
    driven.disk = { lastZxid: 0x100000003n, recent: [] };
    return say(driven.follow(2n, [3n]), 1, packets.leaderInfo(2), packets.start(PacketType.SNAP, 0x100000009n));
  };
  const role = (driven: DrivenPeer): string => driven.peer.status().role;

  it('has patience while bytes come, however long that takes', () => {
    const driven = receiving();
    for (let i = 0; i < 10; i++) {
      driven.wait(INIT_LIMIT_MS - 1).give({ kind: 'snapshot-progress', link: 1 });
    }
    expect(role(driven)).toBe('follower');
    driven.give({ kind: 'snapshot-received', link: 1 });
    say(driven, 1, packets.newLeader(2, config), packets.upToDate);
    expect(driven.take('serve').length).toBe(1);
  });

  it('gives up when none come', () => {
    const driven = receiving()
      .wait(INIT_LIMIT_MS - 1)
      .give({ kind: 'snapshot-progress', link: 1 });
    expect(role(driven.wait(INIT_LIMIT_MS - 1))).toBe('follower');
    expect(role(driven.wait(1))).toBe('looking');
  });

  it('does not take bytes of another connection for progress', () => {
    const driven = receiving()
      .wait(INIT_LIMIT_MS - 1)
      .give({ kind: 'snapshot-progress', link: 2 });
    expect(role(driven.wait(1))).toBe('looking');
  });

  it('hears its leader’s pings while its disk writes the snapshot', () => {
    const driven = receiving();
    driven.isDiskHeld = true;
    driven.give({ kind: 'snapshot-received', link: 1 });
    say(driven, 1, packets.newLeader(2, config));
    for (let i = 0; i < 10; i++) say(driven.wait(SYNC_LIMIT_MS - 1), 1, packets.ping(0n));
    expect(role(driven)).toBe('follower');
  });
});

describe('a leader', () => {
  /** Established with server 1; server 2 has asked for everything and is being sent it. */
  const sending = (): DrivenPeer => {
    const driven = new DrivenPeer({ id: 3n });
    driven.hear(1n, 'looking', { leader: 3n }).hear(2n, 'looking', { leader: 3n });
    for (const id of [1n, 2n]) driven.give({ kind: 'accepted', link: Number(id) });
    say(driven, 1, packets.followerInfo(1n, 0, 0n, false), packets.ackEpoch(0n, 0), packets.ack(0x100000000n));
    return say(driven, 2, packets.followerInfo(2n, 0, 0n, false), packets.ackEpoch(0n, 0));
  };
  const pass = (driven: DrivenPeer, durationMs: number): DrivenPeer => {
    for (let ms = 0; ms < durationMs; ms += 1000) say(driven.wait(1000), 1, packets.pong(packets.ping(0n), new Map()));
    return driven;
  };
  /** Server 1 acknowledges at once. */
  const propose = (driven: DrivenPeer, counter: bigint): void => {
    driven.give({ kind: 'propose', zxid: 0x100000000n + counter, txn: new Uint8Array([1]) });
    say(driven, 1, packets.ack(0x100000000n + counter));
  };
  const isOpen = (driven: DrivenPeer): boolean => driven.take('close').every((output) => output.link !== 2);

  it('waits for a learner as long as the snapshot can be written to it, and initLimit ticks after that', () => {
    const driven = sending();
    for (let i = 0; i < 5; i++) pass(driven, INIT_LIMIT_MS - 1000).give({ kind: 'snapshot-progress', link: 2 });
    pass(driven, INIT_LIMIT_MS);
    expect(isOpen(driven)).toBe(true);
    pass(driven, 1000);
    expect(isOpen(driven)).toBe(false);
  });

  it('gives a learner whose sending goes on no credit for that once it is up', () => {
    const driven = say(sending(), 2, packets.ack(0x100000000n));
    for (let ms = 0; ms <= SYNC_LIMIT_MS; ms += 1000) pass(driven, 1000).give({ kind: 'snapshot-progress', link: 2 });
    expect(isOpen(driven)).toBe(false);
  });

  it('does not hear pings of a follower that waits for others, and keeps it until initLimit ends it all', () => {
    const driven = new DrivenPeer({ id: 3n, configText: fiveServers });
    driven.hear(1n, 'looking', { leader: 3n }).hear(2n, 'looking', { leader: 3n }).wait(250);
    for (const id of [1n, 2n]) driven.give({ kind: 'accepted', link: Number(id) });
    for (const id of [1n, 2n]) say(driven, Number(id), packets.followerInfo(id, 0, 0n, false));
    for (const id of [1n, 2n]) say(driven, Number(id), packets.ackEpoch(0n, 0));
    say(driven, 1, packets.ack(0x100000000n));
    for (let ms = 0; ms < INIT_LIMIT_MS - 1000; ms += 1000) driven.wait(1000);
    expect(driven.take('close')).toEqual([]);
    // The third of five has it all: the leader is established, and whoever waited has syncLimit ticks from then on.
    say(driven, 2, packets.ack(0x100000000n));
    expect(driven.take('serve')).toHaveLength(1);
    for (let ms = 0; ms < SYNC_LIMIT_MS; ms += 1000) driven.wait(1000);
    expect(driven.take('close')).toEqual([]);
    driven.wait(1000);
    expect(driven.take('close').map(({ link, reason }) => [link, reason])).toEqual([
      [1, expect.stringContaining('silent')],
      [2, expect.stringContaining('silent')],
    ]);
  });

  describe('that reads its log for a learner', () => {
    const recent = [1n, 2n].map((counter) => ({ zxid: 0x100001000n + counter, txn: new Uint8Array([1]) }));
    const lastZxid = recent[1]!.zxid;

    /** Established with server 1; server 2 is behind what the leader has in memory. */
    const feeding = (): DrivenPeer => {
      const driven = new DrivenPeer({ id: 3n, epochs: { accepted: 1, current: 1 }, disk: { lastZxid, recent } });
      driven.isLogHeld = true;
      for (const id of [1n, 2n]) driven.hear(id, 'looking', { leader: 3n, zxid: lastZxid, peerEpoch: 1n });
      for (const id of [1n, 2n]) driven.give({ kind: 'accepted', link: Number(id) });
      say(driven, 1, packets.followerInfo(1n, 1, 0n, false), packets.ackEpoch(lastZxid, 1), packets.ack(0x200000000n));
      say(driven, 2, packets.followerInfo(2n, 1, 0n, false), packets.ackEpoch(0x100000001n, 1));
      expect(driven.take('read-log')).toMatchObject([{ link: 2, after: 0x100000001n }]);
      return driven;
    };
    const give = (driven: DrivenPeer, zxid: bigint): DrivenPeer => {
      const entries = [{ zxid, txn: new Uint8Array([1]) }];
      return driven.give({ kind: 'log-entries', link: 2, entries, isLast: false });
    };

    it('waits as long as the learner takes piece after piece, and initLimit ticks after that', () => {
      const driven = feeding();
      for (let counter = 1n; counter <= 5n; counter++) {
        give(driven, 0x100000000n + counter);
        pass(driven, INIT_LIMIT_MS - 1000);
      }
      give(driven, 0x100000006n);
      expect(isOpen(pass(driven, INIT_LIMIT_MS))).toBe(true);
      expect(isOpen(pass(driven, 1000))).toBe(false);
    });

    it('waits as long as the learner takes what was sent to it, and has waited on its way', () => {
      const driven = give(feeding(), 0x100000001n);
      driven.give({ kind: 'log-entries', link: 2, entries: recent, isLast: true });
      for (let i = 0; i < 5; i++) pass(driven, INIT_LIMIT_MS - 1000).give({ kind: 'snapshot-progress', link: 2 });
      expect(isOpen(pass(driven, INIT_LIMIT_MS))).toBe(true);
      expect(isOpen(pass(driven, 1000))).toBe(false);
    });

    it('gives up a learner that takes nothing after initLimit ticks', () => {
      const driven = give(feeding(), 0x100000001n);
      expect(isOpen(pass(driven, INIT_LIMIT_MS))).toBe(true);
      expect(isOpen(pass(driven, 1000))).toBe(false);
    });
  });

  it('waits syncLimit ticks once the learner has everything', () => {
    const driven = say(sending(), 2, packets.ack(0x100000000n));
    expect(isOpen(pass(driven, SYNC_LIMIT_MS))).toBe(true);
    expect(isOpen(pass(driven, 1000))).toBe(false);
  });

  it.each<[string, readonly number[], Readonly<Record<number, bigint>>, number]>([
    ['none of three', [0, 0, 0], {}, SYNC_LIMIT_MS],
    ['the first of three', [0, 0, 0], { 4000: 1n }, SYNC_LIMIT_MS],
    ['the first of three that come one by one', [0, 2000, 4000], { 6000: 1n }, 4000 + SYNC_LIMIT_MS],
    ['the first, and the second later', [0, 2000, 4000], { 6000: 1n, 8000: 2n }, 4000 + SYNC_LIMIT_MS],
    ['all of them', [0, 0, 0], { 4000: 1n, 8000: 3n }, Infinity],
  ])(
    'gives a learner that answers pings, and acknowledges %s, syncLimit ticks from the last that it could have',
    (_what, proposedAtMs, acknowledged, untilMs) => {
      const driven = say(sending(), 2, packets.ack(0x100000000n));
      for (let ms = 0; ms < 3 * SYNC_LIMIT_MS; ms += 1000) {
        proposedAtMs.forEach((atMs, index) => {
          if (atMs === ms) propose(driven, BigInt(index + 1));
        });
        const counter = acknowledged[ms];
        say(driven, 2, packets.pong(packets.ping(0n), new Map()));
        if (counter !== undefined) say(driven, 2, packets.ack(0x100000000n + counter));
        expect([ms, isOpen(driven)]).toEqual([ms, ms <= untilMs]);
        pass(driven, 1000);
      }
    },
  );

  it('counts from when it has everything what was proposed while it was sent it', () => {
    const driven = sending();
    for (const counter of [1n, 2n, 3n]) propose(driven, counter);
    pass(driven, SYNC_LIMIT_MS);
    say(driven, 2, packets.ack(0x100000000n), packets.ack(0x100000001n));
    for (let ms = 0; ms < SYNC_LIMIT_MS; ms += 1000) {
      say(pass(driven, 1000), 2, packets.pong(packets.ping(0n), new Map()));
      expect([ms, isOpen(driven)]).toEqual([ms, true]);
    }
    expect(isOpen(pass(driven, 1000))).toBe(false);
  });
});

describe('the counter of an epoch', () => {
  const txn = new Uint8Array([1]);

  it('has a last value that no transaction gets: then the leader steps down, and the next epoch begins at 1', () => {
    const only = 'server.1=a:1:2\nversion=0';
    const driven = new DrivenPeer({ id: 1n, configText: only, epochs: { accepted: 4, current: 4 } });
    for (let i = 1n; i <= 3n; i++) driven.give({ kind: 'propose', zxid: 0x500000000n + i, txn });
    expect(() => driven.give({ kind: 'propose', zxid: 0x5fffffffen, txn })).toThrow('is proposed after');
    driven.give({ kind: 'propose', zxid: 0x5ffffffffn, txn });
    expect(driven.take('append').at(-1)!.entry.zxid).toBe(0x500000003n);
    expect(driven.take('stop-serving')).toMatchObject([{ reason: expect.stringContaining('used up') }]);
    // Alone, it is elected again at once.
    expect(driven.take('serve').at(-1)).toMatchObject({ role: 'leader', epoch: 6, zxid: 0x600000000n });
    driven.give({ kind: 'propose', zxid: 0x600000001n, txn });
    expect(driven.take('deliver').at(-1)!.entry.zxid).toBe(0x600000001n);
  });

  it('may be used up to the last but one, by a learner’s log too', () => {
    const driven = new DrivenPeer({ id: 1n, epochs: { accepted: 1, current: 1 }, lastZxid: 0x1fffffffdn });
    driven.follow(2n, [3n]);
    say(driven, 1, packets.leaderInfo(2), packets.start(PacketType.DIFF, 0x200000001n));
    say(driven, 1, packets.proposal(0x1fffffffen, txn), packets.commit(0x1fffffffen));
    say(driven, 1, packets.proposal(0x200000001n, txn), packets.commit(0x200000001n));
    say(driven, 1, packets.newLeader(2, config), packets.upToDate);
    expect(driven.take('deliver').map((output) => output.entry.zxid)).toEqual([0x1fffffffen, 0x200000001n]);
  });
});
