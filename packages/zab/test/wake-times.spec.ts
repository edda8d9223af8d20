import type { QuorumPacket } from '@zk/jute';
import { PacketType, type PeerOptions, type PeerOutput, packetName, packets } from '../src/index.js';
import { DrivenPeer, threeServers } from './driven-peer.js';

/**
 * What time alone brings about: in each situation nothing comes from outside any more, and the peer is woken when it asks
 * for that. A tick is 2 s, initLimit 10 ticks, syncLimit 5.
 */

const members = threeServers.replace('version=0', 'server.4=d:1:2:observer\nserver.5=e:1:2:observer\nversion=0');

const say = (driven: DrivenPeer, link: number, ...said: QuorumPacket[]): DrivenPeer => {
  for (const packet of said) driven.give({ kind: 'packets', link, packets: [packet] });
  return driven;
};

const looking = (id: bigint, options: Partial<PeerOptions> = {}): DrivenPeer =>
  new DrivenPeer({ id, configText: members, options });

const elected = (): DrivenPeer => looking(3n).hear(1n, 'looking', { leader: 3n }).hear(2n, 'looking', { leader: 3n });

/** Server 1 connects to the leader that is driven, and says this much. */
const joined = (...said: QuorumPacket[]): DrivenPeer =>
  say(elected().give({ kind: 'accepted', link: 11 }), 11, packets.followerInfo(1n, 0, 0n, false), ...said);

const established = (): DrivenPeer => joined(packets.ackEpoch(0n, 0), packets.ack(0x100000000n));

/** Server 1, which has heard that server 2 leads server 3. */
const loyal = (): DrivenPeer => looking(1n).hear(2n, 'leading', { leader: 2n }).hear(3n, 'following', { leader: 2n });

const follower = (options: Partial<PeerOptions> = {}): DrivenPeer => looking(1n, options).follow(2n, [3n]);

const following = (options: Partial<PeerOptions> = {}): DrivenPeer => {
  const greeting = [packets.leaderInfo(1), packets.start(PacketType.DIFF, 0n), packets.newLeader(1, members)];
  return say(follower(options), 1, ...greeting, packets.upToDate);
};

const followingWithObserver = (): DrivenPeer => {
  const driven = following({ hasObserverMasters: true, tickTimeMs: 500, syncLimitTicks: 40 });
  driven.give({ kind: 'accepted', link: 14 });
  return say(driven, 14, packets.followerInfo(4n, 1, 0n, true), packets.ackEpoch(0n, -1), packets.ack(0x100000000n));
};

/** Server 4, which has heard that server 3 leads server 1. */
const observer = (options: Partial<PeerOptions>): DrivenPeer =>
  looking(4n, options).hear(3n, 'leading', { leader: 3n }).hear(1n, 'following', { leader: 3n });

const abandonedObserver = (options: Partial<PeerOptions>): DrivenPeer => {
  const driven = observer(options);
  const { attempt } = driven.take('dial').at(-1)!;
  return driven.give({ kind: 'connected', attempt, link: 1 }).give({ kind: 'closed', link: 1 });
};

const refusedByDisk = (): DrivenPeer => {
  const driven = elected();
  driven.isDiskHeld = true;
  driven.give({ kind: 'accepted', link: 11 });
  say(driven, 11, packets.followerInfo(1n, 0, 0n, false)).failWrite('no space');
  driven.isDiskHeld = false;
  return driven;
};

/** What the world does about an output. */
type World = (output: PeerOutput, driven: DrivenPeer) => void;

const silent: World = () => undefined;
const refusing: World = (output, driven) => {
  if (output.kind === 'dial') driven.give({ kind: 'dial-failed', attempt: output.attempt });
};

/** When, what, and how often in a row: ms since the situation began. */
type Timeline = readonly string[];

