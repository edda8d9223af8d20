import { DrivenPeer } from './driven-peer.js';

/** How an election ends, and how the next one begins. Spec: election, sections 4 and 5. */

const fiveServers = [1, 2, 3, 4, 5].map((id) => `server.${id}=h${id}:1:2`).join('\n');

const elected = (driven: DrivenPeer): string | undefined => driven.peer.status().leader;

const told = (driven: DrivenPeer, to: bigint): string[] =>
  driven
    .take('notify')
    .filter((output) => output.to === to)
    .map(({ notification: n }) => `${n.state} ${n.leader} round ${n.round} epoch ${n.peerEpoch}`);

describe('a peer of five that has a quorum for itself', () => {
  /** Server 4, for which servers 1 and 2 vote as well. */
  const closing = (): DrivenPeer => {
    const driven = new DrivenPeer({ id: 4n, configText: fiveServers });
    return driven.hear(1n, 'looking', { leader: 4n }).hear(2n, 'looking', { leader: 4n });
  };
  const unreachable = (driven: DrivenPeer, server: bigint, isReachable = false): DrivenPeer =>
    driven.give({ kind: 'reachable', server, isReachable });

  it.each<[string, (driven: DrivenPeer) => unknown]>([
    ['another one says less', (driven) => driven.hear(3n, 'looking', { leader: 3n })],
    ['another one cannot be reached', (driven) => unreachable(driven, 3n)],
    ['one says that it follows somebody else', (driven) => driven.hear(3n, 'following', { leader: 5n })],
    [
      'one that cannot be reached is there again',
      (driven) => unreachable(unreachable(unreachable(driven, 3n), 3n, true), 5n),
    ],
    [
      'one that cannot be reached speaks, of an earlier round',
      (driven) => unreachable(unreachable(driven, 3n).hear(3n, 'looking', { leader: 3n, round: 0n }), 5n),
    ],
  ])('waits for the others when %s', (_what, happens) => {
    const driven = closing();
    happens(driven);
    expect(elected(driven)).toBeUndefined();
    expect(elected(driven.wait(200))).toBe('4');
  });

  it.each<[string, (driven: DrivenPeer) => unknown]>([
    [
      'the others have said less',
      (driven) => driven.hear(3n, 'looking', { leader: 3n }).hear(5n, 'looking', { leader: 4n }),
    ],
    ['the others cannot be reached', (driven) => unreachable(unreachable(driven, 3n), 5n)],
    [
      'one has said less and one cannot be reached',
      (driven) => unreachable(driven.hear(3n, 'looking', { leader: 3n }), 5n),
    ],
  ])('is sure at once when %s', (_what, happens) => {
    const driven = closing();
    happens(driven);
    expect(elected(driven)).toBe('4');
  });

  it('starts to count again for a better vote, and does not go back to the one it had', () => {
    const driven = closing().wait(100).hear(5n, 'looking', { leader: 5n }).wait(1000);
    expect(elected(driven)).toBeUndefined();
    driven.hear(1n, 'looking', { leader: 5n });
    expect(elected(driven.wait(199))).toBeUndefined();
    expect(elected(driven.wait(1))).toBe('5');
  });
});

it.each([
  ['with another zxid', { zxid: 0x200000002n, peerEpoch: 2n }],
  ['of another epoch', { zxid: 0x200000003n, peerEpoch: 1n }],
])('votes for one server %s do not make it the leader', (_what, vote) => {
  const driven = new DrivenPeer({ id: 3n, epochs: { accepted: 2, current: 2 }, lastZxid: 0x200000003n });
  for (const server of [1n, 2n]) driven.hear(server, 'looking', { leader: 3n, ...vote });
  expect(elected(driven.wait(1000))).toBeUndefined();
});

it('nobody is elected when the others cannot be reached', () => {
  const driven = new DrivenPeer({ id: 2n });
  for (const server of [1n, 3n]) driven.give({ kind: 'reachable', server, isReachable: false });
  expect(elected(driven.wait(1000))).toBeUndefined();
});

describe('a peer that hears of a later round', () => {
  it.each([
    ['votes for who knows more', 3n, 'looking 3 round 5 epoch 0'],
    ['votes for itself against who knows less', 1n, 'looking 2 round 5 epoch 0'],
  ])('%s', (_what, other, expected) => {
    const driven = new DrivenPeer({ id: 2n }).hear(other, 'looking', { leader: other, round: 5n });
    expect(told(driven, 1n).at(-1)).toBe(expected);
  });

  it('does not count what was said in the earlier one', () => {
    const driven = new DrivenPeer({ id: 3n, configText: fiveServers }).hear(1n, 'looking', { leader: 3n });
    driven.hear(2n, 'looking', { leader: 3n, round: 2n });
    expect(elected(driven.wait(1000))).toBeUndefined();
    driven.hear(1n, 'looking', { leader: 3n, round: 2n });
    expect(elected(driven.wait(200))).toBe('3');
  });
});

