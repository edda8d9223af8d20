/** How long writes stand still when the leader or a follower dies. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Member } from '../lib/ensemble-processes.js';
import { human, progress } from '../lib/report.js';
import { type Measured, type Roles, rolesOf, startEnsembles, stopEnsembles } from './ensembles.js';
import { adder, type Context } from './part.js';
import { SteadyWriter } from './writer.js';

const WARMUP_MS = 1_000;
/** Watched after service is back: whatever else the change of leaders brings belongs to it. */
const AFTERMATH_MS = 2_000;
const GAP_DEADLINE_MS = 60_000;

export async function failover(context: Context): Promise<void> {
  const all = await startEnsembles(context.kinds, { voters: 3, profiles: context.settings.profiles });
  const { failovers } = context.settings;
  for (let round = 1; round <= failovers; round++) {
    for (const measured of all) await leaderDies(context, measured, `round ${round}/${failovers}`);
  }
  for (let round = 1; round <= failovers; round++) {
    for (const measured of all) await followerDies(context, measured, round);
  }
  await stopEnsembles(all);
}

async function leaderDies(context: Context, measured: Measured, round: string): Promise<void> {
  const { leader, followers } = await rolesOf(measured);
  const gapMs = await gapOf(context, measured, leader, [...followers, leader]);
  adder(context, measured.kind, 'leader dies')('longest gap of writes', 'ms', 'less', gapMs);
  progress(`leader dies: ${round}, ${measured.kind}: ${human(gapMs)} ms`);
}

/** The writer is connected to the leader and to the other follower in turn. */
async function followerDies(context: Context, measured: Measured, round: number): Promise<void> {
  const { writerAt, victim } = victimAndWriter(await rolesOf(measured), round);
  const gapMs = await gapOf(context, measured, victim, [writerAt]);
  adder(context, measured.kind, 'follower dies')('longest gap of writes', 'ms', 'less', gapMs);
  progress(`follower dies: round ${round}, ${measured.kind}: ${human(gapMs)} ms`);
}

function victimAndWriter({ leader, followers }: Roles, round: number): { writerAt: Member; victim: Member } {
  const [first, second] = followers as [Member, Member];
  return round % 2 === 0 ? { writerAt: leader, victim: first } : { writerAt: first, victim: second };
}

/** Kills `victim` under a writer connected to the first of `servers`; everybody is back when it returns. */
async function gapOf(
  { settings, checks }: Context,
  { kind, ensemble }: Measured,
  victim: Member,
  servers: readonly Member[],
): Promise<number> {
  const ports = servers.map((member) => member.clientPort);
  const writer = await SteadyWriter.start(ports, '/failover', settings.dataBytes);
  await delay(WARMUP_MS);
  const killedAt = performance.now();
  await victim.kill();
  await writer.waitFor(10, GAP_DEADLINE_MS);
  await delay(AFTERMATH_MS);
  const gapMs = writer.longestGapMs(killedAt);
  const lost = await writer.stop();
  checks.check(`${kind}: acknowledged writes survive a death`, lost === 0, `${lost} of ${writer.acknowledged} lost`);
  checks.check(`${kind}: the session survives a death`, writer.lostSessions === 0, `${writer.lostSessions} lost`);
  victim.start();
  await ensemble.waitAllServing();
  return gapMs;
}
