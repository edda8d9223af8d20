/** Throughput and latency of three servers, with the workloads of the bench. */
import { runSteady, type SteadyTarget, type SteadyWorkload } from '../bench/steady.js';
import { type Measured, pidsOf, portsOf, type Roles, rolesOf, startEnsembles, stopEnsembles } from './ensembles.js';
import type { Context } from './part.js';

const ZNODES = 1_000;
/** Over all three servers. */
const pipelined = { connections: 15, outstanding: 32 };
const single = { connections: 1, outstanding: 1 };

const everywhere: readonly SteadyWorkload[] = [
  { name: 'reads', what: '15 connections x 32, getData', ...pipelined, mix: 'get=1' },
  { name: 'mixed', what: '15 connections x 32, 90% getData, 10% setData', ...pipelined, mix: 'get=90,set=10' },
  { name: 'writes', what: '15 connections x 32, setData', ...pipelined, mix: 'set=1' },
];
const atFollower: readonly SteadyWorkload[] = [
  { name: 'one-writes, follower', what: 'one client of a follower, one setData at a time', ...single, mix: 'set=1' },
];
const atLeader: readonly SteadyWorkload[] = [
  { name: 'one-writes, leader', what: 'one client of the leader, one setData at a time', ...single, mix: 'set=1' },
];

export async function speed({ kinds, generator, settings, results }: Context): Promise<void> {
  const all = await startEnsembles(kinds, { voters: 3, profiles: settings.profiles });
  const steady = { ...settings, nodes: ZNODES };
  const run = async (workloads: readonly SteadyWorkload[], portsFor: (roles: Roles) => string): Promise<void> => {
    const targets = await Promise.all(all.map((measured) => target(measured, portsFor)));
    await runSteady(workloads, targets, generator, steady, results);
  };
  await run(everywhere, ({ leader, followers }) => portsOf([leader, ...followers]));
  await run(atFollower, ({ followers }) => portsOf(followers.slice(0, 1)));
  await run(atLeader, ({ leader }) => portsOf([leader]));
  await stopEnsembles(all);
}

async function target(measured: Measured, portsFor: (roles: Roles) => string): Promise<SteadyTarget> {
  const port = portsFor(await rolesOf(measured));
  return { kind: measured.kind, port, pid: pidsOf(measured.ensemble.members) };
}
