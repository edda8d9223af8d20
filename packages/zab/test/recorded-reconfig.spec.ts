import type { QuorumPacket } from '@zk/jute';
import { type ClientRequest, PacketType, encodePacket } from '../src/index.js';
import { DrivenPeer } from './driven-peer.js';
import { type Read, readPackets, recorded } from './recordings.js';

/**
 * A reconfiguration recorded from Apache ZooKeeper 3.9.5, with our peer in the place of each of its four servers in turn.
 * Server 3 leads 1 and 2; server 4 comes, as a follower without a vote, and is made an observer; then the leader itself is
 * removed, and names server 1. Ours is told what the recorded one was told, and must say the same bytes, on every
 * connection it had one after the other.
 */

const scene = 'F-reconfig-observer-3.9.5';
const member = (id: number, role: string): string =>
  `server.${id}=127.0.0.1:2328${id}:2388${id}:${role};127.0.0.1:2318${id}`;
const firstMembers = [1, 2, 3].map((id) => member(id, 'participant'));
const first = (version: string): string => [...firstMembers, `version=${version}`].join('\n');
const second = [...firstMembers, member(4, 'observer'), 'version=100000002'].join('\n');
const third = [...firstMembers.slice(0, 2), member(4, 'observer'), 'version=100000009'].join('\n');

const options = { isReconfigEnabled: true };

type Said = Extract<Read, { packet: QuorumPacket }>;
const isPacket = (item: Read): item is Said => 'packet' in item;
const packetsOf = (name: string): Said[] => readPackets(recorded(`${scene}/${name}`).bytes).filter(isPacket);
const bytesOf = (said: readonly Said[]): Buffer => Buffer.concat(said.map((item) => encodePacket(item.packet)));
const withoutPings = (said: readonly Said[]): Said[] => said.filter(({ packet }) => packet.type !== PacketType.PING);

/** Tells a learner what its recorded leader said, and checks what it says. Its clients want what they wanted then. */
function followRecorded(driven: DrivenPeer, link: number, name: string): void {
  const expected = packetsOf(`${name}-dialer`);
  const count = (): number => driven.packetsSent().filter((output) => output.link === link).length;
  const asClients = (): void => {
    for (let next = expected[count()]; next?.packet.type === PacketType.REQUEST; next = expected[count()]) {
      driven.give({ kind: 'forward', request: requestOf(next.packet) });
    }
  };
  for (const item of readPackets(recorded(`${scene}/${name}-listener`).bytes)) {
    if (!isPacket(item)) {
      driven.give({ kind: 'snapshot-received', link });
      continue;
    }
    const answer = expected[count()]?.packet;
    if (item.packet.type === PacketType.PING && answer !== undefined) touch(driven, answer);
    driven.give({ kind: 'packets', link, packets: [item.packet] });
    asClients();
  }
  const want = bytesOf(expected);
  expect(driven.sent(link).subarray(0, want.length)).toEqual(want);
}

function requestOf({ data, authinfo }: QuorumPacket): ClientRequest {
  const view = new DataView(data!.slice().buffer);
  const [sessionId, cxid, opcode] = [view.getBigInt64(0), view.getInt32(8), view.getInt32(12)];
  return { sessionId, cxid, opcode, body: data!.slice(16), ids: authinfo };
}

function touch(driven: DrivenPeer, { data }: QuorumPacket): void {
  const view = new DataView(data!.slice().buffer);
  for (let at = 0; at < view.byteLength; at += 12) {
    driven.give({ kind: 'touch', sessionId: view.getBigInt64(at), timeoutMs: view.getInt32(at + 8) });
  }
}

const lastDial = (driven: DrivenPeer): { to: bigint; attempt: number } => driven.take('dial').at(-1)!;

/** The next leader is dialled without an election; the new connection gets that number. */
function connectTo(driven: DrivenPeer, leader: bigint, link: number): void {
  const { to, attempt } = lastDial(driven);
  expect(to).toBe(leader);
  driven.give({ kind: 'connected', attempt, link });
}

const committed = (driven: DrivenPeer): string[] =>
  driven
    .take('config')
    .filter((output) => output.status === 'committed')
    .map((output) => output.config.text);

it('a follower: takes over each configuration, and goes from leader 3 to leader 1 (server 2)', () => {
  const driven = new DrivenPeer({ id: 2n, configText: first('0'), options }).follow(3n, [1n]);
  followRecorded(driven, 1, '08-learner-sid2-dials-sid3');
  expect(committed(driven)).toEqual([first('100000000'), second, third]);
  connectTo(driven, 1n, 2);
  followRecorded(driven, 2, '18-learner-sid2-dials-sid1');
  expect(driven.take('phase').filter((output) => output.phase === 'election').length).toBe(1);
});

