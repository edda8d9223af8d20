import { PacketType, packets, type PeerOutput } from '../src/index.js';
import { EnsembleConfig } from '@zk/quorum';
import { DrivenPeer, threeServers } from './driven-peer.js';

/** Order is the contract: what is said after what is on disk. Spec: learner protocol, sections 4, 6 and 7. */

const names = (outputs: readonly PeerOutput[]): string[] =>
  outputs.flatMap((output) => {
    if (output.kind === 'send') return [`send ${output.packet.type}`];
    if (output.kind === 'write') return [`write ${output.point}`];
    if (output.kind === 'sync') return [`sync ${output.point}`];
    return ['append', 'deliver', 'serve', 'stop-serving', 'close', 'halt'].includes(output.kind) ? [output.kind] : [];
  });

/** A follower of server 2 in epoch 1, with the first packets exchanged. */
function follower(lastZxid = 0x100000003n): DrivenPeer {
  const driven = new DrivenPeer({ id: 1n, epochs: { accepted: 1, current: 1 }, lastZxid });
  return driven.follow(2n, [3n]);
}

const say = (driven: DrivenPeer, ...said: Parameters<typeof packets.pong>[0][]): DrivenPeer => {
  for (const packet of said) driven.give({ kind: 'packet', link: 1, packet });
  return driven;
};

const config = 'server.1=a:1:2\nversion=0';
const txn = new Uint8Array([1, 2, 3]);

