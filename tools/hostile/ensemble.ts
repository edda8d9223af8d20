/** The flood against an ensemble: what one server lets through, all of them have to live with. */
import { setTimeout as delay } from 'node:timers/promises';
import { Generator } from '../bench/generator.js';
import { dumpSharedTree } from '../interop/disk/dump.js';
import { EnsembleProcesses, type Member } from '../lib/ensemble-processes.js';
import type { ServerKind } from '../lib/launch.js';
import { openDescriptors } from '../lib/processes.js';
import { SeededRandom } from '../lib/random.js';
import { RawClient } from '../lib/raw-client.js';
import { human, progress, type Checks } from '../lib/report.js';
import { body, Op } from '../lib/wire.js';
import { attack, type AttackCounts } from './attack.js';
import { greedyCases, isWanted, prepareGreedy, sendGreedy } from './greedy.js';
import { Janitor, superAuth, superDigest } from './janitor.js';
import { loadCorpus } from './mutate.js';

export interface EnsembleFloodSettings {
  readonly seed: number;
  readonly frames: number;
  readonly connections: number;
  readonly concurrent: number;
  /** Frames per second, at most. */
  readonly rate: number;
}

const ROOT = '/hostile';
const LARGE = `${ROOT}/large`;
const GREEDY = '/greedy';
/** As in the configurations that people start from. */
const DEFAULT_TICK_MS = 2_000;
/** How long servers bear with each other, as in those: with short ticks it takes more of them. */
const INIT_MS = 20_000;
const SYNC_MS = 10_000;
/** Longer than it takes for the sessions of dropped connections to expire, and for what was sent to them to be given up. */
const SETTLE_MS = 5_000;
const QUIET_DEADLINE_MS = 60_000;

/** So many servers, ready for single cases and for a flood: sessions of connections that are dropped end soon. */
export function startEnsemble(kind: ServerKind, servers: number, tickTimeMs = 500): Promise<EnsembleProcesses> {
  return EnsembleProcesses.start({
    members: Array.from({ length: servers }, () => ({ kind })),
    config: {
      tickTime: tickTimeMs,
      initLimit: INIT_MS / tickTimeMs,
      syncLimit: SYNC_MS / tickTimeMs,
      minSessionTimeout: 1_000,
      maxSessionTimeout: 60_000,
      'DigestAuthenticationProvider.superDigest': superDigest,
    },
  });
}

/** A member that does not lead. */
export async function followerOf(ensemble: EnsembleProcesses): Promise<Member> {
  const leader = await ensemble.waitSettled();
  return ensemble.members.find((member) => member !== leader) ?? leader;
}

/** Floods one member after the other. */
export async function floodEnsemble(
  kind: ServerKind,
  servers: number,
  settings: EnsembleFloodSettings,
  checks: Checks,
): Promise<Record<string, unknown>> {
  const ensemble = await startEnsemble(kind, servers);
  try {
    const leader = await ensemble.waitSettled();
    await prepare(leader);
    const roles = await rolesOf(ensemble);
    const descriptors = ensemble.members.map((member) => openDescriptors(member.pid));
    const counts: AttackCounts[] = [];
    for (const member of ensemble.members) {
      counts.push(await floodMember(member, { ...settings, seed: settings.seed + member.id }, ensemble.members.length));
      const what = `server ${member.id} was flooded: every server stays up, and what it was`;
      checks.check(what, (await rolesOf(ensemble)) === roles, `${roles}, then ${await rolesOf(ensemble)}`);
    }
    await delay(SETTLE_MS);
    await compareTrees(ensemble, checks);
    for (const [index, member] of ensemble.members.entries()) {
      await expectDescriptors(member, descriptors[index] ?? 0, checks);
    }
    for (const member of ensemble.members) await useOrdinarily(member, checks);
    return { counts };
  } catch (error) {
    checks.fail('the ensemble serves', `${String(error)}\n${ensemble.outputs().slice(-4_000)}`);
    return {};
  } finally {
    await ensemble.dispose();
  }
}

/** Asks one member after the other for far too much: each answers, and stays what it was. */
export async function beGreedyToEnsemble(
  kind: ServerKind,
  servers: number,
  checks: Checks,
): Promise<Record<string, unknown>> {
  const ensemble = await startEnsemble(kind, servers, DEFAULT_TICK_MS);
  const generator = Generator.prepare('auto');
  try {
    const leader = await ensemble.waitSettled();
    await prepareGreedy(generator, leader.clientPort, GREEDY);
    const roles = await rolesOf(ensemble);
    for (const member of ensemble.members) {
      const root = `${GREEDY}/${member.id}`;
      await createEmpty(leader, root);
      for (const greedy of greedyCases(root)) {
        progress(`server ${member.id}: ${greedy.name}`);
        const outcome = await sendGreedy(member.clientPort, greedy);
        const detail = `${outcome}; wanted: ${greedy.outcome}`;
        checks.check(`server ${member.id}, ${greedy.name}: answered`, isWanted(greedy, outcome), detail);
      }
      const now = await rolesOf(ensemble);
      checks.check(`server ${member.id} was asked for too much: every server is what it was`, now === roles, now);
    }
    return { roles };
  } catch (error) {
    checks.fail('the ensemble serves', `${String(error)}\n${ensemble.outputs().slice(-4_000)}`);
    return {};
  } finally {
    await ensemble.dispose();
  }
}

