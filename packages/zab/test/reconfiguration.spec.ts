import { EnsembleConfig } from '@zk/quorum';
import { PacketType, type PeerOutput, packets } from '../src/index.js';
import { DrivenPeer, type DrivenOptions } from './driven-peer.js';
import { configText, reconfigTxn } from './reconfig-txn.js';

/** Who has to agree to a new configuration, and from when on it counts. Spec: learner protocol, section 9. */

const options = { isReconfigEnabled: true };
const FIRST = 0x100000000n;
const txn = new Uint8Array([1]);

const say = (driven: DrivenPeer, link: number, ...said: Parameters<typeof packets.pong>[0][]): DrivenPeer => {
  for (const packet of said) driven.give({ kind: 'packets', link, packets: [packet] });
  return driven;
};

const committed = (driven: DrivenPeer): string[] =>
  driven
    .take('config')
    .filter((output) => output.status === 'committed')
    .map((output) => output.config.text);

const typesTo = (driven: DrivenPeer, link: number): number[] =>
  driven
    .packetsSent()
    .filter((output) => output.link === link)
    .map((output) => output.packet.type);

/** The leader of epoch 1, number 3, with those learners, each on the link of its number. */
function leaderOf(members: string, learners: readonly string[], extra: Partial<DrivenOptions> = {}): DrivenPeer {
  const driven = new DrivenPeer({ id: 3n, configText: configText(members, 0n), options, ...extra });
  for (const voter of members.split(' ').filter((text) => !text.endsWith('o') && text !== '3')) {
    driven.hear(BigInt(voter), 'looking', { leader: 3n });
  }
  for (const text of learners) {
    const id = parseInt(text, 10);
    driven.give({ kind: 'accepted', link: id });
    say(driven, id, packets.followerInfo(BigInt(id), 0, 0n, text.endsWith('o')), packets.ackEpoch(0n, 0));
    say(driven, id, packets.ack(FIRST));
  }
  expect(driven.take('serve').length).toBe(1);
  return driven;
}

function propose(driven: DrivenPeer, counter: bigint, bytes: Uint8Array = txn): DrivenPeer {
  return driven.give({ kind: 'propose', zxid: FIRST + counter, txn: bytes });
}

const delivered = (driven: DrivenPeer): bigint[] => driven.take('deliver').map((output) => output.entry.zxid - FIRST);

