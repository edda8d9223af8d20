import { WRITE_POINTS, type WritePoint } from '@zk/zab';
import type { Host, Simulation } from '../src/index.js';
import { isolate, others, scenario } from './scenario.js';

/** Situations with a name. Each ends with everything healed, and everybody agreeing: `calm` checks it. */

/** The leader logs writes that nobody else hears of, and crashes; the others have another one. */
function leaveTailBehind(simulation: Simulation): Host {
  const leader = simulation.settle();
  for (let i = 0; i < 5; i++) leader.submit(1_000_000 + i);
  simulation.runFor(100);
  isolate(simulation, leader);
  for (let i = 5; i < 10; i++) leader.submit(1_000_000 + i);
  simulation.runFor(50);
  simulation.network.cutAll(leader.number);
  leader.crash('killed', false);
  simulation.network.heal();
  simulation.settle();
  simulation.runFor(300);
  return leader;
}

it('takes back what only an isolated leader had logged', () => {
  const simulation = scenario({ clients: 0 });
  const former = leaveTailBehind(simulation);
  simulation.restart(former);
  simulation.settle();
  expect(simulation.counts.get('TRUNC')).toBeGreaterThan(0);
  expect(simulation.checkers.committedCount).toBe(5);
  simulation.calm();
});

it('replaces the state of one that logged what nobody knows, after others went on in a later epoch', () => {
  const simulation = scenario({ clients: 0 });
  const former = leaveTailBehind(simulation);
  simulation.leader!.submit(2_000_000);
  simulation.runFor(100);
  simulation.restart(former);
  simulation.settle();
  expect(simulation.counts.get('SNAP')).toBeGreaterThan(0);
  simulation.calm();
});

it('keeps everything when the power fails for all, in the middle of writes', () => {
  const simulation = scenario();
  for (let round = 0; round < 3; round++) {
    simulation.settle();
    simulation.runFor(200);
    for (const host of simulation.hosts) host.crash('power failure', true);
    for (const host of simulation.hosts) simulation.restart(host);
  }
  simulation.settle();
  simulation.calm();
  expect(simulation.checkers.acknowledgedCount).toBeGreaterThan(0);
});

it('lets a leader that was paused find out that it is none any more', () => {
  const simulation = scenario();
  const leader = simulation.settle();
  const { epoch } = leader;
  leader.pause(5000);
  simulation.runUntil('another leader', () => simulation.hosts.some((host) => host.isServing && host.epoch > epoch));
  simulation.runFor(6000);
  expect(leader.epoch).toBeGreaterThan(epoch);
  simulation.calm();
});

it('serves with the majority of five, whichever side the leader is on', () => {
  for (const count of [1, 2]) {
    const simulation = scenario({ voters: 5 });
    const leader = simulation.settle();
    const minority = [leader, ...others(simulation, leader).slice(0, count - 1)];
    for (const a of minority)
      for (const b of simulation.hosts) {
        if (minority.includes(b)) continue;
        simulation.network.block(a.number, b.number);
        simulation.network.block(b.number, a.number);
      }
    const before = simulation.checkers.committedCount;
    simulation.runUntil('a leader of the others', () =>
      simulation.hosts.some((host) => !minority.includes(host) && host.role === 'leader' && host.isServing),
    );
    simulation.runFor(3000);
    expect(simulation.checkers.committedCount).toBeGreaterThan(before);
    expect(minority.every((host) => !host.isServing)).toBe(true);
    simulation.calm();
  }
});

it('serves nobody without a majority, however many observers there are', () => {
  const simulation = scenario({ observers: 2 });
  const leader = simulation.settle();
  const voters = simulation.hosts.filter((host) => host.number <= 3 && host !== leader);
  for (const voter of voters) voter.crash('killed', false);
  simulation.runFor(5000);
  expect(simulation.hosts.some((host) => host.isServing)).toBe(false);
  simulation.calm();
});

it('goes on with another leader when the disk of the first is full', () => {
  const simulation = scenario();
  const leader = simulation.settle();
  leader.disk.isFull = true;
  leader.submit(1_000_000);
  simulation.runUntil('another leader', () => simulation.leader !== undefined && simulation.leader !== leader);
  simulation.runFor(500);
  expect(leader.isServing).toBe(false);
  leader.disk.recover();
  simulation.settle();
  simulation.calm();
});

