/** One contender: acquires, writes, releases, again and again, on a connection that is anything but reliable. */
import { connect as dial } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type ZkClient, createClient } from '@zk/client';
import { op, utf8 } from '@zk/client-api';
import { type Hold, type Lockable, Mutex, ReadWriteLock, SemaphoreMutex } from '@zk/recipes';
import { FaultyTransport } from '@zk/testing';
import { TcpTransport } from '@zk/transport-tcp';
import type { SeededRandom } from '../lib/random.js';
import { type LockKind, type Report, type WorkerConfig, machineMs } from './messages.js';
import { ResourceClient } from './resource.js';

/** So that times of different processes can be compared; everything else as the machine has it. */
const clock = { wallMs: () => Date.now(), monotonicMs: machineMs };

export class Contender {
  private readonly network = new FaultyTransport(new TcpTransport());
  private readonly client: ZkClient;
  private readonly lock: Lockable<Hold>;
  private readonly resource: ResourceClient;
  private readonly killed = new Set<bigint>();

  constructor(
    private readonly config: WorkerConfig,
    private readonly number: number,
    private readonly random: SeededRandom,
    private readonly report: (report: Report) => void,
  ) {
    this.client = createClient(config.servers, {
      transport: this.network,
      runtime: { clock },
      sessionTimeout: config.sessionTimeoutMs,
    });
    this.lock = lockOf(config.lock, this.client, config.path, `contender ${number}`);
    this.resource = new ResourceClient(dial({ host: '127.0.0.1', port: config.resourcePort }));
  }

  async run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      try {
        await this.turn(stop);
      } catch (error) {
        const name = error instanceof Error ? error.name : String(error);
        this.count(name === 'AbortError' ? 'cancelled' : name === 'AcquireTimeoutError' ? 'timedOut' : name);
        if (!stop.aborted) await delay(5);
      }
    }
  }

  async close(): Promise<void> {
    this.network.release();
    await this.client.close();
    this.network.close();
    this.resource.close();
  }

  // ---- faults

  cut(): void {
    this.count('cut');
    this.network.cut();
  }

  /** A connection that is dead without a word, and so are all new ones, for a while. */
  async stall(ms: number): Promise<void> {
    this.count('stalled');
    this.network.stall(undefined, this.random.pick(['both', 'toClient', 'toServer'] as const));
    await delay(ms);
    this.network.release();
  }

  /** Somebody else ends the session: the one end that a client cannot foresee. */
  async kill(): Promise<void> {
    const { session } = this.client;
    if (session === undefined) return;
    this.count('killed');
    this.killed.add(session.id);
    const { id, password } = session;
    const thief = createClient(this.config.servers, { session: { id, password }, renewSession: false });
    await thief.connected({ timeout: '5s' }).catch(() => undefined);
    await thief.close();
  }

  // ---- one turn

  private async turn(stop: AbortSignal): Promise<void> {
    const roll = this.random.below(10);
    const patience = new AbortController();
    const giveUp = (): void => patience.abort();
    stop.addEventListener('abort', giveUp);
    const timer = roll === 0 ? setTimeout(giveUp, this.random.below(this.config.sessionTimeoutMs)) : undefined;
    const startedMs = machineMs();
    try {
      const hold = await this.lock.acquire({
        signal: patience.signal,
        ...(roll === 1 ? { timeout: this.random.below(this.config.sessionTimeoutMs) } : {}),
      });
      const waitedMs = machineMs() - startedMs;
      await this.hold(hold, waitedMs);
    } finally {
      clearTimeout(timer);
      stop.removeEventListener('abort', giveUp);
    }
  }

  private async hold(hold: Hold, waitedMs: number): Promise<void> {
    const { session } = this.client;
    const fromMs = machineMs();
    let toMs = fromMs;
    try {
      await this.work(hold);
    } finally {
      const now = machineMs();
      const isHeld = hold.isHeld;
      // Lost: until when it could believe to hold it, looking at the clock at every step, was the deadline.
      toMs = isHeld ? now : Math.min(now, session?.deadlineMs ?? fromMs);
      await hold.release();
      this.report({
        kind: 'hold',
        contender: this.number,
        token: hold.token,
        waitedMs,
        fromMs,
        toMs: Math.max(fromMs, toMs),
        wasKilled: this.killed.has(hold.sessionId),
        wasLost: !isHeld,
      });
    }
  }

  private async work(hold: Hold): Promise<void> {
    for (let writes = this.random.between(1, 3); writes > 0; writes--) {
      hold.assertHeld();
      if ((await this.resource.write(hold.token, this.number)) === 'stale') this.count('stale');
    }
    if (this.random.chance(0.5)) {
      const [{ stat }] = await hold.guardedMulti([op.set(`${this.config.path}-value`, utf8.encode(`${hold.token}`))]);
      this.report({ kind: 'guarded', token: hold.token, zxid: stat.mzxid });
    }
    if (this.random.chance(0.1)) await delay(this.random.between(1, 5));
    if (this.config.faultsPerSecond > 0 && this.random.chance(0.01)) await this.failWhileHolding(hold);
  }

  /**
   * What locks alone cannot prevent: the holder has looked, then something happens, and then its write arrives. Long
   * after another one holds, as the case may be.
   */
  private async failWhileHolding(hold: Hold): Promise<void> {
    const { sessionTimeoutMs } = this.config;
    hold.assertHeld();
    const way = this.random.below(3);
    const trouble = way === 0 ? this.stall(sessionTimeoutMs * 2) : way === 1 ? this.kill() : undefined;
    if (trouble === undefined) this.cut();
    await delay(this.random.below(sessionTimeoutMs * 2.5));
    if ((await this.resource.write(hold.token, this.number)) === 'stale') this.count('stale');
    await trouble;
    hold.assertHeld();
  }

  private count(what: string): void {
    this.report({ kind: 'count', what });
  }
}

function lockOf(kind: LockKind, client: ZkClient, path: string, identity: string): Lockable<Hold> {
  if (kind === 'mutex') return new Mutex(client, path, { identity });
  return kind === 'write'
    ? new ReadWriteLock(client, path, { identity }).write
    : new SemaphoreMutex(client, path, { identity });
}
