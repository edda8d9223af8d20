import { PacketType, packets } from '../src/index.js';
import { DrivenPeer } from './driven-peer.js';

/** Who counts when a leader is made, and what learners hear before. Spec: learner protocol, section 4. */

const configText = [1, 2, 3, 4, 5].map((id) => `server.${id}=h${id}:1:2`).join('\n') + '\nserver.6=h6:1:2:observer';

type Packet = Parameters<typeof packets.pong>[0];

const NEW_EPOCH = 6;
const established = packets.ack(BigInt(NEW_EPOCH) << 32n);
const info = (id: bigint): Packet => packets.followerInfo(id, 5, 0n, id === 6n);

/** Server 5 of five voters, elected by 1 and 2 in epoch 5; learners use the links with their numbers. */
function elected(): DrivenPeer {
  const driven = new DrivenPeer({ id: 5n, configText, epochs: { accepted: 5, current: 5 }, lastZxid: 0x500000001n });
  const vote = { leader: 5n, zxid: 0x500000001n, peerEpoch: 5n };
  return driven.hear(1n, 'looking', vote).hear(2n, 'looking', vote).wait(200);
}

const says = (driven: DrivenPeer, server: bigint, ...said: Packet[]): DrivenPeer => {
  for (const packet of said) driven.give({ kind: 'packets', link: Number(server), packets: [packet] });
  return driven;
};
const joins = (driven: DrivenPeer, server: bigint, ...said: Packet[]): DrivenPeer =>
  says(driven.give({ kind: 'accepted', link: Number(server) }), server, info(server), ...said);

const heard = (driven: DrivenPeer, server: bigint): number[] =>
  driven
    .packetsSent()
    .filter((output) => output.link === Number(server))
    .map((output) => output.packet.type);
const phase = (driven: DrivenPeer): string => driven.peer.status().phase;

const knows = packets.ackEpoch(0x500000001n, 5);

describe('a leader agrees upon its history', () => {
  it.each<[string, bigint, Packet, string]>([
    ['with a voter that knows as much', 2n, knows, 'synchronization'],
    ['with a voter that knows less', 2n, packets.ackEpoch(0n, 4), 'synchronization'],
    ['not with one that has accepted the epoch before', 2n, packets.ackEpoch(0x500000001n, -1), 'discovery'],
    ['not with one that does not trust its empty disk', 2n, packets.ackEpoch(-1n, 0), 'discovery'],
    ['not with an observer', 6n, knows, 'discovery'],
  ])('%s', (_whom, server, answer, expected) => {
    const driven = joins(joins(joins(elected(), 1n), 2n), 6n);
    says(driven, 1n, knows);
    says(driven, server, answer);
    expect(phase(driven)).toBe(expected);
    expect(driven.take('close')).toEqual([]);
  });

  it('not with one that says what it knows before it is told of the epoch', () => {
    const driven = joins(elected(), 1n, knows);
    expect(driven.take('close')).toMatchObject([{ link: 1, reason: 'expected no ACKEPOCH' }]);
  });

  it('and chooses an epoch only when a quorum of voters has come', () => {
    const driven = joins(joins(elected(), 1n), 6n);
    expect(heard(driven, 1n)).toEqual([]);
    joins(driven, 2n);
    for (const server of [1n, 2n, 6n]) expect(heard(driven, server)).toEqual([PacketType.LEADERINFO]);
  });
});

describe('a leader that is not established', () => {
  const synchronizing = (): DrivenPeer => {
    const driven = joins(joins(joins(elected(), 1n), 2n), 3n);
    driven.isDiskHeld = true;
    for (const server of [1n, 2n, 3n]) says(driven, server, knows);
    return driven;
  };

  it('keeps learners waiting until a quorum has acknowledged it', () => {
    const driven = synchronizing();
    driven.finishWrite();
    says(driven, 1n, established);
    expect(heard(driven, 1n)).not.toContain(PacketType.UPTODATE);
    expect(driven.take('serve')).toEqual([]);
    says(driven, 2n, established);
    for (const server of [1n, 2n]) expect(heard(driven, server).at(-1)).toBe(PacketType.UPTODATE);
    expect(heard(driven, 3n)).not.toContain(PacketType.UPTODATE);
    expect(driven.take('serve').length).toBe(1);
  });

  it('is not established by others before its own disk has the epoch', () => {
    const driven = synchronizing();
    for (const server of [1n, 2n, 3n]) says(driven, server, established);
    expect([phase(driven), driven.take('serve')]).toEqual(['synchronization', []]);
    driven.finishWrite();
    expect([phase(driven), driven.take('serve').length]).toEqual(['broadcast', 1]);
  });

  it('is not established by an acknowledgement of another epoch, nor by one before NEWLEADER', () => {
    const driven = synchronizing();
    driven.finishWrite();
    says(driven, 1n, packets.ack(0x500000000n));
    says(driven, 2n, packets.ack(0x700000000n));
    joins(driven, 4n, established);
    expect(phase(driven)).toBe('synchronization');
  });

  it('has initLimit ticks for that, from when its history was agreed upon; then it hangs up', () => {
    const driven = joins(joins(elected(), 1n), 2n).wait(19_000);
    for (const server of [1n, 2n]) says(driven, server, knows);
    driven.wait(19_999);
    expect([phase(driven), driven.take('close')]).toEqual(['synchronization', []]);
    driven.wait(1);
    expect(driven.peer.status().role).toBe('looking');
    expect(driven.take('close').map(({ link }) => link)).toEqual([1, 2]);
    expect(driven.take('stop-serving')).toEqual([]);
  });

  it('counts for a reconfiguration only voters that have acknowledged it', () => {
    const driven = joins(synchronizing(), 6n, knows);
    driven.finishWrite();
    for (const server of [1n, 2n, 6n]) says(driven, server, established);
    expect(driven.peer.reconfigSituation().synchronized).toEqual(new Set([5n, 1n, 2n]));
  });
});

describe('an established leader', () => {
  const leading = (): DrivenPeer => {
    const driven = joins(joins(elected(), 1n), 2n);
    for (const server of [1n, 2n]) says(driven, server, knows);
    for (const server of [1n, 2n]) says(driven, server, established);
    return driven;
  };

  it('takes who comes late, whatever it knows that nobody else does', () => {
    const driven = joins(leading(), 3n, packets.ackEpoch(0x500000009n, 5));
    expect(heard(driven, 3n).slice(0, 2)).toEqual([PacketType.LEADERINFO, PacketType.SNAP]);
    expect(driven.take('close')).toEqual([]);
  });

  it('tells who looks for a leader of its epoch', () => {
    const { notification } = leading().hear(4n, 'looking', { leader: 4n }).take('notify').at(-1)!;
    expect(notification).toMatchObject({ state: 'leading', leader: 5n, peerEpoch: BigInt(NEW_EPOCH) });
  });

  it.each<[string, readonly Packet[], string]>([
    ['does not say who it is', [knows], 'expected no ACKEPOCH'],
    ['says twice who it is', [info(3n), info(3n)], 'expected one FOLLOWERINFO or OBSERVERINFO'],
  ])('hangs up on a learner that %s', (_what, said, reason) => {
    const driven = says(leading().give({ kind: 'accepted', link: 3 }), 3n, ...said);
    expect(driven.take('close')).toMatchObject([{ link: 3, reason }]);
  });
});
