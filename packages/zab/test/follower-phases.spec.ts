import { PacketType, packets, type PeerOutput } from '../src/index.js';
import { EnsembleConfig } from '@zk/quorum';
import { DrivenPeer, threeServers } from './driven-peer.js';

/** Order is the contract: what is said after what is on disk. Spec: learner protocol, sections 4, 6 and 7. */

const names = (outputs: readonly PeerOutput[]): string[] =>
  outputs.flatMap((output) => {
    if (output.kind === 'send') return output.packets.map(({ type }) => `send ${type}`);
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
  for (const packet of said) driven.give({ kind: 'packets', link: 1, packets: [packet] });
  return driven;
};

const config = 'server.1=a:1:2\nversion=0';
const txn = new Uint8Array([1, 2, 3]);

describe('a follower', () => {
  it('has the new epoch on disk before it says so', () => {
    const driven = follower();
    driven.isDiskHeld = true;
    say(driven, packets.leaderInfo(2));
    expect(driven.packetsSent().length).toBe(1);
    driven.finishWrite();
    expect(driven.packetsSent()[1]!.packet).toEqual(packets.ackEpoch(0x100000003n, 1));
    expect(driven.peer.status().acceptedEpoch).toBe(2);
  });

  it('says -1 for an epoch it accepted before', () => {
    const driven = say(follower(), packets.leaderInfo(1));
    expect(driven.packetsSent()[1]!.packet).toEqual(packets.ackEpoch(0x100000003n, -1));
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
    const acks = driven.packetsSent().filter((output) => output.packet.type === PacketType.ACK);
    expect(acks.map((output) => output.packet.zxid)).toEqual([0x200000000n, 0x200000000n]);
    expect(driven.take('serve')).toMatchObject([{ role: 'follower', epoch: 2, leader: 2n, zxid: 0x100000004n }]);
    // What was not committed is logged now, and acknowledged on its own when durable.
    driven.sync();
    expect(driven.packetsSent().at(-1)!.packet).toEqual(packets.ack(0x100000005n));
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
    expect(driven.packetsSent().at(-1)!.packet).toEqual(packets.ack(0x200000000n));
  });

  describe('whose leader queued transactions before it took its snapshot', () => {
    const receiving = (): DrivenPeer =>
      say(follower(), packets.leaderInfo(2), packets.start(PacketType.SNAP, 0x200000009n)).give({
        kind: 'snapshot-received',
        link: 1,
      });
    const delivered = (driven: DrivenPeer): bigint[] => driven.take('deliver').map(({ entry }) => entry.zxid);
    const acknowledged = (driven: DrivenPeer): bigint[] =>
      driven
        .packetsSent()
        .filter(({ packet }) => packet.type === PacketType.ACK)
        .map(({ packet }) => packet.zxid);

    it('passes over what is in the snapshot, and goes on behind it', () => {
      const driven = receiving();
      for (const zxid of [0x200000008n, 0x200000009n, 0x20000000an]) {
        say(driven, packets.proposal(zxid, txn), packets.commit(zxid));
      }
      say(driven, packets.newLeader(2, config), packets.upToDate);
      expect(driven.take('serve')).toMatchObject([{ role: 'follower', epoch: 2, zxid: 0x20000000an }]);
      expect(delivered(driven)).toEqual([0x20000000an]);
      expect(acknowledged(driven)).toEqual([0x200000000n, 0x200000000n]);
    });

    it.each([
      ['at NEWLEADER', [], [packets.upToDate]],
      ['when it is up to date', [packets.upToDate], []],
    ])('passes over what comes as late as %s', (_when, before, after) => {
      const driven = say(receiving(), packets.proposal(0x20000000an, txn), packets.newLeader(2, config), ...before);
      say(driven, packets.proposal(0x200000009n, txn), packets.commit(0x200000009n), packets.commit(0x20000000an));
      say(driven, packets.proposal(0x20000000bn, txn), packets.commit(0x20000000bn), ...after);
      expect([delivered(driven), driven.take('close')]).toEqual([[0x20000000an, 0x20000000bn], []]);
      expect(acknowledged(driven).slice(-2)).toEqual([0x20000000an, 0x20000000bn]);
    });

    it('leaves when something is missing behind the snapshot', () => {
      const driven = say(receiving(), packets.proposal(0x200000008n, txn), packets.proposal(0x20000000bn, txn));
      expect(driven.take('close')).toMatchObject([{ reason: 'proposal 20000000b does not follow 200000009' }]);
    });

    it('passes over nothing where there was no snapshot', () => {
      const driven = say(follower(), packets.leaderInfo(2), packets.start(PacketType.DIFF, 0x100000004n));
      say(driven, packets.proposal(0x100000003n, txn));
      expect(driven.take('close')).toMatchObject([{ reason: 'proposal 100000003 does not follow 100000003' }]);
    });
  });

  it('that cannot write looks for a leader again after a while, not at once', () => {
    const driven = follower();
    driven.isDiskHeld = true;
    say(driven, packets.leaderInfo(2)).outputs.length = 0;
    driven.failWrite('no space').wait(999);
    expect([driven.peer.status().phase, driven.take('notify')]).toEqual(['recovery', []]);
    expect(driven.wait(1).take('notify').length).toBe(2);
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
    expect(driven.packetsSent().at(-1)!.packet).toEqual(packets.ackEpoch(0n, -1));
  });

  it.each([
    ['takes a snapshot', packets.start(PacketType.SNAP, 0x100000002n)],
    ['takes its log back', packets.start(PacketType.TRUNC, 0x100000002n)],
  ])('starts from its disk again when its leader is lost while it %s', (_how, start) => {
    const driven = say(follower(), packets.leaderInfo(2), start);
    if (start.type === PacketType.SNAP) driven.give({ kind: 'snapshot-received', link: 1 });
    say(driven, packets.proposal(0x200000001n, txn), packets.commit(0x200000001n)).give({ kind: 'closed', link: 1 });
    expect(driven.take('write').at(-1)!.write.kind).toBe('reload');
    expect(driven.take('stop-serving')).toEqual([]);
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

  it('takes packets that came together in their order, each as if it had come alone', () => {
    const said = [
      packets.proposal(0x100000004n, txn),
      packets.commit(0x100000004n),
      packets.proposal(0x100000005n, txn),
    ];
    const together = broadcasting().give({ kind: 'packets', link: 1, packets: said });
    const alone = say(broadcasting(), ...said);
    expect(names(together.outputs).filter((name) => !name.startsWith('send'))).toEqual(
      names(alone.outputs).filter((name) => !name.startsWith('send')),
    );
    expect(together.sent(1)).toEqual(alone.sent(1));
  });

  it('takes nothing of what came together with the packet that made it leave', () => {
    const driven = broadcasting();
    const said = [packets.commit(0x100000009n), packets.proposal(0x100000004n, txn)];
    driven.give({ kind: 'packets', link: 1, packets: said });
    expect(driven.take('stop-serving').length).toBe(1);
    expect(driven.take('append')).toEqual([]);
  });

  it('acknowledges at once all that became durable at once, one ACK for each proposal', () => {
    const driven = broadcasting();
    driven.isDiskHeld = true;
    say(driven, packets.proposal(0x100000004n, txn), packets.proposal(0x100000005n, txn));
    const before = driven.take('send').length;
    driven.sync();
    expect(driven.take('send').slice(before)).toEqual([
      { kind: 'send', link: 1, packets: [packets.ack(0x100000004n), packets.ack(0x100000005n)] },
    ]);
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
    expect(driven.packetsSent().map((output) => output.packet.data!.length)).toEqual([12, 0]);
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
