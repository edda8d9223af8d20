import type { ZkServer } from '@zk/server';
import type { MemoryStorage } from '@zk/storage-memory';
import { RawClient } from '@zk/test-client';
import { TestEnsemble, type TestEnsembleOptions } from '@zk/testing';
import { ErrorLog } from './harness.js';

/** Long where a loaded machine must not matter. */
const TICK_MS = 1000;

export type TrioOptions = Pick<TestEnsembleOptions, 'observers' | 'server' | 'member'>;

/** Three servers in one process, over memory, observers besides, and clients that show every reply. */
export class Trio {
  private readonly ensemble: TestEnsemble;
  private readonly log = new ErrorLog();

  constructor({ observers = 0, server, member }: TrioOptions = {}) {
    this.ensemble = new TestEnsemble({
      observers,
      server: { tickTimeMs: TICK_MS, ...server },
      member: { ...member, peer: { tickTimeMs: TICK_MS, ...member?.peer } },
      logger: this.log.logger,
    });
  }

  /** Starts all, or these, and waits until they serve. */
  async start(...ids: readonly number[]): Promise<this> {
    const { ensemble } = this;
    await Promise.all((ids.length > 0 ? ids : ensemble.ids).map((id) => ensemble.start(id)));
    await ensemble.serving();
    return this;
  }

  async stopOne(id: number): Promise<void> {
    await this.ensemble.stop(id);
  }

  /** The power of one fails: what is not synced is gone. */
  async crash(id: number): Promise<void> {
    await this.ensemble.kill(id);
  }

  /** Stops all. Nothing may have gone wrong in any of them. */
  async end(): Promise<void> {
    await this.ensemble.close();
    expect(this.log.errors).toEqual([]);
  }

  /** Until every server that runs serves clients. */
  serving(): Promise<void> {
    return this.ensemble.serving();
  }

  /** Until no server that runs has a leader. */
  async electing(): Promise<void> {
    await until(() => this.running.every(({ state }) => state === 'electing'));
  }

  get transport(): TestEnsemble['transport'] {
    return this.ensemble.transport;
  }

  get running(): ZkServer[] {
    return this.ensemble.running.map((id) => this.server(id));
  }

  /** @throws Error when nobody leads */
  get leader(): number {
    return numbered(this.ensemble.leader);
  }

  /** Any of those that follow. @throws Error when nobody does */
  get follower(): number {
    return numbered(this.ensemble.learners[0]);
  }

  server(id: number): ZkServer {
    return this.ensemble.server(id);
  }

  storage(id: number): MemoryStorage {
    return this.ensemble.storage(id);
  }

  connect(id: number, options: Partial<Parameters<typeof RawClient.connect>[1]> = {}): Promise<RawClient> {
    const [host, port] = this.ensemble.connectionString(id).split(':');
    return RawClient.connect(this.transport, { host: host!, port: Number(port), timeoutMs: 10_000, ...options });
  }

  /** Comes back to the session of a client, at another server. */
  move(client: RawClient, to: number): Promise<RawClient> {
    return this.connect(to, { sessionId: client.sessionId, password: client.password });
  }

  /** Digests of the trees, once they all have come to the same transaction. */
  async digests(): Promise<readonly unknown[]> {
    const zxids = (): Set<bigint> => new Set(this.running.map(({ lastZxid }) => lastZxid));
    await until(() => zxids().size <= 1);
    return this.running.map(({ database }) => ({ ...database.tree.digest }));
  }
}

function numbered(id: number | undefined): number {
  if (id === undefined) throw new Error('nobody has that role');
  return id;
}

export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export async function until(isMet: () => boolean): Promise<void> {
  while (!isMet()) await nextTurn();
}
