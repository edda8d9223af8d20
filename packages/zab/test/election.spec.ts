import { PacketType, packets } from '../src/index.js';
import { DrivenPeer, threeServers } from './driven-peer.js';

/** Spec: election, sections 3 to 5, one rule after the other. */

const votes = (driven: DrivenPeer, to: bigint): string[] =>
  driven
    .take('notify')
    .filter((output) => output.to === to)
    .map(({ notification: n }) => `${n.state} ${n.leader} round ${n.round} epoch ${n.peerEpoch}`);

describe('a peer that looks for a leader', () => {
  it('votes for itself first, in round 1, and tells every other voter', () => {
    const driven = new DrivenPeer({ id: 1n, epochs: { accepted: 4, current: 3 }, lastZxid: 0x300000007n });
    expect(votes(driven, 2n)).toEqual(['looking 1 round 1 epoch 3']);
    expect(votes(driven, 3n)).toEqual(['looking 1 round 1 epoch 3']);
    expect(votes(driven, 1n)).toEqual([]);
    const [first] = driven.take('notify');
    expect([first!.notification.zxid, first!.notification.config]).toEqual([0x300000007n, threeServers]);
  });

  it.each([
    ['a later epoch', { zxid: 0n, peerEpoch: 3n }, 1n],
    ['a longer log', { zxid: 0x100000009n, peerEpoch: 2n }, 1n],
    ['the same, and a higher id', { zxid: 0x100000005n, peerEpoch: 2n }, 3n],
  ])('changes its vote for %s', (_what, vote, leader) => {
    const driven = new DrivenPeer({ id: 2n, epochs: { accepted: 2, current: 2 }, lastZxid: 0x100000005n });
    driven.hear(leader, 'looking', { leader, ...vote });
    expect(votes(driven, 1n).at(-1)).toBe(`looking ${leader} round 1 epoch ${vote.peerEpoch}`);
  });

  it('keeps its vote against less, and waits 200 ms before it is sure', () => {
    const driven = new DrivenPeer({ id: 3n });
    driven.hear(1n, 'looking', { leader: 3n });
    expect(driven.take('listen')).toEqual([]);
    driven.wait(199);
    expect(driven.take('listen')).toEqual([]);
    driven.wait(1);
    expect(driven.take('listen').length).toBe(1);
  });

  it('does not wait when every voter has been heard', () => {
    const driven = new DrivenPeer({ id: 3n });
    driven.hear(1n, 'looking', { leader: 3n }).hear(2n, 'looking', { leader: 2n });
    expect(driven.take('listen').length).toBe(1);
  });

  it('does not wait for a voter that refuses connections', () => {
    const driven = new DrivenPeer({ id: 2n });
    driven.give({ kind: 'reachable', server: 3n, isReachable: false }).hear(1n, 'looking', { leader: 2n });
    expect(driven.take('listen').length).toBe(1);
  });

  it('opens the election again for a better vote', () => {
    const driven = new DrivenPeer({ id: 2n });
    driven.hear(1n, 'looking', { leader: 2n }).wait(100).hear(3n, 'looking', { leader: 3n }).wait(150);
    expect(driven.take('listen')).toEqual([]);
    driven.hear(1n, 'looking', { leader: 3n }).wait(200);
    expect(driven.take('dial')).toMatchObject([{ to: 3n }]);
  });

  it('repeats itself less and less often', () => {
    const driven = new DrivenPeer({ id: 1n });
    const times: number[] = [];
    let known = votes(driven, 2n).length;
    for (let timeMs = 0; timeMs < 7000; timeMs += 50) {
      driven.wait(50);
      const count = votes(driven, 2n).length;
      if (count > known) times.push(timeMs + 50);
      known = count;
    }
    expect(times).toEqual([200, 600, 1400, 3000, 6200]);
  });

  it('joins an established ensemble when a quorum says so, and the leader itself', () => {
    const driven = new DrivenPeer({ id: 1n });
    driven.hear(3n, 'following', { leader: 2n, round: 9n, peerEpoch: 4n });
    expect(driven.take('dial')).toEqual([]);
    driven.hear(2n, 'leading', { leader: 2n, round: 9n, peerEpoch: 4n });
    expect(driven.take('dial')).toMatchObject([{ to: 2n }]);
    expect(driven.peer.status()).toMatchObject({ role: 'follower', round: '9', vote: { leader: '2', epoch: '4' } });
  });

  it.each([
    [
      'two that follow, while the leader says nothing',
      [
        ['following', 3n],
        ['following', 2n],
      ],
    ],
    ['one that leads alone', [['leading', 2n]]],
  ] as const)('does not follow %s', (_what, heard) => {
    const driven = new DrivenPeer({ id: 1n });
    for (const [state, from] of heard)
      driven.hear(from, state, { leader: from === 2n && state === 'following' ? 3n : 2n, round: 9n });
    expect(driven.take('dial')).toEqual([]);
  });

  it('ignores votes of and for strangers, but answers strangers', () => {
    const driven = new DrivenPeer({ id: 1n });
    driven.hear(9n, 'looking', { leader: 9n, zxid: 0x900000000n, peerEpoch: 9n });
    driven.hear(2n, 'looking', { leader: 9n, zxid: 0x900000000n, peerEpoch: 9n });
    expect(votes(driven, 9n).length).toBe(1);
    expect(votes(driven, 2n)).toEqual(['looking 1 round 1 epoch 0']);
  });

  it('sends learners away', () => {
    const driven = new DrivenPeer({ id: 1n }).give({ kind: 'accepted', link: 7 });
    expect(driven.take('close')).toMatchObject([{ link: 7, reason: 'looking for a leader' }]);
  });

  it('ignores who does not trust its own empty disk', () => {
    const driven = new DrivenPeer({ id: 1n });
    driven.hear(3n, 'looking', { leader: 3n, zxid: -1n, round: 9n });
    expect(votes(driven, 2n)).toEqual(['looking 1 round 1 epoch 0']);
  });
});