describe('a follower', () => {
  it('has the new epoch on disk before it says so', () => {
    const driven = follower();
    driven.isDiskHeld = true;
    say(driven, packets.leaderInfo(2));
    expect(driven.take('send').length).toBe(1);
    driven.finishWrite();
    expect(driven.take('send')[1]!.packet).toEqual(packets.ackEpoch(0x100000003n, 1));
    expect(driven.peer.status().acceptedEpoch).toBe(2);
  });

  it('says -1 for an epoch it accepted before', () => {
    const driven = say(follower(), packets.leaderInfo(1));
    expect(driven.take('send')[1]!.packet).toEqual(packets.ackEpoch(0x100000003n, -1));
    expect(driven.take('write')).toEqual([]);
  });

  it('does not listen to a leader of an earlier epoch', () => {
    const driven = say(follower(), packets.leaderInfo(0));
    expect(driven.take('close')).toMatchObject([{ link: 1, reason: expect.stringContaining('epoch 0 is before 1') }]);
    expect(driven.peer.status().role).toBe('looking');
  });

  it('logs what is committed, then claims the epoch, then acknowledges the leader', () => {
    const driven = say(follower(), packets.leaderInfo(2), packets.start(PacketType.DIFF, 0x100000004n));
    driven.isDiskHeld = true;
    say(driven, packets.proposal(0x100000004n, txn), packets.commit(0x100000004n), packets.proposal(0x100000005n, txn));
    expect(driven.take('append')).toEqual([]);
    say(driven, packets.newLeader(2, config), packets.upToDate);
    expect(driven.waitingWrites).toEqual([]);
    driven.sync();
    expect(driven.waitingWrites).toEqual(['learner.current-epoch']);
    expect(driven.take('serve')).toEqual([]);
    driven.finishWrite();
    const acks = driven.take('send').filter((output) => output.packet.type === PacketType.ACK);
    expect(acks.map((output) => output.packet.zxid)).toEqual([0x200000000n, 0x200000000n]);
    expect(driven.take('serve')).toMatchObject([{ role: 'follower', epoch: 2, leader: 2n, zxid: 0x100000004n }]);
    // What was not committed is logged now, and acknowledged on its own when durable.
    driven.sync();
    expect(driven.take('send').at(-1)!.packet).toEqual(packets.ack(0x100000005n));
  });

  it('writes a snapshot of what it was sent before it claims the epoch', () => {
    const driven = say(follower(), packets.leaderInfo(2), packets.start(PacketType.SNAP, 0x100000009n));
    driven.isDiskHeld = true;
    say(driven, packets.proposal(0x10000000an, txn), packets.commit(0x10000000an), packets.newLeader(2, config));
    expect(driven.waitingWrites).toEqual([]);
    driven.give({ kind: 'snapshot-received', link: 1 });
    expect(driven.take('append')).toEqual([]);
    expect(driven.waitingWrites).toEqual(['learner.snapshot']);
    expect(driven.take('write').at(-1)!.write).toEqual({ kind: 'snapshot', zxid: 0x10000000an });
    driven.finishWrite();
    expect(driven.waitingWrites).toEqual(['learner.current-epoch']);
    driven.finishWrite();
    expect(driven.take('send').at(-1)!.packet).toEqual(packets.ack(0x200000000n));
  });

  it('asks for everything when its log cannot be taken back', () => {
    const driven = say(follower(), packets.leaderInfo(1));
    driven.isDiskHeld = true;
    say(driven, packets.start(PacketType.TRUNC, 0x100000001n));
    driven.isDiskHeld = false;
    driven.failWrite('not in the log').wait(1000);
    driven.follow(2n, [3n]);
    say(driven, packets.leaderInfo(1));
    expect(driven.take('write').at(-1)!.write).toEqual({ kind: 'clear' });
    expect(driven.take('send').at(-1)!.packet).toEqual(packets.ackEpoch(0n, -1));
  });

  /** In broadcast, with everything said so far forgotten. */
  const broadcasting = (): DrivenPeer => {
    const driven = say(follower(), packets.leaderInfo(1), packets.start(PacketType.DIFF, 0x100000003n));
    say(driven, packets.newLeader(1, config), packets.upToDate);
    driven.outputs.length = 0;
    return driven;
  };

  it('acknowledges a proposal when it is durable, and applies it when it is committed', () => {
    const driven = broadcasting();
    driven.isDiskHeld = true;
    say(driven, packets.proposal(0x100000004n, txn), packets.proposal(0x100000005n, txn));
    expect(names(driven.outputs)).toEqual(['append', 'sync broadcast.log', 'append', 'sync broadcast.log']);
    driven.sync();
    say(driven, packets.commit(0x100000004n));
    expect(names(driven.outputs).slice(4)).toEqual(['send 3', 'send 3', 'deliver']);
  });

  it('stops when the leader commits something else than the oldest proposal', () => {
    const driven = say(broadcasting(), packets.proposal(0x100000004n, txn), packets.proposal(0x100000005n, txn));
    say(driven, packets.commit(0x100000005n));
    expect(driven.take('halt')).toMatchObject([{ code: 12 }]);
    expect(driven.take('deliver').every((output) => output.cause === 'recovery')).toBe(true);
  });

  it('tells of a new configuration when it is committed, and says its version from then on', () => {
    const driven = say(broadcasting(), packets.proposal(0x100000004n, txn));
    say(driven, {
      ...packets.commit(0x100000004n),
      type: PacketType.COMMITANDACTIVATE,
      data: new Uint8Array([0, 0, 0, 0, 0, 0, 0, 3]),
    });
    expect(driven.take('activate')).toEqual([{ kind: 'activate', zxid: 0x100000004n, leader: 3n }]);
    const later = EnsembleConfig.parse(`${threeServers.replace('version=0', 'version=100000004')}`);
    driven.give({ kind: 'config', config: later, status: 'committed' });
    expect(driven.peer.status().configVersion).toBe('100000004');
  });

  it('leaves when a proposal is missing', () => {
    const driven = say(broadcasting(), packets.proposal(0x100000005n, txn));
    expect(driven.take('stop-serving').length).toBe(1);
  });

  it('answers a ping with the sessions it heard of, once each', () => {
    const driven = broadcasting();
    driven
      .give({ kind: 'touch', sessionId: -5n, timeoutMs: 1000 })
      .give({ kind: 'touch', sessionId: -5n, timeoutMs: 2000 });
    say(driven, packets.ping(0x100000003n), packets.ping(0x100000003n));
    expect(driven.take('send').map((output) => output.packet.data!.length)).toEqual([12, 0]);
  });

  it('answers syncs in the order they were asked', () => {
    const driven = broadcasting();
    driven.give({ kind: 'sync', tag: 7 }).give({ kind: 'sync', tag: 8 });
    say(driven, packets.sync, packets.sync);
    expect(driven.take('synced').map((output) => output.tag)).toEqual([7, 8]);
  });

  it('looks for a leader again when its own hangs up, or is silent for syncLimit ticks', () => {
    const hungUp = broadcasting().give({ kind: 'closed', link: 1 });
    expect(hungUp.peer.status()).toMatchObject({ role: 'looking', phase: 'election' });
    const silent = broadcasting().wait(9999);
    expect(silent.peer.status().role).toBe('follower');
    expect(silent.wait(1).peer.status().role).toBe('looking');
  });

  it('waits with the election until what was logged is durable, and votes with it', () => {
    const driven = broadcasting();
    driven.isDiskHeld = true;
    say(driven, packets.proposal(0x100000004n, txn)).give({ kind: 'closed', link: 1 });
    expect(driven.peer.status()).toMatchObject({ role: 'looking', phase: 'recovery' });
    driven.sync();
    expect(driven.take('deliver')).toMatchObject([{ cause: 'recovery' }]);
    expect(driven.take('notify').at(-1)!.notification.zxid).toBe(0x100000004n);
  });

  it('keeps out of elections while its disk is full, and votes with what is left afterwards', () => {
    const driven = broadcasting();
    driven.isDiskHeld = true;
    say(driven, packets.proposal(0x100000004n, txn)).give({ kind: 'log-failed' });
    expect(driven.take('notify')).toEqual([]);
    driven.give({ kind: 'log-recovered' });
    expect(driven.take('notify').at(-1)!.notification.zxid).toBe(0x100000003n);
  });

  it('loads its state again when it had applied what its log then lost', () => {
    const driven = broadcasting();
    driven.isDiskHeld = true;
    say(driven, packets.proposal(0x100000004n, txn), packets.commit(0x100000004n));
    driven.give({ kind: 'log-failed' }).give({ kind: 'log-recovered' });
    expect(driven.waitingWrites).toEqual(['recovery.reload']);
  });
});