async function createEmpty(member: Member, path: string): Promise<void> {
  const client = await RawClient.open({ port: member.clientPort });
  await client.request(Op.create, body.create(path, Buffer.alloc(0)));
  await client.close();
}

async function prepare(leader: Member): Promise<void> {
  await createEmpty(leader, ROOT);
  const client = await RawClient.open({ port: leader.clientPort });
  await client.request(Op.create, body.create(LARGE, Buffer.alloc(100_000, 'l')));
  await client.close();
}

/** Each server's role, and the epoch. */
async function rolesOf(ensemble: EnsembleProcesses): Promise<string> {
  const roles = (await ensemble.status(5_000)).map(({ member, state }) => {
    return `server ${member.id}: ${state === undefined ? 'silent' : `${state.mode} in epoch ${state.zxid >> 32n}`}`;
  });
  return roles.join(', ');
}

async function floodMember(member: Member, settings: EnsembleFloodSettings, share: number): Promise<AttackCounts> {
  const janitor = await Janitor.open(member.clientPort, [ROOT]);
  const { counts, ended } = attack({
    port: member.clientPort,
    random: new SeededRandom(settings.seed),
    corpus: loadCorpus(),
    frames: Math.ceil(settings.frames / share),
    connections: Math.ceil(settings.connections / share),
    concurrent: settings.concurrent,
    framesPerSecond: settings.rate,
    largePath: LARGE,
    isLost: () => !member.isRunning,
  });
  const sweeping = setInterval(() => void janitor.clean().catch(() => undefined), 2_000); // a lost janitor shows later
  await ended;
  clearInterval(sweeping);
  await janitor.close();
  progress(`flood of server ${member.id}: ${human(counts.frames)} frames, ${human(counts.connections)} connections`);
  return counts;
}

/** Expiry takes its time; a leak stays however long one waits. */
async function expectDescriptors(member: Member, before: number, checks: Checks): Promise<void> {
  const deadline = performance.now() + QUIET_DEADLINE_MS;
  let after = openDescriptors(member.pid);
  while (after > before && performance.now() < deadline) {
    await delay(500);
    after = openDescriptors(member.pid);
  }
  const detail = `${before} before, ${after} after`;
  checks.check(`server ${member.id}: descriptors are back to the start`, after <= before, detail);
}

/** With what the flood has created: all that it left is the same everywhere, to the last field of the last stat. */
async function compareTrees(ensemble: EnsembleProcesses, checks: Checks): Promise<void> {
  let dumps = await dumpAll(ensemble);
  // One after the other: what expires in between is in some of them only. A real difference stays.
  if (new Set(dumps).size > 1) dumps = await dumpAll(ensemble);
  const [first = ''] = dumps;
  for (const [index, member] of ensemble.members.entries()) {
    const dump = dumps[index] ?? '';
    checks.check(`server ${member.id} has the tree of server 1`, dump === first, differenceOf(first, dump));
  }
}

async function dumpAll({ members }: EnsembleProcesses): Promise<string[]> {
  const dumps: string[] = [];
  for (const member of members) {
    const client = await RawClient.open({ port: member.clientPort });
    await client.request(Op.auth, superAuth(), -4);
    dumps.push(await dumpSharedTree(client));
    await client.close();
  }
  return dumps;
}

/** The first line that differs, of each. */
function differenceOf(one: string, other: string): string {
  const [left, right] = [one.split('\n'), other.split('\n')];
  const at = left.findIndex((line, index) => line !== right[index]);
  if (at === -1) return `${left.length} znodes`;
  return `${left.length} and ${right.length} znodes; ${left[at]?.slice(0, 500)} <> ${right[at]?.slice(0, 500)}`;
}

async function useOrdinarily(member: Member, checks: Checks): Promise<void> {
  const client = await RawClient.open({ port: member.clientPort });
  const path = `${ROOT}/ordinary`;
  const errors: number[] = [];
  errors.push((await client.request(Op.create, body.create(path, Buffer.from('x')))).error);
  errors.push((await client.request(Op.getData, body.pathAndFlag(path, false))).error);
  errors.push((await client.request(Op.delete, body.delete(path, 0))).error);
  await client.close();
  checks.check(
    `server ${member.id}: an ordinary session works afterwards`,
    errors.every((code) => code === 0),
    `create, getData, delete: ${errors.join(', ')}`,
  );
}
