import { PacketType, packets } from '../src/index.js';
import { DrivenPeer, threeServers } from './driven-peer.js';

/** A server whose disk is empty, and who has not been told that it may vote with that: perhaps it has acknowledged much. */

const untrusted = (configText = threeServers): DrivenPeer => {
  const driven = new DrivenPeer({ id: 1n, configText, disk: { lastZxid: 0n, recent: [], isUntrusted: true } });
  driven.disk = { lastZxid: 0n, recent: [], isUntrusted: true };
  return driven;
};

type Packet = Parameters<typeof packets.pong>[0];

const say = (driven: DrivenPeer, ...said: Packet[]): void => {
  for (const packet of said) driven.give({ kind: 'packets', link: 1, packets: [packet] });
};
const writes = (driven: DrivenPeer): readonly string[] => driven.take('write').map(({ write }) => write.kind);
const role = (driven: DrivenPeer): string => driven.peer.status().role;

describe('a server that does not trust its empty disk', () => {
  it('says so to the others, and makes no leader together with them', () => {
    const driven = untrusted();
    expect(driven.take('notify').map(({ notification }) => notification.zxid)).toEqual([-1n, -1n]);
    for (const server of [2n, 3n]) driven.hear(server, 'looking', { leader: 3n, round: 1n });
    driven.wait(60_000);
    expect(role(driven)).toBe('looking');
    expect(driven.take('notify').every(({ notification }) => notification.leader === 1n)).toBe(true);
  });

  it('does not even elect itself where it is alone', () => {
    const only = 'server.1=a:1:2\nversion=0';
    expect(role(untrusted(only).wait(60_000))).toBe('looking');
    expect(role(new DrivenPeer({ id: 1n, configText: only }))).toBe('leader');
  });

  it.each([
    ['a snapshot', PacketType.SNAP],
    ['nothing, from a leader that has nothing', PacketType.DIFF],
  ])('follows a leader that others follow, takes %s, and can be trusted from then on', (_what, type) => {
    const driven = untrusted().follow(3n, [2n]);
    say(driven, packets.leaderInfo(1));
    const sent = driven.packetsSent().at(-1)!.packet;
    expect([sent.type, sent.zxid]).toEqual([PacketType.ACKEPOCH, -1n]);
    say(driven, packets.start(type, 0n));
    if (type === PacketType.SNAP) driven.give({ kind: 'snapshot-received', link: 1 });
    say(driven, packets.newLeader(1, threeServers), packets.upToDate);
    // A start would otherwise find an empty disk again.
    expect(writes(driven)).toEqual(['accepted-epoch', 'snapshot', 'current-epoch']);
    expect(role(driven)).toBe('follower');
    driven.disk = { lastZxid: 0n, recent: [] };
    driven.outputs.length = 0;
    driven.give({ kind: 'closed', link: 1 });
    expect(driven.take('notify')[0]!.notification.zxid).toBe(0n);
  });

  it('is still not trusted when its leader was lost too early', () => {
    const driven = untrusted().follow(3n, [2n]);
    say(driven, packets.leaderInfo(1), packets.start(PacketType.SNAP, 0n));
    driven.outputs.length = 0;
    driven.give({ kind: 'closed', link: 1 });
    expect(writes(driven)).toEqual(['reload']);
    expect(driven.take('notify')[0]!.notification.zxid).toBe(-1n);
  });
});