describe('a leader', () => {
  /** Leader 3 of an ensemble of three; links 11 and 12 are servers 1 and 2. */
  const leader = (): DrivenPeer => {
    const driven = new DrivenPeer({ id: 3n });
    driven.hear(1n, 'looking', { leader: 3n }).hear(2n, 'looking', { leader: 3n });
    return driven;
  };
  const from = (driven: DrivenPeer, link: number, ...said: Parameters<typeof packets.pong>[0][]): DrivenPeer => {
    for (const packet of said) driven.give({ kind: 'packet', link, packet });
    return driven;
  };
  const join = (driven: DrivenPeer, server: bigint, epoch = 1, lastZxid = 0n, isObserver = false): DrivenPeer => {
    const link = Number(server) + 10;
    driven.give({ kind: 'accepted', link });
    from(driven, link, packets.followerInfo(server, 0, 0n, isObserver), packets.ackEpoch(lastZxid, 0));
    return from(driven, link, packets.ack(BigInt(epoch) << 32n));
  };
  const sentTo = (driven: DrivenPeer, link: number): number[] =>
    driven
      .take('send')
      .filter((output) => output.link === link)
      .map((output) => output.packet.type);

  it('takes an epoch later than any it hears of, and has it on disk before it says so', () => {
    const driven = leader();
    driven.isDiskHeld = true;
    driven.give({ kind: 'accepted', link: 11 });
    from(driven, 11, packets.followerInfo(1n, 7, 0n, false));
    expect(driven.take('write')).toMatchObject([{ write: { kind: 'accepted-epoch', epoch: 8 } }]);
    expect(driven.take('send')).toEqual([]);
    driven.finishWrite();
    expect(driven.take('send').map((output) => output.packet)).toEqual([packets.leaderInfo(8)]);
  });

  it('does not lead who knows more', () => {
    const driven = leader();
    driven.give({ kind: 'accepted', link: 11 });
    from(driven, 11, packets.followerInfo(1n, 0, 0n, false), packets.ackEpoch(0x100000001n, 1));
    expect(driven.take('close')).toMatchObject([{ link: 11, reason: expect.stringContaining('knows more') }]);
  });

  it('serves when a quorum has its history, its own disk included', () => {
    const driven = leader();
    driven.isDiskHeld = true;
    driven.give({ kind: 'accepted', link: 11 });
    from(driven, 11, packets.followerInfo(1n, 0, 0n, false));
    driven.finishWrite();
    from(driven, 11, packets.ackEpoch(0n, 0), packets.ack(0x100000000n));
    expect(driven.take('serve')).toEqual([]);
    driven.finishWrite();
    expect(driven.take('serve').length).toBe(1);
    expect(sentTo(driven, 11)).toEqual([
      PacketType.LEADERINFO,
      PacketType.DIFF,
      PacketType.NEWLEADER,
      PacketType.UPTODATE,
    ]);
  });

  it('gives up when nobody comes within initLimit ticks', () => {
    const driven = leader().wait(19_999);
    expect(driven.peer.status().role).toBe('leader');
    expect(driven.wait(1).peer.status().role).toBe('looking');
  });

  it('commits in order what a quorum has on disk', () => {
    const driven = join(join(leader(), 1n), 2n);
    driven.isDiskHeld = true;
    driven.give({ kind: 'propose', zxid: 0x100000001n, txn }).give({ kind: 'propose', zxid: 0x100000002n, txn });
    from(driven, 11, packets.ack(0x100000001n), packets.ack(0x100000002n));
    expect(driven.take('deliver')).toEqual([]);
    // Two followers are a quorum without the leader's own disk.
    from(driven, 12, packets.ack(0x100000001n));
    expect(driven.take('deliver').map((output) => output.entry.zxid)).toEqual([0x100000001n]);
    driven.sync();
    expect(driven.take('deliver').map((output) => output.entry.zxid)).toEqual([0x100000001n, 0x100000002n]);
    expect(sentTo(driven, 12).slice(-4)).toEqual([
      PacketType.PROPOSAL,
      PacketType.PROPOSAL,
      PacketType.COMMIT,
      PacketType.COMMIT,
    ]);
  });

  it.each([
    ['of another epoch', 0x200000001n],
    ['of what was not proposed', 0x100000002n],
    ['of an epoch', 0x100000000n],
  ])('does not count an acknowledgement %s', (_what, zxid) => {
    const driven = join(leader(), 1n);
    driven.isDiskHeld = true;
    driven.give({ kind: 'propose', zxid: 0x100000001n, txn });
    from(driven, 11, packets.ack(zxid));
    driven.sync();
    expect(driven.take('deliver')).toEqual([]);
  });

  it('tells observers what is committed, and does not ask them', () => {
    const configText = 'server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2\nserver.4=d:1:2:observer\nversion=0';
    const driven = new DrivenPeer({ id: 3n, configText });
    driven.hear(1n, 'looking', { leader: 3n }).hear(2n, 'looking', { leader: 3n });
    join(join(driven, 1n), 4n, 1, 0n, true);
    driven.isDiskHeld = true;
    driven.give({ kind: 'propose', zxid: 0x100000001n, txn });
    from(driven, 14, packets.ack(0x100000001n));
    driven.sync();
    expect(driven.take('deliver')).toEqual([]);
    from(driven, 11, packets.ack(0x100000001n));
    expect(sentTo(driven, 14).at(-1)).toBe(PacketType.INFORM);
    expect(sentTo(driven, 14)).not.toContain(PacketType.COMMIT);
  });

  it('forgets what a learner acknowledged before it connected again', () => {
    const driven = join(join(leader(), 1n), 2n);
    driven.isDiskHeld = true;
    driven.give({ kind: 'propose', zxid: 0x100000001n, txn });
    from(driven, 11, packets.ack(0x100000001n));
    driven.give({ kind: 'accepted', link: 21 });
    from(driven, 21, packets.followerInfo(1n, 1, 0n, false));
    expect(driven.take('close')).toMatchObject([{ link: 11, reason: 'connected again' }]);
    driven.sync();
    expect(driven.take('deliver')).toEqual([]);
    from(driven, 12, packets.ack(0x100000001n));
    expect(driven.take('deliver').length).toBe(1);
  });

  it('steps down when a tick ends without a quorum of learners', () => {
    const driven = join(leader(), 1n).give({ kind: 'closed', link: 11 });
    expect(driven.peer.status().role).toBe('leader');
    for (let i = 0; i < 4; i++) driven.wait(500);
    expect(driven.peer.status().role).toBe('looking');
    expect(driven.take('stop-serving').length).toBe(1);
  });

  it('that was paused steps down before it believes what has been waiting', () => {
    const driven = join(leader(), 1n);
    driven.isDiskHeld = true;
    driven.give({ kind: 'propose', zxid: 0x100000001n, txn });
    driven.wait(1000).nowMs += 60_000;
    from(driven, 11, packets.ack(0x100000001n));
    driven.wait(1000);
    driven.sync();
    expect(driven.take('deliver').some((output) => output.cause === 'commit')).toBe(false);
    expect(driven.peer.status().role).toBe('looking');
  });

  it('takes a new epoch when a voter has promised itself to a later one', () => {
    const driven = join(leader(), 1n);
    driven.give({ kind: 'accepted', link: 12 });
    from(driven, 12, packets.followerInfo(2n, 5, 0n, false));
    expect(driven.peer.status().role).toBe('looking');
  });

  it('asks for a new epoch when the counter of this one is used up', () => {
    const driven = join(leader(), 1n);
    driven.give({ kind: 'propose', zxid: 0x1ffffffffn, txn });
    expect(driven.take('append')).toEqual([]);
    expect(driven.peer.status().role).toBe('looking');
  });

  it('answers a sync when everything proposed before it is committed', () => {
    const driven = join(leader(), 1n);
    driven.give({ kind: 'sync', tag: 1 });
    expect(driven.take('synced').map((output) => output.tag)).toEqual([1]);
    driven.isDiskHeld = true;
    driven
      .give({ kind: 'propose', zxid: 0x100000001n, txn })
      .give({ kind: 'sync', tag: 2 })
      .give({ kind: 'sync-learner', link: 11 });
    from(driven, 11, packets.ack(0x100000001n));
    expect(driven.take('synced').length).toBe(1);
    driven.sync();
    expect(driven.take('synced').map((output) => output.tag)).toEqual([1, 2]);
    expect(sentTo(driven, 11).slice(-2)).toEqual([PacketType.COMMIT, PacketType.SYNC]);
  });

  it('passes on what learners say for their clients, and answers revalidations', () => {
    const driven = join(leader(), 1n);
    const request = {
      sessionId: -3n,
      cxid: 9,
      opcode: 1,
      body: new Uint8Array([7]),
      ids: [{ scheme: 'ip', id: '::1' }],
    };
    from(driven, 11, packets.request(request), packets.revalidate(-3n, 4000));
    from(driven, 11, packets.pong(packets.ping(0n), new Map([[-3n, 4000]])));
    expect(driven.take('request')).toEqual([{ kind: 'request', link: 11, server: 1n, request }]);
    expect(driven.take('touched')).toMatchObject([{ link: 11, sessionId: -3n, timeoutMs: 4000 }]);
    expect(driven.take('revalidate')).toMatchObject([{ link: 11, sessionId: -3n, timeoutMs: 4000 }]);
    driven.give({ kind: 'revalidation', link: 11, sessionId: -3n, isValid: true });
    expect(driven.take('send').at(-1)!.packet).toEqual(packets.revalidated(-3n, true));
  });

  it('reads the log for a learner that is far behind, and goes on with what it remembers', () => {
    const driven = new DrivenPeer({ id: 3n, options: { commitLogCount: 2 } });
    driven.hear(1n, 'looking', { leader: 3n }).hear(2n, 'looking', { leader: 3n });
    join(driven, 1n);
    for (let zxid = 0x100000001n; zxid <= 0x100000020n; zxid++) {
      driven.give({ kind: 'propose', zxid, txn });
      from(driven, 11, packets.ack(zxid));
    }
    const sent = driven.outputs.length;
    driven.give({ kind: 'accepted', link: 12 });
    from(driven, 12, packets.followerInfo(2n, 1, 0n, false), packets.ackEpoch(0x100000002n, 1));
    // This test's disk has no log to read: then it is a snapshot.
    expect(driven.outputs.slice(sent).some((output) => output.kind === 'read-log')).toBe(true);
    expect(sentTo(driven, 12)).toContain(PacketType.SNAP);
  });
});

it('a status is plain and ready for JSON', () => {
  const status = new DrivenPeer({ id: 1n, lastZxid: 0x7fff_ffff_ffff_fff0n }).peer.status();
  expect(JSON.parse(JSON.stringify(status))).toMatchObject({
    server: '1',
    role: 'looking',
    phase: 'election',
    applied: '7ffffffffffffff0',
  });
});
