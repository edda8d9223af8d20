/** What an observer adds to reads and takes from writes: the same load with the observer stopped and running. */
import { human, progress } from '../lib/report.js';
import type { ThroughputResult } from '../bench/generator.js';
import type { Member } from '../lib/ensemble-processes.js';
import { type Measured, pidsOf, portsOf, rolesOf, startEnsembles, stopEnsembles } from './ensembles.js';
import { type Add, adder, type Context } from './part.js';

const ZNODES = 1_000;
const CONNECTIONS_EACH = 5;
const OUTSTANDING = 32;

export async function observer(context: Context): Promise<void> {
  const all = await startEnsembles(context.kinds, { voters: 3, observers: 1, profiles: context.settings.profiles });
  for (const measured of all) await fill(context, measured);
  for (let round = 1; round <= context.settings.rounds; round++) {
    for (const measured of all) await compare(context, measured, round);
  }
  await stopEnsembles(all);
}

async function fill({ generator, settings }: Context, measured: Measured): Promise<void> {
  const { leader } = await rolesOf(measured);
  const load = { connections: 1, outstanding: 256, nodes: ZNODES, size: settings.dataBytes };
  await generator.run('fill', { ...load, port: leader.clientPort });
}

/** With the observer first in every other round: neither is always the one that finds everything warm. */
async function compare(context: Context, measured: Measured, round: number): Promise<void> {
  const add = adder(context, measured.kind, 'observer');
  const figures = { with: { reads: 0, writes: 0 }, without: { reads: 0, writes: 0 } };
  for (const which of round % 2 === 0 ? (['with', 'without'] as const) : (['without', 'with'] as const)) {
    figures[which] = await throughputs(context, measured, which, add);
    const { reads, writes } = figures[which];
    progress(`observer: round ${round}, ${measured.kind} ${which}: ${human(reads)} reads/s, ${human(writes)} writes/s`);
  }
  add('reads, with / without', 'x', 'more', figures.with.reads / figures.without.reads);
  add('writes, with / without', 'x', 'more', figures.with.writes / figures.without.writes);
}

async function throughputs(
  context: Context,
  measured: Measured,
  which: 'with' | 'without',
  add: Add,
): Promise<{ reads: number; writes: number }> {
  const spare = observerOf(measured);
  if (which === 'with') spare.start();
  else await spare.stop();
  const { leader, followers } = await rolesOf(measured);
  const voters = [leader, ...followers];
  const serving = which === 'with' ? [...voters, spare] : voters;
  const reads = await load(context, measured, serving, 'get=1');
  const writes = await load(context, measured, voters, 'set=1');
  add(`reads, ${which}`, 'op/s', 'more', reads.operationsPerSecond);
  add(`writes, ${which}`, 'op/s', 'more', writes.operationsPerSecond);
  add(`writes, ${which}, server CPU`, 'us/op', 'less', (writes.serverCpuSeconds * 1e6) / writes.operations);
  if (which === 'with') await compareAlone(context, measured, followers.slice(0, 1), spare, add);
  return { reads: reads.operationsPerSecond, writes: writes.operationsPerSecond };
}

/** Where all servers share a few cores, what one of them can do alone says what it would add on a machine of its own. */
async function compareAlone(
  context: Context,
  measured: Measured,
  follower: readonly Member[],
  spare: Member,
  add: Add,
): Promise<void> {
  const ofFollower = await load(context, measured, follower, 'get=1');
  const ofObserver = await load(context, measured, [spare], 'get=1');
  const ratio = ofObserver.operationsPerSecond / ofFollower.operationsPerSecond;
  add('reads, observer alone / follower alone', 'x', 'more', ratio);
}

async function load(
  { generator, settings, results }: Context,
  { ensemble }: Measured,
  servers: readonly Member[],
  mix: string,
): Promise<ThroughputResult> {
  const result = await generator.run('bench', {
    port: portsOf(servers),
    pid: pidsOf(ensemble.members.filter((member) => member.isRunning)),
    connections: CONNECTIONS_EACH * servers.length,
    outstanding: OUTSTANDING,
    mix,
    nodes: ZNODES,
    size: settings.dataBytes,
    seconds: settings.seconds,
    warmup: settings.warmupSeconds,
  });
  results.errors += result.errors;
  return result;
}

function observerOf({ ensemble }: Measured): Member {
  return ensemble.members.at(-1) as Member;
}
