/** The clients of a run: each with a session of its own, all at work until they are told to rest. */
import { setTimeout as delay } from 'node:timers/promises';
import { SeededRandom } from '../../lib/random.js';
import { Caller, isAnswer } from './caller.js';
import type { History } from './history.js';
import { countUnderLock } from './locker.js';
import { barrierWrite, OPERATIONS, type Operation } from './operations.js';
import { type Endpoint, WorkSession } from './session.js';

export interface WorkersOptions {
  readonly endpoints: readonly Endpoint[];
  readonly seed: number;
  readonly mixed: number;
  readonly lockers: number;
  readonly sessionTimeoutMs: number;
  /** Longest pause of a worker between two operations. */
  readonly thinkMs: number;
}

const SESSION_END_CHANCE = 0.01;
const ABANDON_CHANCE = 0.3;
const MAX_EPHEMERALS = 5;
const totalWeight = OPERATIONS.reduce((sum, [weight]) => sum + weight, 0);

export class Workers {
  private readonly workers: Worker[] = [];
  private rounds: Promise<void>[] = [];
  private isWorking = false;
  private connections = 0;

  constructor(
    readonly history: History,
    options: WorkersOptions,
  ) {
    for (let i = 0; i < options.mixed + options.lockers; i++) {
      const random = new SeededRandom(options.seed + 1_000 * (i + 1));
      const nextConnection = (): number => ++this.connections;
      const { endpoints, sessionTimeoutMs } = options;
      const session = new WorkSession(endpoints, random, history, sessionTimeoutMs, nextConnection);
      const caller = new Caller(session, history, i + 1);
      this.workers.push(new Worker(caller, random, i < options.mixed, options.thinkMs));
    }
  }

  /** Ids of the sessions that are kept alive. */
  get living(): Set<bigint> {
    return new Set(this.workers.map(({ caller }) => caller.session.id).filter((id) => id !== 0n));
  }

  get callers(): Caller[] {
    return this.workers.map(({ caller }) => caller);
  }

  start(epoch: number): void {
    this.isWorking = true;
    this.rounds = this.workers.map((worker) => worker.work(epoch, () => this.isWorking));
  }

  /** Until every worker has finished what it does; their sessions stay. */
  async rest(): Promise<void> {
    this.isWorking = false;
    await Promise.all(this.rounds);
  }

  /**
   * Every session is served and has a write answered before the deadline: the ensemble has recovered as far as clients
   * can tell. Names of the workers for which that is not so.
   */
  async unserved(deadlineMs: number): Promise<string[]> {
    const deadline = performance.now() + deadlineMs;
    const isEarly = (): boolean => performance.now() < deadline;
    const results = await Promise.all(this.workers.map(({ caller }) => isServed(caller, isEarly)));
    return results.flatMap((served, i) => (served ? [] : [`worker ${i + 1}`]));
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.map(({ caller }) => caller.session.close()));
  }
}

async function isServed(caller: Caller, isEarly: () => boolean): Promise<boolean> {
  while (await caller.session.ready(isEarly)) {
    if (isAnswer(await barrierWrite(caller))) return true;
  }
  return false;
}

class Worker {
  private readonly versions = new Map<string, number>();
  private ephemerals: string[] = [];
  private ephemeralsOf = 0n;

  constructor(
    readonly caller: Caller,
    private readonly random: SeededRandom,
    private readonly isMixed: boolean,
    private readonly thinkMs: number,
  ) {}

  async work(epoch: number, isWanted: () => boolean): Promise<void> {
    while (await this.caller.session.ready(isWanted)) {
      if (!isWanted()) return;
      await (this.isMixed ? this.mixed(epoch) : countUnderLock(this.caller, isWanted));
      await delay(this.random.below(this.thinkMs + 1));
    }
  }

  private async mixed(epoch: number): Promise<void> {
    const { caller, random, versions } = this;
    const { session } = caller;
    if (session.id !== this.ephemeralsOf) {
      this.ephemeralsOf = session.id;
      this.ephemerals = [];
    }
    if (this.ephemerals.length > MAX_EPHEMERALS || random.chance(SESSION_END_CHANCE)) {
      if (random.chance(ABANDON_CHANCE)) session.abandon();
      else await session.close();
      return;
    }
    await choose(random)({ caller, random, epoch, versions, ephemerals: this.ephemerals });
  }
}

function choose(random: SeededRandom): Operation {
  let at = random.below(totalWeight);
  for (const [weight, operation] of OPERATIONS) {
    if (at < weight) return operation;
    at -= weight;
  }
  throw new RangeError('no operation');
}
