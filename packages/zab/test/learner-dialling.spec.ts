import { PacketType, type PeerOptions, packets } from '../src/index.js';
import { DrivenPeer, threeServers } from './driven-peer.js';

/** Where a learner connects. Spec: learner protocol, sections 1 and 8. */

const members = threeServers.replace('version=0', 'server.4=d:1:2:observer\nserver.5=e:1:2:observer\nversion=0');
/** 20 seconds to be up. */
const limits = { tickTimeMs: 2000, initLimitTicks: 10, hasObserverMasters: true };

/** A server that has heard that server 3 leads servers 1 and 2. */
function learner(id: bigint, options: Partial<PeerOptions> = {}): DrivenPeer {
  const driven = new DrivenPeer({ id, configText: members, options: { ...limits, ...options } });
  return hearOfLeader(driven, id);
}

function hearOfLeader(driven: DrivenPeer, id: bigint): DrivenPeer {
  driven.hear(3n, 'leading', { leader: 3n });
  for (const other of [1n, 2n]) if (other !== id) driven.hear(other, 'following', { leader: 3n });
  return driven;
}

/** Whom it dialled, and on which port. */
const dialled = (driven: DrivenPeer): string[] => driven.take('dial').map(({ to, port }) => `${to} ${port}`);

const refuse = (driven: DrivenPeer): DrivenPeer =>
  driven.give({ kind: 'dial-failed', attempt: driven.take('dial').at(-1)!.attempt });

/** Refused by one after the other, until it pauses or gives up; then until it dials again, or looks for a leader again. */
function refuseRound(driven: DrivenPeer): DrivenPeer {
  for (let before = 0; before < driven.take('dial').length;) {
    before = driven.take('dial').length;
    refuse(driven);
  }
  return driven.wait(Math.max(0, driven.peer.wakeAtMs - driven.nowMs));
}

it.each<[string, bigint, Partial<PeerOptions>, string]>([
  ['a follower goes to its leader', 1n, {}, '3 learners'],
  ['an observer goes to a follower that serves observers', 5n, {}, '2 observers'],
  ['another observer to another one', 4n, {}, '1 observers'],
  ['an observer goes to the leader where nobody else serves it', 4n, { hasObserverMasters: false }, '3 learners'],
])('%s', (_what, id, options, expected) => {
  expect(dialled(learner(id, options))).toEqual([expected]);
});

it('an observer goes to the leader at once where nobody else has a vote', () => {
  const configText = 'server.3=c:1:2\nserver.4=d:1:2:observer\nversion=0';
  const driven = new DrivenPeer({ id: 4n, configText, options: limits }).hear(3n, 'leading', { leader: 3n });
  expect(dialled(driven)).toEqual(['3 learners']);
});

describe('an observer that followers serve', () => {
  it('tries them in turns, one after the other, with a pause after each round', () => {
    const driven = refuse(learner(4n));
    expect(dialled(driven)).toEqual(['1 observers', '2 observers']);
    refuse(driven);
    expect(dialled(driven)).toHaveLength(2);
    refuse(driven.wait(20));
    expect(dialled(driven).slice(2)).toEqual(['1 observers', '2 observers']);
  });

  it('pauses longer where that is wanted, and no longer than that', () => {
    const driven = refuse(refuse(learner(4n, { observerReconnectDelayMs: 5000 })));
    const pauseMs = driven.peer.wakeAtMs - driven.nowMs;
    expect(pauseMs).toBeGreaterThan(20);
    expect(pauseMs).toBeLessThanOrEqual(5000);
  });

  it('asks the leader when nobody has taken it for half of the time it has', () => {
    const driven = learner(4n);
    const startedMs = driven.nowMs;
    for (let round = 0; round < 100 && dialled(driven).at(-1) !== '3 learners'; round++) refuseRound(driven);
    expect(driven.nowMs - startedMs).toBeGreaterThanOrEqual(10_000);
    expect(driven.nowMs - startedMs).toBeLessThan(12_000);
    expect(refuse(driven).peer.status().role).toBe('looking');
  });

  it('goes to another one when its own has hung up', () => {
    const driven = learner(4n);
    driven.give({ kind: 'connected', attempt: driven.take('dial')[0]!.attempt, link: 1 });
    expect(driven.peer.status()).toMatchObject({ leader: '3', master: '1' });
    hearOfLeader(driven.give({ kind: 'closed', link: 1 }), 4n);
    expect(dialled(driven)).toEqual(['1 observers', '2 observers']);
    expect(driven.peer.status()).toMatchObject({ leader: '3', master: '2' });
  });

  it('stays with its master when another leader is named, if that is not the leader it knew', () => {
    const driven = learner(4n, { isReconfigEnabled: true });
    driven.give({ kind: 'connected', attempt: driven.take('dial')[0]!.attempt, link: 1 });
    const start = 0x1_0000_0000n;
    for (const packet of [
      packets.leaderInfo(1),
      packets.start(PacketType.DIFF, 0n),
      packets.newLeader(1, members),
      packets.upToDate,
      packets.inform(start + 1n, new Uint8Array([1]), 3n),
    ]) {
      driven.give({ kind: 'packets', link: 1, packets: [packet] });
    }
    expect(driven.peer.status()).toMatchObject({ role: 'observer', phase: 'broadcast', leader: '3', master: '1' });
  });
});

describe('an observer that has lost its leader', () => {
  it('pauses before it looks for one again, and no longer than that', () => {
    const driven = learner(4n, { observerElectionDelayMs: 200, hasObserverMasters: false });
    driven.give({ kind: 'connected', attempt: driven.take('dial')[0]!.attempt, link: 1 });
    driven.give({ kind: 'closed', link: 1 });
    expect(driven.peer.status()).toMatchObject({ role: 'looking', phase: 'recovery' });
    driven.wait(200);
    expect(driven.peer.status()).toMatchObject({ role: 'looking', phase: 'election' });
  });

  it('pauses before it connects again', () => {
    const driven = learner(5n, { observerReconnectDelayMs: 1000, hasObserverMasters: false });
    expect(dialled(driven)).toEqual([]);
    expect(dialled(driven.wait(1000))).toEqual(['3 learners']);
  });

  it('pauses otherwise than other observers do', () => {
    const pauses = [4n, 5n].map((id) => {
      const driven = learner(id, { observerReconnectDelayMs: 1000, hasObserverMasters: false });
      return driven.peer.wakeAtMs - driven.nowMs;
    });
    expect(new Set(pauses).size).toBe(2);
  });
});
