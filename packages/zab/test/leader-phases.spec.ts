import { PacketType, packets } from '../src/index.js';
import { DrivenPeer } from './driven-peer.js';

/** Order is the contract: what is said after what is on disk. Spec: learner protocol, sections 4, 6 and 7. */

const txn = new Uint8Array([1, 2, 3]);
const EPOCH_1 = 1n << 32n;

describe('a leader', () => {
  /** Leader 3 of an ensemble of three; links 11 and 12 are servers 1 and 2. */
  const leader = (): DrivenPeer => {
    const driven = new DrivenPeer({ id: 3n });
    driven.hear(1n, 'looking', { leader: 3n }).hear(2n, 'looking', { leader: 3n });
    return driven;
  };
  const from = (driven: DrivenPeer, link: number, ...said: Parameters<typeof packets.pong>[0][]): DrivenPeer => {
    for (const packet of said) driven.give({ kind: 'packets', link, packets: [packet] });
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
      .packetsSent()
      .filter((output) => output.link === link)
      .map((output) => output.packet.type);

  it('takes an epoch later than any it hears of, and has it on disk before it says so', () => {
    const driven = leader();
    driven.isDiskHeld = true;
    driven.give({ kind: 'accepted', link: 11 });
    from(driven, 11, packets.followerInfo(1n, 7, 0n, false));
    expect(driven.take('write')).toMatchObject([{ write: { kind: 'accepted-epoch', epoch: 8 } }]);
    expect(driven.packetsSent()).toEqual([]);
    driven.finishWrite();
    expect(driven.packetsSent().map((output) => output.packet)).toEqual([packets.leaderInfo(8)]);
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
    expect(driven.take('activate')).toEqual([]);
  });

  it.each<[string, readonly (readonly [link: number, counter: bigint])[]]>([
    [
      'a follower has all of them and another one the first',
      [
        [11, 3n],
        [12, 1n],
      ],
    ],
    [
      'a follower has the first and another one all of them',
      [
        [11, 1n],
        [12, 3n],
      ],
    ],
    [
      'the later follower has all of them and the earlier one the first',
      [
        [12, 3n],
        [11, 1n],
      ],
    ],
    [
      'the later follower has the first and the earlier one all of them',
      [
        [12, 1n],
        [11, 3n],
      ],
    ],
    [
      'the leader has all of them and a follower the first',
      [
        [3, 3n],
        [11, 1n],
      ],
    ],
    [
      'a follower has all of them and the leader the first',
      [
        [11, 3n],
        [3, 1n],
      ],
    ],
  ])('commits the first of three proposals and no more when %s', (_who, acknowledged) => {
    const driven = join(join(leader(), 1n), 2n);
    driven.isDiskHeld = true;
    for (const counter of [1n, 2n, 3n]) driven.give({ kind: 'propose', zxid: EPOCH_1 + counter, txn });
    for (const [link, counter] of acknowledged) {
      if (link === 3) driven.give({ kind: 'durable', zxid: EPOCH_1 + counter });
      else from(driven, link, packets.ack(EPOCH_1 + counter));
    }
    expect(driven.take('deliver').map((output) => output.entry.zxid)).toEqual([EPOCH_1 + 1n]);
  });

  it('proposes nothing before a quorum has its history', () => {
    const driven = leader().give({ kind: 'propose', zxid: EPOCH_1 + 1n, txn });
    expect(driven.take('append')).toEqual([]);
    expect(driven.peer.status().role).toBe('leader');
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

  it('says how long followers took to acknowledge, of one proposal of each at a time', () => {
    const driven = join(join(leader(), 1n), 2n);
    const pass = (durationMs: number): DrivenPeer => {
      driven.nowMs += durationMs;
      return driven;
    };
    const propose = (zxid: bigint): DrivenPeer => driven.give({ kind: 'propose', zxid, txn });
    propose(0x100000001n);
    pass(3);
    propose(0x100000002n);
    from(pass(4), 11, packets.ack(0x100000001n));
    propose(0x100000003n);
    // Its first one is covered by this acknowledgement; the second was not timed.
    from(pass(5), 12, packets.ack(0x100000002n));
    from(pass(6), 11, packets.ack(0x100000003n));
    expect(driven.take('acknowledged').map(({ server, afterMs }) => [server, afterMs])).toEqual([
      [1n, 7],
      [2n, 12],
      [1n, 15],
    ]);
  });

  it('sends away a learner that says it has the leader’s own id', () => {
    const driven = leader();
    driven.give({ kind: 'accepted', link: 11 });
    from(driven, 11, packets.followerInfo(3n, 0, 0n, false));
    expect(driven.take('close')).toMatchObject([{ link: 11, reason: expect.stringContaining('server 3') }]);
    expect(join(driven, 1n).take('serve')).toHaveLength(1);
  });

  it('forgets what a learner acknowledged before it connected again', () => {
    const driven = join(join(leader(), 1n), 2n);
    driven.isDiskHeld = true;
    driven.give({ kind: 'propose', zxid: 0x100000001n, txn });
    from(driven, 11, packets.ack(0x100000001n));
    driven.give({ kind: 'accepted', link: 21 });
    from(driven, 21, packets.followerInfo(1n, 1, 0n, false));
    expect(driven.take('close')).toMatchObject([{ link: 11, reason: 'server 1 has connected again' }]);
    driven.sync();
    expect(driven.take('deliver')).toEqual([]);
    from(driven, 12, packets.ack(0x100000001n));
    expect(driven.take('deliver').length).toBe(1);
  });

  it('suspects two servers with one number where connections are replaced again and again', () => {
    const driven = join(join(leader(), 1n), 2n);
    let link = 20;
    const again = (times: number): void => {
      for (let i = 0; i < times; i++) {
        driven.give({ kind: 'accepted', link: ++link });
        from(driven, link, packets.followerInfo(1n, 1, 0n, false));
      }
    };
    const isSuspected = (): boolean[] => {
      const replaced = driven.take('close').filter(({ reason }) => reason.includes('connected again'));
      return replaced.map(({ reason, isWarning }) => isWarning === true && reason.includes('two servers'));
    };
    again(5);
    expect(isSuspected()).toEqual([false, false, true, false, false]);
    for (let i = 0; i < 60; i++) {
      from(driven, link, packets.pong(packets.ping(0n), new Map()));
      from(driven, 12, packets.pong(packets.ping(0n), new Map())).wait(1000);
    }
    again(1);
    expect(isSuspected()).toEqual([false, false, true, false, false, false]);
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

  it('keeps its epoch whatever an observer has promised', () => {
    const configText = 'server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2\nserver.4=d:1:2:observer\nversion=0';
    const driven = new DrivenPeer({ id: 3n, configText });
    driven.hear(1n, 'looking', { leader: 3n }).hear(2n, 'looking', { leader: 3n });
    join(driven, 1n).give({ kind: 'accepted', link: 14 });
    from(driven, 14, packets.followerInfo(4n, 5, 0n, true));
    expect(driven.peer.status()).toMatchObject({ role: 'leader', phase: 'broadcast' });
  });

  it.each([
    ['the counter of this one is used up', 0x1ffffffffn],
    ['a zxid is not of this one', 0x200000001n],
  ])('asks for a new epoch when %s', (_why, zxid) => {
    const driven = join(leader(), 1n);
    driven.give({ kind: 'propose', zxid, txn });
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

  it('answers a sync before the commit of what was proposed after it, however much is committed at once', () => {
    const driven = join(leader(), 1n);
    driven.isDiskHeld = true;
    driven
      .give({ kind: 'propose', zxid: 0x100000001n, txn })
      .give({ kind: 'sync', tag: 1 })
      .give({ kind: 'sync-learner', link: 11 })
      .give({ kind: 'propose', zxid: 0x100000002n, txn });
    driven.sync();
    from(driven, 11, packets.ack(0x100000002n));
    const { COMMIT, SYNC } = PacketType;
    expect(sentTo(driven, 11).slice(-3)).toEqual([COMMIT, SYNC, COMMIT]);
    const kinds = driven.outputs.map(({ kind }) => kind).filter((kind) => kind === 'deliver' || kind === 'synced');
    expect(kinds).toEqual(['deliver', 'synced', 'deliver']);
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
    expect(driven.packetsSent().at(-1)!.packet).toEqual(packets.revalidated(-3n, true));
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
