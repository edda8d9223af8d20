import type { Host, Simulation } from '../src/index.js';
import { others, scenario } from './scenario.js';

/** Observers below followers: spec, learner protocol, section 8. Each ends with everybody agreeing: `calm` checks it. */

const VOTERS = 3;

const withObservers = (observers: number, options: Parameters<typeof scenario>[0] = {}): Simulation =>
  scenario({ voters: VOTERS, observers, hasObserverMasters: true, ...options });

const observersOf = (simulation: Simulation): Host[] => simulation.hosts.filter(({ number }) => number > VOTERS);

/** The number of the server that a host learns from; NaN while it does not serve. */
const masterOf = (host: Host): number => (host.isServing ? Number(host.peer!.status().master) : NaN);

/** How many observers a host serves, by what it says itself. */
const servedBy = (host: Host): number =>
  host.peer?.status().learners.filter(({ isObserver, stage }) => isObserver && stage === 'up').length ?? 0;

function runUntilServedByFollowers(simulation: Simulation): Host {
  simulation.runUntil('observers at followers', () => {
    const { leader } = simulation;
    const masters = observersOf(simulation)
      .filter(({ isUp }) => isUp)
      .map(masterOf);
    return leader !== undefined && masters.every((master) => master > 0 && master !== leader.number);
  });
  return simulation.leader!;
}

it('spreads observers over the followers, and none costs the leader anything', () => {
  const simulation = withObservers(6);
  const leader = runUntilServedByFollowers(simulation);
  expect(servedBy(leader)).toBe(0);
  for (const follower of others(simulation, leader).filter(({ number }) => number <= VOTERS)) {
    expect(servedBy(follower)).toBe(3);
  }
  simulation.calm();
  expect(simulation.checkers.acknowledgedCount).toBeGreaterThan(0);
});

it('takes an observer to another follower when its own dies, and it misses nothing', () => {
  const simulation = withObservers(1, { clients: 6 });
  runUntilServedByFollowers(simulation);
  const [observer] = observersOf(simulation);
  for (let round = 0; round < 3; round++) {
    const master = simulation.hosts[masterOf(observer!) - 1]!;
    simulation.runFor(300);
    master.crash('killed', false);
    simulation.runUntil('another master', () => masterOf(observer!) > 0 && masterOf(observer!) !== master.number);
    simulation.restart(master);
    runUntilServedByFollowers(simulation);
  }
  expect(() => simulation.calm()).not.toThrow();
  expect(simulation.checkers.acknowledgedCount).toBeGreaterThan(0);
});

it('takes observers to followers of the new leader, when the leader dies or one of their masters is elected', () => {
  const simulation = withObservers(4);
  for (let round = 0; round < 4; round++) {
    const leader = runUntilServedByFollowers(simulation);
    simulation.runFor(200);
    leader.crash('killed', false);
    const successor = runUntilServedByFollowers(simulation);
    expect(successor.epoch).toBeGreaterThan(leader.epoch);
    expect(servedBy(successor)).toBe(0);
    simulation.restart(leader);
  }
  simulation.calm();
});

it('takes an observer away from a master that has lost its leader without knowing', () => {
  const simulation = withObservers(1);
  const leader = runUntilServedByFollowers(simulation);
  const [observer] = observersOf(simulation);
  const master = masterOf(observer!);
  const voters = simulation.hosts.filter(({ number }) => number <= VOTERS && number !== master);
  for (const { number } of voters) {
    simulation.network.block(number, master);
    simulation.network.block(master, number);
  }
  const { committedCount } = simulation.checkers;
  simulation.runUntil('another master', () => masterOf(observer!) > 0 && masterOf(observer!) !== master);
  expect(masterOf(observer!)).not.toBe(leader.number);
  simulation.runFor(500);
  expect(simulation.checkers.committedCount).toBeGreaterThan(committedCount);
  simulation.calm();
});

it.each([1, 2, 3, 4, 5])(
  'lets an observer wait for a master that is behind it: nothing is taken back (seed %i)',
  (seed) => {
    const simulation = withObservers(1, { clients: 0, seed });
    const leader = runUntilServedByFollowers(simulation);
    const [observer] = observersOf(simulation);
    const master = simulation.hosts[masterOf(observer!) - 1]!;
    const slow = others(simulation, leader).find((host) => host !== master && host !== observer)!;
    simulation.network.block(leader.number, slow.number);
    for (let i = 0; i < 5; i++) leader.submit(1_000_000 + i);
    simulation.runFor(50);
    master.crash('killed', false);
    simulation.runUntil('the observer at the one that is behind', () =>
      slow.peer!.status().learners.some(({ stage }) => stage === 'history'),
    );
    expect([slow.state.length, observer!.state.length]).toEqual([0, 5]);
    simulation.network.heal();
    simulation.runUntil('it serves, and has lost nothing on the way', () => {
      expect(observer!.state.length).toBe(5);
      return observer!.isServing;
    });
    simulation.calm();
  },
);

it('lets observers learn from the leader where nobody else has a vote', () => {
  const simulation = scenario({ voters: 1, observers: 2, hasObserverMasters: true });
  expect(simulation.hosts.slice(1).map(masterOf)).toEqual([1, 1]);
  simulation.calm();
});