it.each<[string, () => DrivenPeer, World, Timeline]>([
  [
    'one that looks for a leader repeats what it has to say, after a pause twice as long each time',
    () => looking(1n),
    silent,
    ['200 tell 2, tell 3 x7'],
  ],
  ['an observer asks who leads, once a tick at least', () => looking(4n), silent, ['200 tell 1, tell 2, tell 3 x17']],
  [
    'one that a quorum would elect waits for a better vote, then leads; alone, it does not for long',
    () => looking(3n).wait(50).hear(1n, 'looking', { leader: 3n }),
    silent,
    ['200 leader, discovery, listen', '20200 unlisten, looking, election, tell 1, tell 2', '20400 tell 1, tell 2 x5'],
  ],
  [
    'a leader gives up when its followers fall silent before they have accepted the epoch',
    () => joined(),
    silent,
    ['20000 close 11: no quorum in discovery, unlisten, looking, election, tell 1, tell 2', '20200 tell 1, tell 2 x5'],
  ],
  [
    'and before they have its history, for which they have their time',
    () => say(joined().wait(300), 11, packets.ackEpoch(0n, 0)),
    silent,
    [
      '700 PING to 11 x20',
      '20000 close 11: no quorum in synchronization, unlisten, looking, election, tell 1, tell 2',
      '20200 tell 1, tell 2 x5',
    ],
  ],
  [
    'and with the first ping after the time in which they must be heard',
    established,
    silent,
    [
      '1000 PING to 11 x10',
      '11000 close 11: silent for 11000 ms, unlisten, stop-serving, looking, election, tell 1, tell 2',
      '11200 tell 1, tell 2 x6',
    ],
  ],
  [
    'and at the end of a tick when they have hung up',
    () => established().wait(700).give({ kind: 'closed', link: 11 }),
    silent,
    ['1300 unlisten, stop-serving, looking, election, tell 1, tell 2', '1500 tell 1, tell 2 x7'],
  ],
  [
    'but not when it needs nobody: then it goes on for ever, and its driver sleeps',
    () => new DrivenPeer({ id: 3n, configText: 'server.3=c:1:2\nserver.4=d:1:2:observer\nversion=0' }),
    silent,
    [],
  ],
  [
    'one whose disk has refused a write tries again after a while',
    refusedByDisk,
    silent,
    ['1000 looking, election, tell 1, tell 2', '1200 tell 1, tell 2 x7'],
  ],
  [
    'a follower waits for its leader’s epoch as long as for a connection',
    () => follower(),
    silent,
    ['20000 close 1: the leader is silent, looking, election, tell 2, tell 3', '20200 tell 2, tell 3 x5'],
  ],
  [
    'and for its history',
    () => say(follower().wait(300), 1, packets.leaderInfo(1), packets.start(PacketType.DIFF, 0n)),
    silent,
    ['20000 close 1: the leader is silent, looking, election, tell 2, tell 3', '20200 tell 2, tell 3 x5'],
  ],
  [
    'and half as long for a ping',
    () => following(),
    silent,
    ['10000 close 1: the leader is silent, stop-serving, looking, election, tell 2, tell 3', '10200 tell 2, tell 3 x6'],
  ],
  [
    'a follower whose leader cannot be reached looks for another one after initLimit ticks',
    loyal,
    silent,
    ['20000 looking, election, tell 2, tell 3', '20200 tell 2, tell 3 x5'],
  ],
  [
    'and sooner when that refuses it again and again',
    loyal,
    refusing,
    ['20 dial 2 x29', '600 dial 2, looking, election, tell 2, tell 3', '800 tell 2, tell 3 x7'],
  ],
  [
    'a follower pings the observers it serves, as long as it has a leader itself',
    followingWithObserver,
    silent,
    [
      '250 PING to 14 x79',
      '20000 close 14: the leader is silent, unlisten, close 1: the leader is silent, stop-serving, looking, election, ' +
        'tell 2, tell 3',
      '20200 tell 2, tell 3 x5',
    ],
  ],
  [
    'an observer that all followers refuse goes to the leader in the end',
    () => observer({ hasObserverMasters: true }),
    refusing,
    [
      '20 dial 1, dial 2 x31',
      '10560 dial 3, looking, election, tell 1, tell 2, tell 3',
      '10760 tell 1, tell 2, tell 3 x12',
    ],
  ],
  [
    'an observer may pause before it connects',
    () => observer({ observerReconnectDelayMs: 3_000 }),
    silent,
    ['1417 dial 3', '21417 looking, election, tell 1, tell 2, tell 3', '21617 tell 1, tell 2, tell 3 x6'],
  ],
  [
    'and before it looks for a leader again',
    () => abandonedObserver({ observerElectionDelayMs: 3_000 }),
    silent,
    ['1417 looking, election, tell 1, tell 2, tell 3', '1617 tell 1, tell 2, tell 3 x16'],
  ],
])('%s', (_what, begin, world, expected) => {
  expect(timelineOf(begin(), world)).toEqual(expected);
});

/** Half a minute. */
function timelineOf(driven: DrivenPeer, world: World): string[] {
  const startMs = driven.nowMs;
  const lines: { readonly atMs: number; readonly what: string; times: number }[] = [];
  let seen = 0;
  const news = (): string => {
    const done: string[] = [];
    for (; seen < driven.outputs.length; seen++) {
      const output = driven.outputs[seen]!;
      done.push(...described(output));
      world(output, driven);
    }
    return done.join(', ');
  };
  news(); // how the situation came about
  for (;;) {
    const atMs = Math.ceil(driven.peer.wakeAtMs);
    if (atMs > startMs + 30_000) break;
    expect(atMs).toBeGreaterThan(driven.nowMs);
    driven.wait(atMs - driven.nowMs);
    const what = news();
    const last = lines.at(-1);
    if (what === '') continue;
    if (what === last?.what) last.times++;
    else lines.push({ atMs: atMs - startMs, what, times: 1 });
  }
  return lines.map(({ atMs, what, times }) => `${atMs} ${what}${times > 1 ? ` x${times}` : ''}`);
}

function described(output: PeerOutput): string[] {
  switch (output.kind) {
    case 'notify':
      return [`tell ${output.to}`];
    case 'dial':
      return [`dial ${output.to}`];
    case 'close':
      return [`close ${output.link}: ${output.reason}`];
    case 'send':
      return output.packets.map(({ type }) => `${packetName(type)} to ${output.link}`);
    case 'phase':
      return output.phase === 'recovery' ? [] : [`${output.role}, ${output.phase}`];
    default:
      return [output.kind];
  }
}