describe('a leader commits a new configuration', () => {
  it.each([
    ['a quorum of the old one alone', '1 2 3', '3 4 5', [1, 2], false],
    ['a quorum of the new one alone', '1 2 3', '4 5 6', [4, 5], false],
    ['quorums of both', '1 2 3', '3 4 5', [1, 4], true],
    ['quorums of both, without the leader in the new one', '1 2 3', '1 2 4', [1, 2], true],
    ['nobody else, where it is alone in both', '3', '3 4o', [], true],
  ])('with %s: from %s to %s by %j: %s', (_what, before, after, acknowledging, isCommitted) => {
    const driven = leaderOf(before, before === '3' ? [] : ['1', '2', '4', '5']);
    propose(driven, 1n, reconfigTxn(FIRST + 1n, after));
    for (const link of acknowledging) say(driven, link, packets.ack(FIRST + 1n));
    expect(delivered(driven)).toEqual(isCommitted ? [1n] : []);
    expect(committed(driven).at(-1)).toBe(configText(isCommitted ? after : before, isCommitted ? FIRST + 1n : FIRST));
  });

  it('and nothing after it before, whoever acknowledges', () => {
    const driven = leaderOf('1 2 3', ['1', '2', '4', '5']);
    propose(propose(driven, 1n, reconfigTxn(FIRST + 1n, '3 4 5')), 2n);
    for (const link of [1, 2]) say(driven, link, packets.ack(FIRST + 1n), packets.ack(FIRST + 2n));
    expect(delivered(driven)).toEqual([]);
    say(driven, 4, packets.ack(FIRST + 1n));
    expect(delivered(driven)).toEqual([1n]);
    // From here on the new configuration counts, alone.
    say(driven, 4, packets.ack(FIRST + 2n));
    expect(delivered(driven)).toEqual([1n, 2n]);
  });

  it('and says who leads from then on: to followers with the commit, to observers with the transaction', () => {
    const driven = leaderOf('1 2 3 4o', ['1', '2', '4o']);
    const reconfig = reconfigTxn(FIRST + 1n, '1 2 3');
    propose(driven, 1n, reconfig);
    say(driven, 1, packets.ack(FIRST + 1n));
    const last = (link: number): Uint8Array =>
      driven
        .packetsSent()
        .filter((output) => output.link === link)
        .at(-1)!.packet.data!;
    expect(typesTo(driven, 1).at(-1)).toBe(PacketType.COMMITANDACTIVATE);
    expect([...last(1)]).toEqual([0, 0, 0, 0, 0, 0, 0, 3]);
    expect(typesTo(driven, 4).at(-1)).toBe(PacketType.INFORMANDACTIVATE);
    expect([...last(4)]).toEqual([0, 0, 0, 0, 0, 0, 0, 3, ...reconfig]);
  });

  it.each([
    ['itself, if it votes at the same address', '1 2 3', 3n],
    ['who acknowledged most of what came after', '1 2', 2n],
    ['who is left', '1 4', 1n],
  ])('and names %s: to %s leads %s', (_what, after, leader) => {
    const driven = leaderOf('1 2 3', ['1', '2', '4']);
    driven.isDiskHeld = true;
    propose(propose(driven, 1n, reconfigTxn(FIRST + 1n, after)), 2n);
    say(driven, 2, packets.ack(FIRST + 1n), packets.ack(FIRST + 2n));
    say(driven, 4, packets.ack(FIRST + 1n));
    say(driven, 1, packets.ack(FIRST + 1n));
    expect(driven.take('activate').at(-1)).toMatchObject({ zxid: FIRST + 1n, leader });
  });

  it('and commits nothing more when it named another one, which it follows when its learners have left', () => {
    const driven = leaderOf('1 2 3', ['1', '2']);
    propose(propose(driven, 1n, reconfigTxn(FIRST + 1n, '1 2')), 2n);
    for (const link of [1, 2]) say(driven, link, packets.ack(FIRST + 1n));
    for (const link of [1, 2]) say(driven, link, packets.ack(FIRST + 2n));
    expect(delivered(driven)).toEqual([1n]);
    expect(driven.peer.reconfigSituation().isHandingOver).toBe(true);
    driven.give({ kind: 'closed', link: 2 });
    expect(driven.take('stop-serving').length).toBe(1);
    expect(driven.take('dial').at(-1)).toMatchObject({ to: 1n });
  });

  it('and follows the next leader after syncLimit ticks even if nobody leaves', () => {
    const driven = leaderOf('1 2 3', ['1', '2']);
    propose(driven, 1n, reconfigTxn(FIRST + 1n, '1 2'));
    for (const link of [1, 2]) say(driven, link, packets.ack(FIRST + 1n));
    for (let i = 0; i < 9; i++) {
      driven.wait(1000);
      for (const link of [1, 2]) say(driven, link, packets.pong(packets.ping(0n), new Map()));
    }
    expect(driven.peer.status().role).toBe('leader');
    expect(driven.wait(1000).take('dial').at(-1)).toMatchObject({ to: 1n });
  });

  it('and tells a pipeline that one is pending, until it is committed', () => {
    const driven = leaderOf('1 2 3', ['1', '2']);
    driven.isDiskHeld = true;
    propose(driven, 1n, reconfigTxn(FIRST + 1n, '1 2 3 4o'));
    expect(driven.peer.reconfigSituation().lastSeen?.version).toBe(FIRST + 1n);
    expect(driven.peer.status()).toMatchObject({ configVersion: '100000000', seenConfigVersion: '100000001' });
    for (const link of [1, 2]) say(driven, link, packets.ack(FIRST + 1n));
    expect(driven.peer.reconfigSituation()).toMatchObject({ lastSeen: undefined, isHandingOver: false });
    expect([...driven.peer.reconfigSituation().synchronized]).toEqual([3n, 1n, 2n]);
  });

  it('unless reconfiguration is switched off: then it is a transaction like any other', () => {
    const driven = leaderOf('1 2 3', ['1', '2'], { options: { isReconfigEnabled: false } });
    propose(driven, 1n, reconfigTxn(FIRST + 1n, '4 5'));
    say(driven, 1, packets.ack(FIRST + 1n));
    expect(delivered(driven)).toEqual([1n]);
    expect(driven.take('config')).toEqual([]);
    expect(typesTo(driven, 1).at(-1)).toBe(PacketType.COMMIT);
  });
});