it('a newcomer: a follower without a vote, then an observer, of leader 3, then of leader 1 (server 4)', () => {
  const driven = new DrivenPeer({ id: 4n, configText: first('100000000'), options }).follow(3n, [1n, 2n]);
  followRecorded(driven, 1, '16-learner-sid4-dials-sid3');
  connectTo(driven, 3n, 2);
  followRecorded(driven, 2, '17-learner-sid4-dials-sid3');
  connectTo(driven, 1n, 3);
  followRecorded(driven, 3, '19-learner-sid4-dials-sid1');
  expect(committed(driven)).toEqual([second, third]);
});

/** Lets recorded learners connect, at the same time, and be brought up to date. */
function welcomeRecorded(driven: DrivenPeer, ...learners: (readonly [link: number, name: string])[]): void {
  for (const [link] of learners) driven.give({ kind: 'accepted', link });
  const said = learners.map(([link, name]) => ({ link, packets: withoutPings(packetsOf(`${name}-dialer`)) }));
  for (let i = 0; i < UNTIL_UP_TO_DATE; i++) {
    for (const { link, packets } of said) driven.give({ kind: 'packets', link, packets: [packets[i]!.packet] });
  }
}

/** FOLLOWERINFO, ACKEPOCH, and twice ACK. */
const UNTIL_UP_TO_DATE = 4;

function expectSaid(driven: DrivenPeer, link: number, name: string): void {
  const said = driven.packetsSent().filter((output) => output.link === link && output.packet.type !== PacketType.PING);
  expect(bytesOf(said)).toEqual(bytesOf(withoutPings(packetsOf(`${name}-listener`))));
}

it('the leader: commits both configurations, then leaves itself and follows server 1 (server 3)', () => {
  const driven = new DrivenPeer({ id: 3n, configText: first('0'), options });
  driven.hear(1n, 'looking', { leader: 3n }).hear(2n, 'looking', { leader: 3n });
  welcomeRecorded(driven, [8, '08-learner-sid2-dials-sid3'], [9, '09-learner-sid1-dials-sid3']);
  welcomeRecorded(driven, [16, '16-learner-sid4-dials-sid3']);
  const proposals = packetsOf('08-learner-sid2-dials-sid3-listener').filter(
    ({ packet }) => packet.type === PacketType.PROPOSAL,
  );
  for (const { packet: proposal } of proposals) {
    const { zxid } = proposal;
    driven.give({ kind: 'propose', zxid, txn: proposal.data! });
    for (const link of zxid <= 0x100000002n ? [8, 9, 16] : [8, 9]) {
      driven.give({ kind: 'packets', link, packets: [{ type: PacketType.ACK, zxid, data: null, authinfo: null }] });
    }
    if (zxid === 0x100000002n) driven.give({ kind: 'closed', link: 16 });
    if (zxid === 0x100000003n) welcomeRecorded(driven, [17, '17-learner-sid4-dials-sid3']);
  }
  expectSaid(driven, 8, '08-learner-sid2-dials-sid3');
  expectSaid(driven, 9, '09-learner-sid1-dials-sid3');
  expectSaid(driven, 16, '16-learner-sid4-dials-sid3');
  expectSaid(driven, 17, '17-learner-sid4-dials-sid3');
  expect(committed(driven)).toEqual([first('100000000'), second, third]);
  expect(driven.peer.status().role).toBe('leader');
  for (const link of [9, 8]) driven.give({ kind: 'closed', link });
  connectTo(driven, 1n, 20);
  followRecorded(driven, 20, '20-learner-sid3-dials-sid1');
});

it('the designated leader: follows server 3, then leads all others (server 1)', () => {
  const driven = new DrivenPeer({ id: 1n, configText: first('0'), options }).follow(3n, [2n]);
  followRecorded(driven, 1, '09-learner-sid1-dials-sid3');
  expect(driven.peer.status()).toMatchObject({ role: 'leader', phase: 'discovery', configVersion: '100000009' });
  for (const [link, name] of [
    [18, '18-learner-sid2-dials-sid1'],
    [19, '19-learner-sid4-dials-sid1'],
    [20, '20-learner-sid3-dials-sid1'],
  ] as const) {
    welcomeRecorded(driven, [link, name]);
    expectSaid(driven, link, name);
  }
  expect(driven.take('serve').at(-1)).toMatchObject({ role: 'leader', epoch: 2 });
});
