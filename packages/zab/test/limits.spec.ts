import { PacketType, type PeerOptions, packets } from '../src/index.js';
import { DrivenPeer, threeServers } from './driven-peer.js';

/** Limits that an operator may set: on learners that come at once, and on waiting in discovery. */

const observers = [4n, 5n, 6n];
const configText = [
  ...threeServers.split('\n').slice(0, 3),
  ...observers.map((id) => `server.${id}=127.0.0.1:2${id}281:2${id}881:observer`),
  'version=0',
].join('\n');

type Packet = Parameters<typeof packets.pong>[0];

const say = (driven: DrivenPeer, link: bigint, ...said: Packet[]): void => {
  for (const packet of said) driven.give({ kind: 'packets', link: Number(link), packets: [packet] });
};

/** Server 3, elected by the others; its learners use the links with their numbers. */
function elected(options: Partial<PeerOptions> = {}, lastZxid = 0n): DrivenPeer {
  const driven = new DrivenPeer({ id: 3n, configText, options, lastZxid });
  return driven.hear(1n, 'looking', { leader: 3n, zxid: lastZxid }).hear(2n, 'looking', { leader: 3n, zxid: lastZxid });
}

/** Server 3 leads, and server 1 follows. */
function leading(options: Partial<PeerOptions>): DrivenPeer {
  const driven = elected(options);
  driven.give({ kind: 'accepted', link: 1 });
  say(driven, 1n, packets.followerInfo(1n, 0, 0n, false), packets.ackEpoch(0n, 0), packets.ack(0x100000000n));
  expect(driven.take('serve')).toHaveLength(1);
  return driven;
}

/** A learner comes, and asks for what it misses. */
function come(driven: DrivenPeer, id: bigint, zxid: bigint): void {
  driven.give({ kind: 'accepted', link: Number(id) });
  const info = packets.followerInfo(id, 0, 0n, observers.includes(id));
  say(driven, id, info, packets.ackEpoch(zxid, 0));
}

const refused = (driven: DrivenPeer): readonly number[] => driven.take('close').map(({ link }) => link);
const modes = (driven: DrivenPeer): readonly string[] =>
  driven.take('synchronizing').map(({ link, mode, inFlight }) => `${link} ${mode}, ${inFlight} at once`);

describe.each([
  ['snapshots', 'maxConcurrentSnapSyncs', 'snap', 0n],
  ['transactions', 'maxConcurrentDiffSyncs', 'diff', 0x100000000n],
] as const)('a leader that sends %s to as many learners as it may', (_what, option, mode, zxid) => {
  const full = (): DrivenPeer => {
    const driven = leading({ [option]: 2 });
    for (const id of [4n, 5n]) come(driven, id, zxid);
    expect(modes(driven).slice(-2)).toEqual([`4 ${mode}, 1 at once`, `5 ${mode}, 2 at once`]);
    return driven;
  };

  it('sends the next observer away', () => {
    const driven = full();
    come(driven, 6n, zxid);
    expect(refused(driven)).toEqual([6]);
    expect(driven.sent(6).includes(Buffer.from([0, 0, 0, PacketType.NEWLEADER]))).toBe(false);
  });

  it('takes a follower all the same', () => {
    const driven = full();
    come(driven, 2n, zxid);
    expect(refused(driven)).toEqual([]);
    expect(modes(driven).at(-1)).toBe(`2 ${mode}, 3 at once`);
  });

  it('takes another observer when one of them has everything, or is gone', () => {
    for (const end of ['acknowledged', 'gone'] as const) {
      const driven = full();
      if (end === 'gone') driven.give({ kind: 'closed', link: 4 });
      else say(driven, 4n, packets.ack(0x100000000n));
      come(driven, 6n, zxid);
      expect(refused(driven)).toEqual([]);
    }
  });

  it('has room for those who need the other way', () => {
    const driven = full();
    come(driven, 6n, mode === 'snap' ? 0x100000000n : 0n);
    expect(refused(driven)).toEqual([]);
  });
});

describe('a leader that waits for the epochs of a quorum', () => {
  const role = (driven: DrivenPeer): string => driven.peer.status().role;
  const looks = (driven: DrivenPeer, server: bigint): DrivenPeer => driven.hear(server, 'looking', { leader: server });

  it.each<[string, Partial<PeerOptions>, number, bigint, string]>([
    ['waits on when nobody has said how long', {}, 15_000, 1n, 'leader'],
    ['waits on for as long as was said', { maxEpochWaitMs: 500 }, 500, 1n, 'leader'],
    ['gives up after that', { maxEpochWaitMs: 500 }, 501, 1n, 'looking'],
    ['gives up at once where it shall not wait', { maxEpochWaitMs: 0 }, 1, 2n, 'looking'],
    ['waits on when an observer looks for a leader', { maxEpochWaitMs: 500 }, 501, 4n, 'leader'],
  ])('%s', (_what, options, waitedMs, server, expected) => {
    const driven = elected(options);
    driven.nowMs += waitedMs;
    expect(role(looks(driven, server))).toBe(expected);
  });

  it('does not mind who looks for a leader once the epoch is chosen', () => {
    const driven = leading({ maxEpochWaitMs: 0 }).wait(10);
    expect(role(looks(driven, 2n))).toBe('leader');
  });
});

describe('a learner that cannot connect', () => {
  it.each<[string, Partial<PeerOptions>, number]>([
    ['initLimit ticks', {}, 20_000],
    ['as many ticks as were set for that', { connectLimitTicks: 3 }, 6000],
  ])('gives up after %s', (_what, options, limitMs) => {
    const driven = new DrivenPeer({ id: 1n, options });
    driven.hear(2n, 'leading', { leader: 2n }).hear(3n, 'following', { leader: 2n });
    expect(driven.wait(limitMs - 1).peer.status().role).toBe('follower');
    expect(driven.wait(1).peer.status().role).toBe('looking');
  });
});
