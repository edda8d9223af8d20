import { PacketType, packets } from '../src/index.js';
import { DrivenPeer, type DrivenOptions } from './driven-peer.js';

/** The oracle of an ensemble of two: with its word the voter that is left goes on alone, and without it nobody does. */

const twoServers = 'server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2:observer\nversion=0';
const txn = new Uint8Array([1, 2, 3]);
const FIRST = 0x100000001n;

const oneOfTwo = (more: Partial<DrivenOptions> = {}): DrivenPeer =>
  new DrivenPeer({ id: 2n, configText: twoServers, options: { hasOracle: true }, ...more });
const roleOf = (driven: DrivenPeer): string => driven.peer.status().role;
const questionsOf = (driven: DrivenPeer): number => driven.take('ask-oracle').length;
const answer = (driven: DrivenPeer, isOtherLost: boolean): DrivenPeer => driven.give({ kind: 'oracle', isOtherLost });
const hear = (driven: DrivenPeer, link: number, ...said: Parameters<typeof packets.pong>[0][]): DrivenPeer => {
  for (const packet of said) driven.give({ kind: 'packets', link, packets: [packet] });
  return driven;
};
const committedBy = (driven: DrivenPeer): bigint[] =>
  driven
    .take('deliver')
    .filter(({ cause }) => cause === 'commit')
    .map(({ entry }) => entry.zxid);

/** Server 1 follows the leader that is driven, over this link. */
const join = (driven: DrivenPeer, link: number, epoch = 1n): DrivenPeer => {
  driven.give({ kind: 'accepted', link });
  return hear(driven, link, packets.followerInfo(1n, 0, 0n, false), packets.ackEpoch(0n, 0), packets.ack(epoch << 32n));
};

describe('one of two that looks for a leader and hears nobody', () => {
  it('asks the oracle when the first notification has had its time, not before', () => {
    const driven = oneOfTwo().wait(199);
    expect(questionsOf(driven)).toBe(0);
    expect(questionsOf(driven.wait(1))).toBe(1);
  });

  it('leads alone when the other one is lost, after the usual wait for a better vote', () => {
    const driven = answer(oneOfTwo().wait(200), true);
    expect(roleOf(driven)).toBe('looking');
    expect(roleOf(driven.wait(200))).toBe('leader');
    expect(driven.take('serve')).toMatchObject([{ role: 'leader', epoch: 1 }]);
    driven.give({ kind: 'propose', zxid: FIRST, txn });
    expect(committedBy(driven)).toEqual([FIRST]);
  });

  it('goes on asking, at least once a tick, as long as the answer is no', () => {
    const driven = oneOfTwo();
    for (let i = 0; i < 100; i++) answer(driven.wait(200), false);
    // 200, 600, 1400 ms, and then every 2 s up to 20 s.
    expect([roleOf(driven), questionsOf(driven)]).toEqual(['looking', 12]);
    driven.wait(2000);
    expect(roleOf(answer(driven, true).wait(200))).toBe('leader');
  });

  it('asks nothing more while an answer is awaited', () => {
    const driven = oneOfTwo();
    for (let i = 0; i < 100; i++) driven.wait(200);
    expect(questionsOf(driven)).toBe(1);
  });

  it('follows a better vote that comes while it was about to lead alone', () => {
    const driven = answer(oneOfTwo().wait(200), true);
    driven.hear(1n, 'looking', { leader: 1n, zxid: 0x500000000n, peerEpoch: 5n }).wait(200);
    expect(driven.take('dial')).toMatchObject([{ to: 1n }]);
  });

  it('takes no answer to what it asked before it heard the other one', () => {
    const driven = oneOfTwo().wait(200);
    driven.hear(1n, 'looking', { leader: 1n, round: 7n });
    expect(roleOf(answer(driven, true).wait(200))).toBe('looking');
    expect(questionsOf(driven.wait(200))).toBe(2);
  });

  it('joins a leader that leads alone', () => {
    const driven = oneOfTwo().hear(1n, 'leading', { leader: 1n, round: 9n, peerEpoch: 4n });
    expect(driven.take('dial')).toMatchObject([{ to: 1n }]);
  });

  it('does not lead with a disk that it cannot trust', () => {
    const driven = new DrivenPeer({
      id: 2n,
      configText: twoServers,
      options: { hasOracle: true },
      disk: { lastZxid: 0n, recent: [], isUntrusted: true },
    });
    expect(questionsOf(driven.wait(200).wait(400))).toBe(0);
  });
});

it('an observer joins a leader of two that leads alone', () => {
  const driven = oneOfTwo({ id: 3n }).hear(1n, 'leading', { leader: 1n, round: 9n, peerEpoch: 4n });
  expect(driven.take('dial')).toMatchObject([{ to: 1n }]);
  expect(questionsOf(driven)).toBe(0);
});

