/** A leader that was stopped, or that nobody answers: what it still acknowledges, and how soon it knows. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Member } from '../lib/ensemble-processes.js';
import { fourLetterWord } from '../lib/launch.js';
import { RawClient, type Reply } from '../lib/raw-client.js';
import { human, progress } from '../lib/report.js';
import { body, ErrorCode, Op } from '../lib/wire.js';
import { type Measured, type Roles, rolesOf, startEnsembles, stopEnsembles } from './ensembles.js';
import { adder, type Context } from './part.js';

/** Longer than anything here takes: sessions must not end by themselves. */
const SESSION_TIMEOUT_MS = 40_000;
const WRITES = 32;
const POLL_MS = 5;
const DEADLINE_MS = 60_000;
const PARENT = '/deposed';

export async function deposed(context: Context): Promise<void> {
  const all = await startEnsembles(context.kinds, { voters: 3, profiles: context.settings.profiles });
  const { pauses } = context.settings;
  for (let round = 1; round <= pauses; round++) {
    for (const measured of all) {
      await pausedLeader(context, measured, round);
      await silentFollowers(context, measured, round);
    }
  }
  await stopEnsembles(all);
}

/** Writes that were handed to the old leader, and what it said. */
class Writes {
  readonly acknowledged: { readonly path: string; readonly epoch: bigint }[] = [];
  private answers: Promise<void>[] = [];

  constructor(private readonly client: RawClient) {}

  send(name: string): void {
    for (let i = 0; i < WRITES; i++) {
      const path = `${PARENT}/${name}-${i}`;
      const answer = this.client.request(Op.create, body.create(path, null));
      this.answers.push(answer.then((reply) => this.take(path, reply)).catch(() => undefined));
    }
  }

  /** Until every write is answered or the connection has ended. */
  async settled(): Promise<void> {
    await Promise.all(this.answers);
  }

  private take(path: string, reply: Reply): void {
    if (reply.error === ErrorCode.ok) this.acknowledged.push({ path, epoch: reply.zxid >> 32n });
  }
}

/** SIGSTOP, until the others have another leader, then SIGCONT, with writes waiting on its connections. */
async function pausedLeader(context: Context, measured: Measured, round: number): Promise<void> {
  const scene = await setTheScene(measured, `paused-${round}`);
  const { leader, epoch, client } = scene;
  const early = new Writes(client);
  early.send(`${scene.name}-before`);
  await delay(1); // on their way
  leader.pause();
  const until = performance.now() + context.settings.pauseMs;
  await newLeader(measured, leader);
  while (performance.now() < until) await delay(POLL_MS);
  const late = new Writes(client);
  late.send(`${scene.name}-after`);
  await delay(100);
  const resumedAt = performance.now();
  leader.resume();
  const noticedMs = (await stopsLeading(leader)) - resumedAt;
  adder(context, measured.kind, 'leader paused')('knows, after it goes on', 'ms', 'less', noticedMs);
  progress(`leader paused: round ${round}, ${measured.kind}: knows after ${human(noticedMs)} ms`);
  await judge(
    context,
    measured,
    scene,
    [early, late],
    late.acknowledged.filter((write) => write.epoch <= epoch),
  );
}

/** Both followers are stopped: for the leader that is a network that was cut. */
async function silentFollowers(context: Context, measured: Measured, round: number): Promise<void> {
  const scene = await setTheScene(measured, `cut-${round}`);
  const { leader, followers, epoch, client } = scene;
  for (const follower of followers) follower.pause();
  const cutAt = performance.now();
  const late = new Writes(client);
  late.send(scene.name);
  const noticedMs = (await stopsLeading(leader)) - cutAt;
  const forbidden = late.acknowledged.filter((write) => write.epoch <= epoch);
  adder(context, measured.kind, 'leader cut off')('knows, after the cut', 'ms', 'less', noticedMs);
  progress(`leader cut off: round ${round}, ${measured.kind}: knows after ${human(noticedMs)} ms`);
  for (const follower of followers) follower.resume();
  await judge(context, measured, scene, [late], forbidden);
}

interface Scene extends Roles {
  readonly name: string;
  readonly epoch: bigint;
  readonly client: RawClient;
}

async function setTheScene(measured: Measured, name: string): Promise<Scene> {
  const roles = await rolesOf(measured);
  const client = await RawClient.open({ port: roles.leader.clientPort, timeoutMs: SESSION_TIMEOUT_MS });
  const created = await client.request(Op.create, body.create(PARENT, null));
  return { ...roles, name, client, epoch: created.zxid >> 32n };
}

async function judge(
  { checks }: Context,
  measured: Measured,
  scene: Scene,
  writes: readonly Writes[],
  forbidden: readonly unknown[],
): Promise<void> {
  const { kind } = measured;
  const survivor = scene.followers[0] as Member;
  await Promise.race([Promise.all(writes.map((batch) => batch.settled())), delay(5_000)]);
  scene.client.destroy();
  await measured.ensemble.waitAllServing(DEADLINE_MS);
  const acknowledged = writes.flatMap((batch) => batch.acknowledged);
  const lost = await missing(
    survivor,
    acknowledged.map(({ path }) => path),
  );
  const what = `${kind}: a deposed leader acknowledges nothing of its old epoch`;
  checks.check(what, forbidden.length === 0, `${scene.name}: ${forbidden.length} acknowledged`);
  const kept = `${kind}: what a deposed leader had acknowledged is kept`;
  checks.check(
    kept,
    lost.length === 0,
    `${scene.name}: ${lost.length} of ${acknowledged.length} lost: ${lost.join(' ')}`,
  );
}

async function missing(member: Member, paths: readonly string[]): Promise<string[]> {
  const client = await RawClient.open({ port: member.clientPort });
  await client.request(Op.sync, body.path(PARENT));
  const replies = await Promise.all(paths.map((path) => client.request(Op.exists, body.pathAndFlag(path, false))));
  await client.close();
  return paths.filter((_, i) => replies[i]?.error !== ErrorCode.ok);
}

/** Until one of the others leads. */
async function newLeader({ ensemble }: Measured, old: Member): Promise<void> {
  const others = ensemble.members.filter((member) => member !== old);
  await eventually(async () => {
    const states = await Promise.all(others.map((member) => member.srvr()));
    return states.some((state) => state?.mode === 'leader');
  }, 'nobody took over from a leader that was stopped');
}

/** When `leader` says itself that it does not lead; in `performance.now`. */
async function stopsLeading(leader: Member): Promise<number> {
  await eventually(async () => {
    const answer = await fourLetterWord(leader.clientPort, 'srvr', leader.address, 2_000);
    return !answer.includes('Mode: leader');
  }, `server.${leader.id} still says that it leads`);
  return performance.now();
}

async function eventually(holds: () => Promise<boolean>, otherwise: string): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(otherwise);
    await delay(POLL_MS);
  }
}
