import { PacketType, type PeerOptions, packets } from '../src/index.js';
import { DrivenPeer, threeServers } from './driven-peer.js';

/** An observer that keeps no log: what it hears is in its memory, and its disk is what a former life left. */

const members = (role: string, version: string): string =>
  [...threeServers.split('\n').slice(0, 3), `server.4=127.0.0.1:23284:23884:${role}`, `version=${version}`].join('\n');
const configText = members('observer', '0');
const FOUND = 0x1_0000_0003n;
const HEARD = 0x2_0000_0001n;
const txn = new Uint8Array([1]);

type Packet = Parameters<typeof packets.pong>[0];

function say(driven: DrivenPeer, ...said: Packet[]): DrivenPeer {
  for (const packet of said) driven.give({ kind: 'packets', link: 1, packets: [packet] });
  return driven;
}

function observer(options: Partial<PeerOptions> = { observersKeepLog: false }): DrivenPeer {
  const driven = new DrivenPeer({
    id: 4n,
    configText,
    epochs: { accepted: 1, current: 1 },
    lastZxid: FOUND,
    options: { isReconfigEnabled: true, ...options },
  });
  driven.disk = { lastZxid: FOUND, recent: [] };
  return driven.follow(2n, [3n]);
}

/** Follows by a DIFF without a difference, and hears of one transaction. */
function observing(options?: Partial<PeerOptions>): DrivenPeer {
  const driven = say(observer(options), packets.leaderInfo(2), packets.start(PacketType.DIFF, FOUND));
  return say(driven, packets.newLeader(2, configText), packets.upToDate, packets.inform(HEARD, txn));
}

const writes = (driven: DrivenPeer): readonly string[] => driven.take('write').map(({ write }) => write.kind);
const delivered = (driven: DrivenPeer): readonly bigint[] => driven.take('deliver').map(({ entry }) => entry.zxid);
/** The zxid in the last ACKEPOCH. */
const saidToHave = (driven: DrivenPeer): bigint =>
  driven.packetsSent().findLast(({ packet }) => packet.type === PacketType.ACKEPOCH)!.packet.zxid;
const acknowledged = (driven: DrivenPeer): number =>
  driven.packetsSent().filter(({ packet }) => packet.type === PacketType.ACK).length;
const loseLeader = (driven: DrivenPeer): DrivenPeer => driven.give({ kind: 'closed', link: 1 });

describe('an observer that keeps no log', () => {
  it('applies what it hears, and writes nothing but what it has promised', () => {
    const driven = observing();
    expect(delivered(driven)).toEqual([HEARD]);
    expect(driven.take('append')).toEqual([]);
    expect(driven.take('sync')).toEqual([]);
    expect(writes(driven)).toEqual(['accepted-epoch']);
    expect(acknowledged(driven)).toBe(2);
  });

  it('passes over what is in its snapshot, and was queued before the snapshot was taken', () => {
    const driven = say(observer(), packets.leaderInfo(2), packets.start(PacketType.SNAP, HEARD));
    driven.give({ kind: 'snapshot-received', link: 1 });
    say(driven, packets.inform(HEARD, txn), packets.newLeader(2, configText), packets.upToDate);
    say(driven, packets.inform(HEARD, txn), packets.inform(HEARD + 1n, txn));
    expect([delivered(driven), driven.take('close')]).toEqual([[HEARD + 1n], []]);
  });

  it('takes over a snapshot without writing one', () => {
    const driven = say(observer(), packets.leaderInfo(2), packets.start(PacketType.SNAP, 0x1_0000_0009n));
    driven.give({ kind: 'snapshot-received', link: 1 });
    say(driven, packets.newLeader(2, configText), packets.upToDate, packets.inform(HEARD, txn));
    expect(writes(driven)).toEqual(['accepted-epoch']);
    expect(delivered(driven)).toEqual([HEARD]);
    expect(driven.peer.status()).toMatchObject({ role: 'observer', phase: 'broadcast', applied: '200000001' });
  });

  it('goes on from its memory when it finds another leader', () => {
    const driven = loseLeader(observing()).follow(3n, [2n]);
    say(driven, packets.leaderInfo(3));
    expect(saidToHave(driven)).toBe(HEARD);
    expect(writes(driven)).toEqual(['accepted-epoch', 'accepted-epoch']);
  });

  it('goes back to its disk when half a snapshot has come', () => {
    const driven = say(observer(), packets.leaderInfo(2), packets.start(PacketType.SNAP, 0x1_0000_0009n));
    expect(writes(loseLeader(driven))).toEqual(['accepted-epoch', 'reload']);
  });

  it('goes back to its disk when it is to vote, and speaks for nothing else', () => {
    const driven = loseLeader(observing());
    driven.hear(2n, 'looking', { leader: 2n, config: members('participant', '200000001') });
    expect(writes(driven)).toEqual(['accepted-epoch', 'reload']);
    driven.follow(3n, [1n, 2n]);
    say(driven, packets.leaderInfo(3));
    expect(saidToHave(driven)).toBe(FOUND);
  });

  it('is one that logs, where nobody asked for anything else', () => {
    const driven = observing({});
    expect(driven.take('append').map(({ entry }) => entry.zxid)).toEqual([HEARD]);
    expect(writes(driven)).toEqual(['accepted-epoch', 'current-epoch']);
  });

  it('logs as a follower whatever is said of observers', () => {
    const driven = new DrivenPeer({ id: 1n, options: { observersKeepLog: false } }).follow(2n, [3n]);
    say(driven, packets.leaderInfo(1), packets.start(PacketType.DIFF, 0n), packets.newLeader(1, threeServers));
    say(driven, packets.upToDate, packets.proposal(0x1_0000_0001n, txn));
    expect(driven.take('append')).toHaveLength(1);
  });
});
