/**
 * The run: rounds of work, one or two faults, repair, recovery, rest, and judgement. What a round finds is found with the
 * whole history so far, since a write that was acknowledged in the first round has to be there after the last.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Member } from '../lib/ensemble-processes.js';
import { ConnectionLost, RawClient } from '../lib/raw-client.js';
import { note } from '../lib/report.js';
import { body, ErrorCode, Op } from '../lib/wire.js';
import { compareTrees, type Tree } from './checkers/trees.js';
import { repair } from './faults.js';
import { longestGap } from './gaps.js';
import type { Fault, Scene } from './scene.js';
import { readTree } from './tree.js';
import { type Disturbance, ephemeralsIn, judge, type Problem, type Quiet } from './verdicts.js';
import * as paths from './workload/paths.js';
import type { Workers } from './workload/workers.js';

export interface RoundReport {
  readonly round: number;
  readonly faults: readonly string[];
  /** What was hit. */
  readonly victims: string;
  /** Longest time without an acknowledged write, from the first fault until all had recovered. */
  readonly longestGapMs: number;
  /** From the repair until all members agreed on a leader. */
  readonly recoveryMs: number;
  readonly problems: readonly Problem[];
}

export interface RoundsOptions {
  readonly scene: Scene;
  readonly workers: Workers;
  readonly sessionTimeoutMs: number;
  /** A recovery may take so long. */
  readonly recoveryLimitMs: number;
  /** Those to choose from. */
  readonly faults: readonly Fault[];
}

const SECOND_FAULT_CHANCE = 0.3;
const RETRY_MS = 100;

export class Rounds {
  private readonly disturbances: Disturbance[] = [];
  private readonly endsSeen = new Map<Member, number>();
  private readonly parents: string[] = [];
  private round = 0;

  constructor(private readonly options: RoundsOptions) {}

  /** The znodes that the workload is about. */
  async setUp(): Promise<void> {
    const { ensemble } = this.options.scene;
    await ensemble.waitSettled(this.options.recoveryLimitMs);
    const initial = [...paths.REGISTERS, ...paths.PAIR].map((path): [string, string] => [path, paths.INITIAL]);
    const barriers = this.options.workers.callers.map(({ worker }): [string, string] => [paths.barrierOf(worker), '']);
    const parents = [paths.ROOT, paths.LOCK, paths.EPHEMERALS].map((path): [string, string] => [path, '']);
    const nodes: Nodes = [...parents, ...initial, ...barriers, [paths.COUNTER, '0']];
    await this.withClient(ensemble.members[0]!, (client) => create(client, nodes));
  }

  /** One round. The ensemble is whole and at rest before and after. */
  async run(): Promise<RoundReport> {
    const { scene, workers } = this.options;
    const { random, sleep, tickMs } = scene;
    const round = ++this.round;
    await this.prepare(round);
    workers.start(round);
    await sleep(random.between(1, 4) * tickMs);
    const startMs = performance.now();
    const faults = this.choose();
    const victims: string[] = [];
    for (const fault of faults) {
      const hit = await fault.apply(scene);
      victims.push(`${fault.name}: ${hit}`);
      workers.history.line({ what: 'fault', name: fault.name, hit, at: performance.now() });
      await sleep(random.between(1, 14) * tickMs);
    }
    note(`round ${round}: ${victims.join('; ')}`);
    repair(scene);
    const repairedMs = performance.now();
    workers.history.line({ what: 'repaired', at: repairedMs });
    const problems = [...(await this.recover()), ...this.unexpectedEnds(faults)];
    const endMs = performance.now();
    this.disturbances.push({ startMs, endMs });
    await sleep(random.between(1, 4) * tickMs);
    problems.push(...(await this.rest()));
    return {
      round,
      faults: faults.map(({ name }) => name),
      victims: victims.join('; '),
      longestGapMs: longestGap(workers.history.writes, startMs, endMs),
      recoveryMs: endMs - repairedMs,
      problems,
    };
  }

  /** After the last round: all members hold the same tree, and hold it still when all of them have been killed. */
  async compareAll(): Promise<Problem[]> {
    const { scene, workers } = this.options;
    await workers.close();
    await this.ephemeralsGone();
    const before = await this.treesOf(scene.ensemble.members);
    const problems = compareTrees(before);
    await scene.ensemble.killAll();
    scene.ensemble.startAll();
    await scene.ensemble.waitSettled(this.options.recoveryLimitMs);
    const after = await this.treesOf(scene.ensemble.members);
    problems.push(...compareTrees(new Map([['server.1 before they were killed', [...before.values()][0]!], ...after])));
    return problems.map((detail) => ({ check: 'all members hold the same tree', detail }));
  }

  private choose(): Fault[] {
    const { scene, faults } = this.options;
    const first = pickWeighted(scene, faults);
    const others = faults.filter((fault) => fault.isCompatible && fault !== first);
    if (!first.isCompatible || others.length === 0 || !scene.random.chance(SECOND_FAULT_CHANCE)) return [first];
    return [first, pickWeighted(scene, others)];
  }

  private async prepare(round: number): Promise<void> {
    const parents = [paths.setOf(round), paths.sequenceOf(round)];
    const nodes = parents.map((path): [string, string] => [path, '']);
    await this.withClient(this.options.scene.ensemble.members[0]!, (client) => create(client, nodes));
    this.parents.push(...parents);
  }