describe.each([
  ['without an oracle', { options: {} }],
  ['of three', { configText: twoServers.replace('c:1:2:observer', 'c:1:2') }],
  ['with groups', { configText: `${twoServers}\ngroup.1=1:2:3` }],
])('a server %s', (_which, options) => {
  it('asks nobody, and leads when a quorum elects it', () => {
    const driven = oneOfTwo(options);
    for (let i = 0; i < 20; i++) answer(driven.wait(200), true);
    expect([questionsOf(driven), roleOf(driven)]).toEqual([0, 'looking']);
  });

  it('does not follow one that leads alone', () => {
    const driven = oneOfTwo(options).hear(1n, 'leading', { leader: 1n, round: 9n, peerEpoch: 4n });
    expect(driven.take('dial')).toEqual([]);
  });
});

describe('a leader of two that loses its follower', () => {
  /** Leads server 1, which is connected over link 11. */
  const leader = (): DrivenPeer => join(oneOfTwo().hear(1n, 'looking', { leader: 2n }), 11);
  /** The follower is gone, and a tick without it has passed: the oracle has been asked. */
  const alone = (): DrivenPeer => {
    const driven = leader().give({ kind: 'closed', link: 11 });
    for (let i = 0; i < 20 && questionsOf(driven) === 0; i++) driven.wait(500);
    return driven;
  };

  it('does not commit on its own before the oracle has spoken', () => {
    const driven = leader().give({ kind: 'closed', link: 11 }).give({ kind: 'propose', zxid: FIRST, txn });
    expect([committedBy(driven), questionsOf(driven)]).toEqual([[], 0]);
  });

  it('goes on alone when that one is lost, with what has been waiting', () => {
    const driven = alone().give({ kind: 'propose', zxid: FIRST, txn });
    expect([roleOf(driven), committedBy(driven)]).toEqual(['leader', []]);
    expect(committedBy(answer(driven, true))).toEqual([FIRST]);
    driven.give({ kind: 'propose', zxid: FIRST + 1n, txn });
    expect(committedBy(driven)).toEqual([FIRST, FIRST + 1n]);
  });

  it('steps down when the answer is no', () => {
    const driven = answer(alone(), false);
    expect([roleOf(driven), driven.take('stop-serving').length]).toEqual(['looking', 1]);
  });

  it('steps down when there is no answer within a tick', () => {
    const driven = alone();
    for (let i = 0; i < 4; i++) driven.wait(500);
    expect(roleOf(driven)).toBe('looking');
  });

  it('asks again every tick, and steps down as soon as the answer changes', () => {
    const driven = answer(alone(), true);
    for (let i = 0; i < 20; i++) {
      const before = questionsOf(driven);
      driven.wait(500);
      if (questionsOf(driven) > before) answer(driven, true);
    }
    expect([roleOf(driven), questionsOf(driven)]).toEqual(['leader', 6]);
    for (let i = 0; i < 4; i++) driven.wait(500);
    expect(roleOf(answer(driven, false))).toBe('looking');
  });

  it('commits nothing alone once the other one has caught up', () => {
    const driven = join(answer(alone(), true), 21);
    expect(driven.packetsSent().some(({ link, packet }) => link === 21 && packet.type === PacketType.UPTODATE)).toBe(
      true,
    );
    driven.give({ kind: 'propose', zxid: FIRST, txn });
    expect(committedBy(driven)).toEqual([]);
    expect(committedBy(hear(driven, 21, packets.ack(FIRST)))).toEqual([FIRST]);
  });

  it('commits on while the other one is catching up', () => {
    const driven = answer(alone(), true).give({ kind: 'accepted', link: 21 });
    hear(driven, 21, packets.followerInfo(1n, 0, 0n, false), packets.ackEpoch(0n, 0));
    driven.give({ kind: 'propose', zxid: FIRST, txn });
    expect(committedBy(driven)).toEqual([FIRST]);
  });

  it('takes no answer that comes after the other one has caught up', () => {
    const driven = join(alone(), 21).give({ kind: 'propose', zxid: FIRST, txn });
    expect(committedBy(answer(driven, true))).toEqual([]);
    expect(roleOf(answer(driven, false))).toBe('leader');
  });

  it('asks anew in its next election: the word was for this leadership', () => {
    const driven = answer(alone(), true);
    driven.give({ kind: 'log-failed' }).give({ kind: 'log-recovered' });
    const before = questionsOf(driven);
    expect(roleOf(driven)).toBe('looking');
    expect(roleOf(driven.wait(200))).toBe('looking');
    expect(questionsOf(driven)).toBe(before + 1);
  });
});
