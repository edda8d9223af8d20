import type { QuorumPacket } from '@zk/jute';
import { PacketType, packetName, packets } from '../src/index.js';
import { DrivenPeer, threeServers } from './driven-peer.js';
import { reconfigTxn } from './reconfig-txn.js';

/** A follower as the leader of observers. Spec: learner protocol, section 8. */

const members = threeServers.replace('version=0', 'server.4=d:1:2:observer\nserver.5=e:1:2:observer\nversion=0');
const txn = new Uint8Array([1, 2, 3]);
const LEADER = 1;
const START = 0x1_0000_0000n;
const COMMITTED = START + 3n;

/** Server 1, which follows server 2 in epoch 1 and serves observers; nothing said so far is remembered. */
function master(options: { hasObserverMasters?: boolean } = {}): DrivenPeer {
  const driven = new DrivenPeer({
    id: 1n,
    configText: members,
    epochs: { accepted: 1, current: 1 },
    lastZxid: START + 1n,
    options: { hasObserverMasters: true, ...options },
  }).follow(2n, [3n]);
  from(driven, LEADER, packets.leaderInfo(1), packets.start(PacketType.DIFF, COMMITTED));
  for (const zxid of [START + 2n, COMMITTED]) {
    from(driven, LEADER, packets.proposal(zxid, txn), packets.commit(zxid));
  }
  from(driven, LEADER, packets.newLeader(1, members), packets.upToDate);
  return driven;
}

function from(driven: DrivenPeer, link: number, ...said: QuorumPacket[]): DrivenPeer {
  for (const packet of said) driven.give({ kind: 'packets', link, packets: [packet] });
  return driven;
}

/** Observer 4 on link 14, as far as its last zxid. */
function greet(driven: DrivenPeer, lastZxid = COMMITTED, server = 4n, link = 14): DrivenPeer {
  driven.give({ kind: 'accepted', link });
  return from(driven, link, packets.followerInfo(server, 1, 0n, true), packets.ackEpoch(lastZxid, -1));
}

function join(driven: DrivenPeer, lastZxid = COMMITTED, server = 4n, link = 14): DrivenPeer {
  return from(greet(driven, lastZxid, server, link), link, packets.ack(START), packets.ack(START));
}

function packetsTo(driven: DrivenPeer, link: number): QuorumPacket[] {
  return driven.packetsSent().flatMap((output) => (output.link === link ? [output.packet] : []));
}

/** Type and zxid of everything that was sent on a link. */
const sent = (driven: DrivenPeer, link: number): string[] =>
  packetsTo(driven, link).map(({ type, zxid }) => `${packetName(type)} ${zxid.toString(16)}`);

/** What is sent from here on. */
const afresh = (driven: DrivenPeer): DrivenPeer => {
  driven.outputs.length = 0;
  return driven;
};