describe('a peer that looks for a leader answers', () => {
  it.each([
    ['who is in an earlier round, every time', 0n, 2],
    ['who is in the same round with a worse vote, once', 1n, 1],
  ])('%s', (_whom, round, times) => {
    const driven = new DrivenPeer({ id: 2n });
    driven.outputs.length = 0;
    for (let i = 0; i < 2; i++) driven.hear(1n, 'looking', { leader: 1n, round });
    expect(told(driven, 1n)).toEqual(Array.from({ length: times }, () => 'looking 2 round 1 epoch 0'));
    expect(told(driven, 3n)).toEqual([]);
  });

  it('again who still has a worse vote when its own has changed', () => {
    const driven = new DrivenPeer({ id: 3n, configText: fiveServers }).hear(1n, 'looking', { leader: 1n });
    driven.hear(4n, 'looking', { leader: 4n });
    driven.outputs.length = 0;
    driven.hear(1n, 'looking', { leader: 1n });
    expect(told(driven, 1n)).toEqual(['looking 4 round 1 epoch 0']);
  });

  it('nobody who agrees', () => {
    const driven = new DrivenPeer({ id: 2n });
    driven.outputs.length = 0;
    driven.hear(1n, 'looking', { leader: 2n });
    expect(told(driven, 1n)).toEqual([]);
  });
});

describe('a peer of five joins an established ensemble', () => {
  const following = (state: 'following' | 'observing', leader: bigint, round: bigint, servers: bigint[]) =>
    servers.reduce(
      (driven, server) => driven.hear(server, state, { leader, round }),
      new DrivenPeer({ id: 1n, configText: fiveServers }),
    );

  describe.each([
    ['its own round', 1n],
    ['another round', 9n],
  ])('of %s', (_which, round) => {
    it('when a quorum and the leader itself say so', () => {
      const driven = following('following', 2n, round, [3n, 4n]).hear(2n, 'leading', { leader: 2n, round });
      expect(elected(driven)).toBe('2');
    });

    // As in Apache: in its own round it compares nothing but the leader.
    it('whatever epochs they speak of, in its own round', () => {
      const driven = following('following', 2n, round, [3n])
        .hear(4n, 'following', { leader: 2n, round, peerEpoch: 1n })
        .hear(2n, 'leading', { leader: 2n, round });
      expect(elected(driven)).toBe(round === 1n ? '2' : undefined);
    });

    it('as its leader when the others say so, in its own round', () => {
      const driven = following('following', 1n, round, [3n, 4n, 5n]);
      expect(elected(driven)).toBe(round === 1n ? '1' : undefined);
    });

    it.each<[string, () => DrivenPeer]>([
      ['when the leader says nothing', () => following('following', 2n, round, [3n, 4n, 5n])],
      [
        'when the leader is followed by too few',
        () => following('following', 2n, round, [3n]).hear(2n, 'leading', { leader: 2n, round }),
      ],
      [
        'when the leader is watched, and followed by too few',
        () => following('observing', 2n, round, [3n, 4n]).hear(2n, 'leading', { leader: 2n, round }),
      ],
      [
        'when the others follow it, and it follows another one',
        () => following('following', 2n, round, [3n, 4n, 5n]).hear(2n, 'following', { leader: 3n, round }),
      ],
    ])('and not %s', (_what, heard) => {
      expect(elected(heard())).toBeUndefined();
    });
  });
});

describe('a peer that has lost its leader', () => {
  it('looks for one in the next round, with all that it has, as eagerly as the first time', () => {
    const driven = new DrivenPeer({ id: 1n }).wait(200).wait(400).follow(2n, [3n]);
    driven.outputs.length = 0;
    driven.give({ kind: 'closed', link: 1 });
    expect(told(driven, 3n)).toEqual(['looking 1 round 2 epoch 0']);
    expect(told(driven.wait(199), 3n).length).toBe(1);
    expect(told(driven.wait(1), 3n).length).toBe(2);
  });

  it('counts nothing that it heard before', () => {
    const driven = new DrivenPeer({ id: 1n }).follow(2n, [3n]).give({ kind: 'closed', link: 1 });
    driven.outputs.length = 0;
    expect(elected(driven.hear(2n, 'leading', { leader: 2n }))).toBeUndefined();
    expect(elected(driven.hear(3n, 'following', { leader: 2n }))).toBe('2');
  });
});

describe('a later configuration begins the election anew', () => {
  const config = `${fiveServers}\nserver.6=h6:1:2\nversion=100000001`;
  const voter = (): DrivenPeer =>
    new DrivenPeer({ id: 4n, configText: fiveServers, options: { isReconfigEnabled: true } });

  it('and no vote given before counts', () => {
    const driven = voter();
    for (const server of [1n, 2n]) driven.hear(server, 'looking', { leader: 4n, round: 2n });
    driven.hear(1n, 'looking', { leader: 1n, config }).wait(1000);
    expect(driven.peer.status()).toMatchObject({ role: 'looking', round: '3' });
    for (const server of [1n, 2n]) driven.hear(server, 'looking', { leader: 4n, round: 3n });
    expect(elected(driven.wait(1000))).toBeUndefined();
    driven.hear(3n, 'looking', { leader: 4n, round: 3n }).wait(200);
    expect(elected(driven)).toBe('4');
  });

  it('and nobody who followed before counts', () => {
    const driven = voter();
    for (const server of [2n, 3n]) driven.hear(server, 'following', { leader: 5n, round: 9n });
    driven.hear(1n, 'looking', { leader: 1n, config });
    driven.hear(1n, 'following', { leader: 5n, round: 9n }).hear(5n, 'leading', { leader: 5n, round: 9n });
    expect(elected(driven)).toBeUndefined();
    for (const server of [2n, 3n]) driven.hear(server, 'following', { leader: 5n, round: 9n });
    expect(elected(driven)).toBe('5');
  });
});