  /** Waits until the ensemble agrees on a leader again and every client has had a write acknowledged. */
  private async recover(): Promise<Problem[]> {
    const { scene, recoveryLimitMs } = this.options;
    const isSettled = await scene.ensemble.waitSettled(recoveryLimitMs).then(
      () => true,
      () => false,
    );
    if (isSettled) return [];
    const status = await scene.ensemble.status();
    const detail = status
      .map(({ member, state }) => `server.${member.id} ${state?.mode ?? 'serves nobody'}`)
      .join(', ');
    return [{ check: 'the ensemble recovers', detail: `not within ${recoveryLimitMs} ms of the repair: ${detail}` }];
  }

  private async rest(): Promise<Problem[]> {
    const { workers, recoveryLimitMs } = this.options;
    await workers.rest();
    const unserved = await workers.unserved(recoveryLimitMs);
    if (unserved.length > 0) {
      const detail = `${unserved.join(', ')} got no write acknowledged within ${recoveryLimitMs} ms`;
      return [{ check: 'all clients are served again', detail }];
    }
    const late = await this.ephemeralsGone();
    const startMs = performance.now();
    const tree = await this.treeOf(this.options.scene.random.pick(this.options.scene.ensemble.members));
    const quiet: Quiet = { tree, startMs, endMs: performance.now(), living: workers.living, parents: this.parents };
    return [...late, ...judge(workers.history, quiet, this.disturbances)];
  }

  /** Sessions that nobody keeps alive expire, and their ephemerals go with them. */
  private async ephemeralsGone(): Promise<Problem[]> {
    const { scene, workers, sessionTimeoutMs, recoveryLimitMs } = this.options;
    const { abandoned } = workers.history;
    const deadline = performance.now() + 4 * sessionTimeoutMs + recoveryLimitMs;
    for (;;) {
      const [member] = scene.ensemble.members;
      const trees = [await this.treeOf(member!, paths.EPHEMERALS), await this.treeOf(member!, paths.LOCK)];
      const left = trees.flatMap((tree) => [...ephemeralsIn(tree)]).filter(([, owner]) => abandoned.has(owner));
      if (left.length === 0) return [];
      if (performance.now() > deadline) {
        const detail = left.map(([path, owner]) => `${path} of 0x${owner.toString(16)}`).join(', ');
        return [{ check: 'abandoned sessions expire', detail }];
      }
      await delay(scene.tickMs / 4);
    }
  }

  private unexpectedEnds(faults: readonly Fault[]): Problem[] {
    const problems: Problem[] = [];
    for (const member of this.options.scene.ensemble.members) {
      const ends = member.unexpectedEnds.slice(this.endsSeen.get(member) ?? 0);
      this.endsSeen.set(member, member.unexpectedEnds.length);
      if (faults.some(({ mayEndProcess }) => mayEndProcess)) continue;
      for (const { how, output } of ends) {
        const last = output.trimEnd().split('\n').slice(-8).join('\n');
        problems.push({ check: 'servers run until they are stopped', detail: `server.${member.id}: ${how}\n${last}` });
      }
    }
    return problems;
  }

  private async treesOf(members: readonly Member[]): Promise<Map<string, Tree>> {
    const trees = new Map<string, Tree>();
    for (const member of members) trees.set(`server.${member.id} (${member.kind})`, await this.syncedTreeOf(member));
    return trees;
  }

  /** A write in the same session comes first, so that whatever was committed before is in what is read. */
  private treeOf(member: Member, root = paths.ROOT): Promise<Tree> {
    return this.withClient(member, async (client) => {
      await client.request(Op.setData, body.setData(paths.barrierOf(1), null));
      return readTree(client, root);
    });
  }

  /** As `treeOf`, and nothing is written: for trees that are to be compared. */
  private syncedTreeOf(member: Member): Promise<Tree> {
    return this.withClient(member, async (client) => {
      await client.request(Op.sync, body.path(paths.ROOT));
      return readTree(client, paths.ROOT);
    });
  }

  /** Runs `use` in a session of its own; again where the connection is lost, since an ensemble may look for a leader. */
  private async withClient<T>(member: Member, use: (client: RawClient) => Promise<T>): Promise<T> {
    const { sessionTimeoutMs, recoveryLimitMs } = this.options;
    const deadline = performance.now() + recoveryLimitMs;
    const { address: host, clientPort: port } = member;
    for (;;) {
      try {
        const client = await RawClient.open({ host, port, timeoutMs: sessionTimeoutMs });
        client.keepAlive(sessionTimeoutMs / 3);
        const result = await use(client);
        await client.close();
        return result;
      } catch (error) {
        if (!(error instanceof ConnectionLost) || performance.now() > deadline) throw error;
        await delay(RETRY_MS);
      }
    }
  }
}

function pickWeighted({ random }: Scene, faults: readonly Fault[]): Fault {
  let at = random.below(faults.reduce((sum, { weight }) => sum + weight, 0));
  for (const fault of faults) {
    if (at < fault.weight) return fault;
    at -= fault.weight;
  }
  throw new RangeError('no fault');
}

type Nodes = readonly (readonly [string, string])[];

/** Those that are there already were made by an attempt whose reply was lost. */
async function create(client: RawClient, nodes: Nodes): Promise<void> {
  for (const [path, data] of nodes) {
    const { error } = await client.request(Op.create, body.create(path, Buffer.from(data)));
    if (error !== ErrorCode.ok && error !== ErrorCode.nodeExists) throw new Error(`create ${path}: error ${error}`);
  }
}