/** Follower 1 of leader 3, in the middle of being brought up to date in epoch 2. */
function learner(extra: Partial<DrivenOptions> = {}): DrivenPeer {
  const text = configText('1 2 3', FIRST);
  const epochs = { accepted: 1, current: 1 };
  const driven = new DrivenPeer({ id: 1n, configText: text, options, epochs, lastZxid: FIRST + 1n, ...extra });
  driven.follow(3n, [2n]);
  return say(driven, 1, packets.leaderInfo(2), packets.start(PacketType.DIFF, FIRST + 1n));
}

describe('a learner', () => {
  it.each([
    ['of an earlier epoch, which this leader has completed', FIRST + 5n, true],
    ['of this epoch, which is in its history', 0x200000001n, true],
    ['of this epoch, which is only proposed', 0x200000002n, false],
    ['that is the first with a version', 0x200000000n, true],
  ])('takes the configuration it was told with NEWLEADER for committed: %s: %s', (_what, version, isCommitted) => {
    const driven = learner();
    say(driven, 1, packets.proposal(0x200000001n, txn), packets.commit(0x200000001n));
    say(driven, 1, packets.newLeader(2, configText('1 2 3 4', version)), packets.upToDate);
    expect(committed(driven)).toEqual(isCommitted ? [configText('1 2 3 4', version)] : []);
    expect(driven.peer.status().seenConfigVersion).toBe(version.toString(16));
  });

  it('keeps a configuration before the log does, and activates it with its commit', () => {
    const driven = learner();
    say(driven, 1, packets.newLeader(2, configText('1 2 3', FIRST)), packets.upToDate);
    driven.outputs.length = 0;
    const reconfig = reconfigTxn(0x200000001n, '1 2 3 4');
    say(driven, 1, packets.proposal(0x200000001n, reconfig), packets.commit(0x200000001n, 3n));
    const told = driven.outputs.map((output: PeerOutput) =>
      output.kind === 'config' ? `config ${output.status}` : output.kind,
    );
    expect(told).toEqual(['config seen', 'append', 'sync', 'send', 'deliver', 'config committed', 'activate']);
    expect(driven.peer.status().role).toBe('follower');
  });

  it.each([
    ['to another leader', '1 2 3', 2n, 'follower'],
    ['to the same one, as an observer', '1o 2 3', 3n, 'observer'],
    ['to another one, without a vote', '2 3', 2n, 'follower'],
  ])('goes %s, without an election', (_what, members, leader, role) => {
    const driven = learner();
    say(driven, 1, packets.newLeader(2, configText('1 2 3', FIRST)), packets.upToDate);
    driven.outputs.length = 0;
    say(driven, 1, packets.proposal(0x200000001n, reconfigTxn(0x200000001n, members)));
    say(driven, 1, packets.commit(0x200000001n, leader));
    expect(driven.take('phase').some((output) => output.phase === 'election')).toBe(false);
    expect(driven.take('dial').map((output) => output.to)).toEqual([leader]);
    expect(driven.peer.status().role).toBe(role);
  });

  it('holds an election after all when the leader that was named is not there', () => {
    const driven = learner();
    say(driven, 1, packets.newLeader(2, configText('1 2 3', FIRST)), packets.upToDate);
    say(driven, 1, packets.proposal(0x200000001n, reconfigTxn(0x200000001n, '1 2')));
    say(driven, 1, packets.commit(0x200000001n, 2n));
    const refuse = (): unknown => driven.give({ kind: 'dial-failed', attempt: driven.take('dial').at(-1)!.attempt });
    refuse();
    driven.wait(600);
    refuse();
    expect(driven.peer.status()).toMatchObject({ role: 'looking', phase: 'election' });
  });

  it('forgets a configuration that it has to take back', () => {
    const config = EnsembleConfig.parse(configText('1 4 5', FIRST + 3n));
    const driven = new DrivenPeer({
      id: 1n,
      configText: configText('1 2 3', FIRST),
      options,
      epochs: { accepted: 1, current: 1 },
      disk: { lastZxid: FIRST + 3n, recent: [], config },
    });
    expect(driven.peer.status().seenConfigVersion).toBe('100000003');
    driven.hear(3n, 'leading', { leader: 3n }).hear(2n, 'following', { leader: 3n });
    driven.give({ kind: 'connected', attempt: driven.take('dial').at(-1)!.attempt, link: 1 });
    say(driven, 1, packets.leaderInfo(2), packets.start(PacketType.TRUNC, FIRST + 2n));
    expect(driven.peer.status().seenConfigVersion).toBe('100000000');
  });
});