describe('a follower that serves observers', () => {
  it('listens for them as soon as it serves, and no longer than it follows', () => {
    const driven = join(master());
    expect(driven.take('listen')).toEqual([{ kind: 'listen', port: 'observers' }]);
    expect(driven.take('unlisten')).toEqual([]);
    const kinds = driven.outputs.map(({ kind }) => kind);
    expect(kinds.indexOf('listen')).toBeGreaterThan(kinds.indexOf('serve'));
    afresh(driven).give({ kind: 'closed', link: LEADER });
    expect(driven.take('unlisten')).toEqual([{ kind: 'unlisten', port: 'observers' }]);
    expect(driven.take('close')).toEqual([{ kind: 'close', link: 14, reason: 'the leader hung up' }]);
  });

  it('serves nobody unless it is told to', () => {
    const driven = master({ hasObserverMasters: false }).give({ kind: 'accepted', link: 14 });
    expect(driven.take('listen')).toEqual([]);
    expect(driven.take('close')).toMatchObject([{ link: 14, reason: 'not a leader' }]);
  });

  it('brings them up to date as a leader would, from what it has applied', () => {
    const driven = greet(master(), START + 2n);
    from(driven, LEADER, packets.proposal(COMMITTED + 1n, txn));
    expect(sent(driven, 14)).toEqual([
      'LEADERINFO 100000000',
      'DIFF 100000003',
      'PROPOSAL 100000003',
      'COMMIT 100000003',
      'NEWLEADER 100000000',
    ]);
    from(driven, 14, packets.ack(START), packets.ack(START));
    expect(sent(driven, 14).slice(5)).toEqual(['UPTODATE -1']);
  });

  it('calls its state as its leader does: by the start of the epoch in which nothing was committed', () => {
    const driven = new DrivenPeer({
      id: 1n,
      configText: members,
      epochs: { accepted: 1, current: 1 },
      lastZxid: COMMITTED,
      options: { hasObserverMasters: true },
    }).follow(2n, [3n]);
    from(driven, LEADER, packets.leaderInfo(2), packets.start(PacketType.DIFF, COMMITTED));
    from(driven, LEADER, packets.newLeader(2, members), packets.upToDate);
    greet(driven, 0x2_0000_0000n);
    expect(sent(driven, 14)).toEqual(['LEADERINFO 200000000', 'DIFF 200000000', 'NEWLEADER 200000000']);
  });

  it('reads its log for one that is far behind, and sends everything when the log has not got it', () => {
    const driven = afresh(greet(master(), START - 5n));
    // This test's disk has no log to read.
    expect(driven.peer.status().learners).toMatchObject([{ server: '4', isObserver: true, sync: 'SNAP 100000003' }]);
  });

  it('tells them of a transaction when it is committed, behind all that it has applied itself', () => {
    const driven = afresh(join(master()));
    from(driven, LEADER, packets.proposal(COMMITTED + 1n, txn));
    expect(sent(driven, 14)).toEqual([]);
    from(driven, LEADER, packets.commit(COMMITTED + 1n));
    expect(packetsTo(driven, 14)).toEqual([packets.inform(COMMITTED + 1n, txn)]);
  });

  it('tells them who leads under a new configuration', () => {
    const driven = afresh(join(master({ hasObserverMasters: true })));
    const zxid = COMMITTED + 1n;
    const change = reconfigTxn(zxid, '1 2 3 4o 5o');
    from(driven, LEADER, packets.proposal(zxid, change), packets.commit(zxid, 2n));
    expect(packetsTo(driven, 14)).toEqual([packets.inform(zxid, change, 2n)]);
  });

  it('pings them twice a tick with the last zxid they were told, and gives up who is silent', () => {
    const driven = afresh(join(master()));
    driven.wait(1000);
    expect(packetsTo(driven, 14)).toEqual([packets.ping(COMMITTED)]);
    for (let i = 0; i < 10; i++) {
      from(driven, LEADER, packets.ping(COMMITTED));
      driven.wait(1000);
    }
    expect(driven.take('close')).toMatchObject([{ link: 14, reason: expect.stringContaining('silent') }]);
    expect(driven.peer.status().role).toBe('follower');
  });

  it('waits for one that is being sent everything, as long as that goes on', () => {
    const driven = greet(master(), START - 5n);
    for (let i = 0; i < 30; i++) {
      from(driven, LEADER, packets.ping(COMMITTED));
      driven.give({ kind: 'snapshot-progress', link: 14 }).wait(1000);
    }
    expect(driven.take('close')).toEqual([]);
  });

  it('has one connection of each', () => {
    const driven = greet(join(master()), COMMITTED, 4n, 24);
    expect(driven.take('close')).toMatchObject([{ link: 14, reason: 'server 4 has connected again' }]);
    expect(join(driven, COMMITTED, 5n, 15).peer.status().learners).toHaveLength(2);
  });

  it.each<[string, (driven: DrivenPeer) => DrivenPeer]>([
    [
      'follows',
      (driven) => from(driven.give({ kind: 'accepted', link: 14 }), 14, packets.followerInfo(3n, 1, 0n, false)),
    ],
    ['greets twice', (driven) => from(greet(driven), 14, packets.followerInfo(4n, 1, 0n, true))],
    [
      'has a later configuration',
      (driven) => from(driven.give({ kind: 'accepted', link: 14 }), 14, packets.followerInfo(4n, 1, 1n, true)),
    ],
    ['says what it has unasked', (driven) => from(join(driven), 14, packets.ackEpoch(0n, 1))],
    ['acknowledges a proposal', (driven) => from(join(driven), 14, packets.ack(COMMITTED))],
    ['asks before it is up to date', (driven) => from(greet(driven), 14, packets.request(request))],
  ])('hangs up on one that %s', (_what, act) => {
    const driven = act(master());
    expect(driven.take('close').map(({ link }) => link)).toEqual([14]);
    expect(driven.peer.status().role).toBe('follower');
  });
});