describe('a peer that has a leader', () => {
  it('tells who looks for one, and nobody else', () => {
    const driven = new DrivenPeer({ id: 1n }).follow(2n, [3n]);
    const before = driven.take('notify').length;
    driven.hear(3n, 'following', { leader: 2n }).hear(2n, 'leading', { leader: 2n });
    expect(driven.take('notify').length).toBe(before);
    driven.hear(3n, 'looking', { leader: 3n, round: 7n });
    expect(votes(driven, 3n).at(-1)).toBe('following 2 round 1 epoch 0');
  });

  it('tells of the epoch of that leader as soon as it is up to date', () => {
    const driven = new DrivenPeer({ id: 1n }).follow(2n, [3n]);
    const { leaderInfo, newLeader, start, upToDate } = packets;
    for (const packet of [leaderInfo(4), start(PacketType.DIFF, 0n), newLeader(4, threeServers), upToDate]) {
      driven.give({ kind: 'packets', link: 1, packets: [packet] });
    }
    driven.hear(3n, 'looking', { leader: 3n, round: 7n });
    expect(votes(driven, 3n).at(-1)).toBe('following 2 round 1 epoch 4');
  });
});

describe('an observer', () => {
  const configText = `${threeServers.replace('version=0', '')}server.4=h:1:2:observer\nversion=0`;

  it('votes for nobody, and observes who was elected', () => {
    const driven = new DrivenPeer({ id: 4n, configText });
    expect(votes(driven, 1n)).toEqual([`looking ${-(1n << 63n)} round 1 epoch ${-(1n << 63n)}`]);
    driven.follow(3n, [1n]);
    expect(driven.peer.status()).toMatchObject({ role: 'observer', leader: '3' });
    expect(driven.packetsSent()[0]!.packet.type).toBe(16);
    driven.hear(1n, 'looking', { leader: 1n, round: 7n });
    expect(votes(driven, 1n).at(-1)).toBe('observing 3 round 1 epoch 0');
  });

  it('is no help in an election', () => {
    const driven = new DrivenPeer({ id: 3n, configText });
    driven.hear(4n, 'looking', { leader: 3n }).wait(1000);
    expect(driven.take('listen')).toEqual([]);
    expect(votes(driven, 4n).length).toBe(1);
  });
});

it('an ensemble of one elects itself at once', () => {
  const driven = new DrivenPeer({ id: 1n, configText: 'server.1=a:1:2\nversion=0' });
  expect(driven.take('serve')).toMatchObject([{ role: 'leader', epoch: 1, zxid: 0x100000000n }]);
  driven.give({ kind: 'propose', zxid: 0x100000001n, txn: new Uint8Array(1) });
  expect(driven.take('deliver').map((output) => output.entry.zxid)).toEqual([0x100000001n]);
});