it('loads its own state again when a snapshot breaks off', () => {
  const simulation = scenario({ peer: { isSnapshotForced: true } });
  const leader = simulation.settle();
  const learner = others(simulation, leader)[0]!;
  simulation.runFor(300);
  simulation.network.maxDelayMs = 300;
  simulation.network.cutAll(learner.number);
  for (let i = 0; i < 3; i++) {
    simulation.runUntil('a snapshot on its way', () => learner.peer!.status().phase === 'synchronization');
    simulation.network.cutAll(learner.number);
    simulation.runUntil('given up', () => learner.peer!.status().phase !== 'synchronization');
  }
  expect(learner.disk.written.get('recovery.reload')).toBeGreaterThan(0);
  simulation.calm();
});

it('elects within the time of a few messages when a leader is killed', () => {
  const simulation = scenario();
  const leader = simulation.settle();
  simulation.runFor(500);
  leader.crash('killed', false);
  const { nowMs } = simulation.agenda;
  simulation.runUntil('another leader', () => simulation.leader !== undefined);
  // No quiet period: the killed one refuses connections, and everybody else has voted.
  expect(simulation.agenda.nowMs - nowMs).toBeLessThan(100);
});

describe('a crash at any write', () => {
  /** Leads the ensemble to where somebody writes at this point, and crashes there. */
  const paths: Record<WritePoint, (simulation: Simulation, plan: (hosts: readonly Host[]) => void) => void> = {
    'leader.accepted-epoch': killLeader,
    'leader.current-epoch': killLeader,
    'learner.accepted-epoch': killLeader,
    'learner.current-epoch': killLeader,
    'broadcast.log': (simulation, plan) => {
      plan([simulation.settle()]);
    },
    'learner.log': (simulation, plan) => {
      const first = simulation.settle();
      first.submit(2_000_000);
      simulation.runFor(100);
      const follower = others(simulation, first)[0]!;
      follower.crash('killed', false);
      simulation.runFor(100);
      const leader = simulation.settle();
      for (let i = 0; i < 5; i++) leader.submit(1_000_000 + i);
      simulation.runFor(100);
      plan([follower]);
      simulation.restart(follower);
    },
    'learner.truncate': rejoin,
    'learner.snapshot': rejoin,
    'recovery.reload': (simulation, plan) => {
      const learner = others(simulation, simulation.settle())[0]!;
      simulation.network.maxDelayMs = 300;
      simulation.network.cutAll(learner.number);
      simulation.runUntil('a snapshot on its way', () => learner.peer!.status().phase === 'synchronization');
      plan([learner]);
      simulation.network.cutAll(learner.number);
    },
  };

  function killLeader(simulation: Simulation, plan: (hosts: readonly Host[]) => void): void {
    const leader = simulation.settle();
    simulation.runFor(200);
    plan(others(simulation, leader));
    leader.crash('killed', false);
  }

  function rejoin(simulation: Simulation, plan: (hosts: readonly Host[]) => void): void {
    const former = leaveTailBehind(simulation);
    plan([former]);
    simulation.restart(former);
  }

  const table = WRITE_POINTS.flatMap((point) =>
    (['before', 'within', 'after'] as const).map((when) => [when, point] as const),
  );

  it.each(table)('%s %s loses nothing', (when, point) => {
    for (const seed of [1, 2, 3]) {
      const isSnapshotForced = point === 'recovery.reload';
      // With more transactions than these it would be sent a snapshot.
      const isQuiet = point === 'learner.truncate' || point === 'learner.snapshot' || point === 'learner.log';
      const simulation = scenario({ seed, peer: { isSnapshotForced }, ...(isQuiet ? { clients: 0 } : {}) });
      let planned: readonly Host[] = [];
      paths[point](simulation, (hosts) => {
        planned = hosts;
        for (const host of hosts) host.disk.crashPlan = { point, when };
      });
      simulation.runUntil('the crash', () => planned.some((host) => !host.isUp));
      simulation.network.maxDelayMs = 3;
      simulation.runFor(500);
      for (const host of simulation.hosts) simulation.restart(host);
      simulation.settle();
      expect(() => simulation.calm()).not.toThrow();
    }
  });
});