describe('an observer that knows more than its master', () => {
  it('waits for the master to hear of it, and is not made to forget it', () => {
    const driven = greet(master(), COMMITTED + 2n);
    const proposals = [1n, 2n, 3n].map((n) => packets.proposal(COMMITTED + n, txn));
    from(driven, LEADER, ...proposals, packets.commit(COMMITTED + 1n));
    expect(sent(driven, 14)).toEqual(['LEADERINFO 100000000']);
    from(driven, LEADER, packets.commit(COMMITTED + 2n), packets.commit(COMMITTED + 3n));
    expect(sent(driven, 14).slice(1)).toEqual(['DIFF 100000005', 'NEWLEADER 100000000', 'INFORM 100000006']);
  });

  it('does not wait with what a former leader never committed: that is taken back', () => {
    const driven = greet(master(), 0xffff_fff0n);
    expect(sent(driven, 14)[1]).toBe('SNAP 100000003');
  });
});

const request = { sessionId: -3n, cxid: 9, opcode: 1, body: new Uint8Array([7]), ids: [{ scheme: 'ip', id: '::1' }] };
const sync = { ...request, opcode: 9 };

describe("what observers' clients want", () => {
  it('goes to the leader as it is', () => {
    const driven = afresh(join(master()));
    from(driven, 14, packets.request(request));
    expect(packetsTo(driven, LEADER)).toEqual([packets.request(request)]);
  });

  it("is told the leader with this server's own sessions when it pings", () => {
    const driven = afresh(join(master()));
    driven.give({ kind: 'touch', sessionId: 1n, timeoutMs: 1000 });
    from(driven, 14, packets.pong(packets.ping(0n), new Map([[-3n, 4000]])));
    from(driven, LEADER, packets.ping(COMMITTED));
    const touched = new Map([
      [1n, 1000],
      [-3n, 4000],
    ]);
    expect(packetsTo(driven, LEADER)).toEqual([packets.pong(packets.ping(COMMITTED), touched)]);
  });

  it('syncs are answered to whoever asked, in their order', () => {
    const driven = afresh(join(join(master()), COMMITTED, 5n, 15));
    from(driven, 14, packets.request(sync));
    driven.give({ kind: 'sync', tag: 7 });
    from(driven, 15, packets.request(sync));
    const answered = (): unknown[] => [sent(driven, 14), driven.take('synced'), sent(driven, 15)];
    expect(packetsTo(driven, LEADER)).toHaveLength(3);
    from(driven, LEADER, packets.sync);
    expect(answered()).toEqual([['SYNC 0'], [], []]);
    from(driven, LEADER, packets.sync);
    expect(answered()).toEqual([['SYNC 0'], [{ kind: 'synced', tag: 7 }], []]);
    from(driven, LEADER, packets.sync);
    expect(answered()[2]).toEqual(['SYNC 0']);
  });

  it('whether a session lives is answered to whoever asked, though others ask as well', () => {
    const driven = afresh(join(master()));
    driven.give({ kind: 'revalidate', sessionId: 5n, timeoutMs: 1000 });
    from(driven, 14, packets.revalidate(-3n, 4000), packets.revalidate(6n, 4000));
    expect(sent(driven, LEADER)).toEqual(['REVALIDATE -1', 'REVALIDATE -1', 'REVALIDATE -1']);
    const replies = [packets.revalidated(-3n, true), packets.revalidated(5n, false), packets.revalidated(6n, false)];
    from(driven, LEADER, ...replies);
    expect(packetsTo(driven, 14)).toEqual([replies[0], replies[2]]);
    expect(driven.take('revalidated')).toEqual([{ kind: 'revalidated', sessionId: 5n, isValid: false }]);
    // A session that lives is heard of by the next ping, as at a leader.
    from(afresh(driven), LEADER, packets.ping(COMMITTED));
    expect(packetsTo(driven, LEADER)).toEqual([packets.pong(packets.ping(COMMITTED), new Map([[-3n, 4000]]))]);
  });

  it('is answered to nobody when the observer has left', () => {
    const driven = afresh(join(master()));
    from(driven, 14, packets.request(sync), packets.revalidate(-3n, 4000));
    driven.give({ kind: 'closed', link: 14 });
    from(driven, LEADER, packets.sync, packets.revalidated(-3n, true));
    expect(sent(driven, 14)).toEqual([]);
  });
});