describe('a pending configuration that was found in the log', () => {
  const config = EnsembleConfig.parse(configText('3 4 5', FIRST + 1n));
  const pending = (id: bigint, extra: Partial<DrivenOptions> = {}): DrivenPeer =>
    new DrivenPeer({
      id,
      configText: configText('1 2 3', FIRST),
      options,
      epochs: { accepted: 1, current: 1 },
      disk: { lastZxid: FIRST + 1n, recent: [], config },
      ...extra,
    });
  const vote = { leader: 3n, zxid: FIRST + 1n, peerEpoch: 1n };

  it('decides elections too', () => {
    const driven = pending(3n);
    driven.hear(1n, 'looking', vote).hear(2n, 'looking', vote).wait(1000);
    expect(driven.peer.status().role).toBe('looking');
    driven.hear(4n, 'looking', vote).wait(200);
    expect(driven.peer.status().role).toBe('leader');
  });

  it('does not keep a server from joining an ensemble that never heard of it', () => {
    const driven = pending(1n);
    driven.hear(3n, 'leading', { leader: 3n, round: 9n, peerEpoch: 2n });
    expect(driven.take('dial')).toEqual([]);
    driven.hear(2n, 'following', { leader: 3n, round: 9n, peerEpoch: 2n });
    expect(driven.take('dial').map((output) => output.to)).toEqual([3n]);
  });

  it('is in the log as well when it is among the last entries, and nobody says so', () => {
    const entry = { zxid: FIRST + 1n, txn: reconfigTxn(FIRST + 1n, '3 4 5') };
    const driven = pending(3n, { disk: { lastZxid: FIRST + 1n, recent: [entry] } });
    expect(driven.peer.status().seenConfigVersion).toBe('100000001');
  });

  it('is announced in comments, to those who do not have it, who then vote for its members and dial them', () => {
    const announced = pending(3n).take('notify')[0]!.notification.config!;
    expect(announced.split('\n').filter((line) => !line.startsWith('#'))).toEqual(
      configText('1 2 3', FIRST).split('\n'),
    );
    const unaware = new DrivenPeer({ id: 2n, configText: configText('1 2 3', FIRST), options, lastZxid: FIRST });
    const better = { leader: 4n, zxid: FIRST + 2n, peerEpoch: 1n };
    unaware.hear(3n, 'looking', better);
    expect(unaware.peer.status().vote.leader).toBe('2');
    unaware.hear(3n, 'looking', { ...better, config: announced });
    expect(unaware.peer.status().vote.leader).toBe('4');
    expect(unaware.take('config')).toMatchObject([{ status: 'seen', config: { version: FIRST + 1n } }]);
  });

  const elected = (id: bigint, others: readonly bigint[]): DrivenPeer => {
    const driven = pending(id);
    for (const other of others) driven.hear(other, 'looking', { ...vote, leader: id });
    return driven.wait(200);
  };
  const connect = (driven: DrivenPeer, id: number): DrivenPeer =>
    say(driven.give({ kind: 'accepted', link: id }), id, packets.followerInfo(BigInt(id), 1, FIRST, false));
  const ackEpoch = packets.ackEpoch(FIRST, 1);
  const ack = packets.ack(0x200000000n);

  it('is completed by the next leader that has it, which asks quorums of both at every step', () => {
    const driven = connect(elected(3n, [1n, 2n, 4n]), 1);
    expect(driven.peer.status().acceptedEpoch).toBe(1);
    connect(driven, 4);
    expect(driven.peer.status().acceptedEpoch).toBe(2);
    say(driven, 1, ackEpoch);
    expect(driven.peer.status().phase).toBe('discovery');
    say(driven, 4, ackEpoch);
    expect(driven.peer.status().phase).toBe('synchronization');
    say(driven, 1, ack);
    expect(driven.take('serve')).toEqual([]);
    say(driven, 4, ack);
    expect(driven.take('serve').length).toBe(1);
    expect(committed(driven)).toEqual([config.text]);
  });

  it('is completed by a leader that is not in it, which then leaves the rest to an election', () => {
    const driven = elected(1n, [2n, 3n, 4n]);
    for (const id of [3, 4]) connect(driven, id);
    for (const id of [3, 4]) say(driven, id, ackEpoch);
    for (const id of [3, 4]) say(driven, id, ack);
    expect(committed(driven)).toEqual([config.text]);
    expect(typesTo(driven, 3).at(-1)).toBe(PacketType.UPTODATE);
    expect(driven.peer.status().role).toBe('looking');
  });

  it('is known to be committed when somebody who connects has activated it', () => {
    const driven = elected(3n, [1n, 2n, 4n]).give({ kind: 'accepted', link: 4 });
    say(driven, 4, packets.followerInfo(4n, 1, FIRST + 1n, false));
    expect(committed(driven)).toEqual([config.text]);
    expect(driven.peer.status().role).toBe('looking');
  });
});

describe('a stranger', () => {
  const votes = (driven: DrivenPeer): number => driven.take('notify').filter((output) => output.to === 9n).length;

  it('is told who leads when it asks, and not when it tells', () => {
    const driven = new DrivenPeer({ id: 1n });
    driven.hear(9n, 'following', { leader: 2n });
    expect(votes(driven)).toBe(0);
    driven.hear(9n, 'looking', { leader: 9n });
    expect(votes(driven)).toBe(1);
  });

  it('is not told the same twice at once', () => {
    const driven = new DrivenPeer({ id: 1n });
    for (let i = 0; i < 5; i++) driven.hear(9n, 'looking', { leader: 9n });
    expect(votes(driven)).toBe(1);
    driven.nowMs += 100;
    driven.hear(9n, 'looking', { leader: 9n });
    expect(votes(driven)).toBe(2);
  });
});

it('an observer that looks for a leader asks once a tick at least', () => {
  const driven = new DrivenPeer({ id: 4n, configText: configText('1 2 3 4o', FIRST) });
  const asked = (): number => driven.take('notify').length;
  for (let i = 0; i < 20; i++) driven.wait(1000);
  const before = asked();
  driven.wait(2000);
  expect(asked()).toBe(before + 3);
});
