import { LOGGER, STORAGE, TRANSPORT } from '@zk/contracts';
import { EnsembleConfig } from '@zk/quorum';
import { MemoryStorage } from '@zk/storage-memory';
import { RawClient } from '@zk/test-client';
import { MemoryTransport } from '@zk/transport-memory';
import type { PeerOptions } from '@zk/zab';
import { filter, firstValueFrom } from 'rxjs';
import { ENSEMBLE, type EnsembleParts, type ServerOptions, type ZkServer, createServer } from '../src/index.js';
import { ErrorLog } from './harness.js';

/** Short where a test would only wait; long where a loaded machine must not matter. */
const quickly: Partial<PeerOptions> = {
  tickTimeMs: 1000,
  finalizeWaitMs: 20,
  minNotificationMs: 20,
  maxNotificationMs: 200,
};

export interface TrioOptions {
  readonly server?: Partial<ServerOptions>;
  readonly ensemble?: Partial<EnsembleParts>;
  /** Lines of the configuration; by default three participants. */
  readonly members?: readonly string[];
}

export const line = (id: number, role = 'participant'): string =>
  `server.${id}=127.0.0.1:${2800 + id}:${3800 + id}:${role};127.0.0.1:${2180 + id}`;

/** One server of an ensemble and what it keeps, through several lives. */
class Seat {
  readonly storage = new MemoryStorage();
  readonly log = new ErrorLog();
  server: ZkServer | undefined;

  constructor(readonly id: number) {}

  /** @throws Error unless it runs */
  get running(): ZkServer {
    if (this.server === undefined) throw new Error(`server ${this.id} does not run`);
    return this.server;
  }
}

/** An ensemble in one process, over memory. */
export class Trio {
  readonly transport = new MemoryTransport();
  readonly seats: Seat[];
  private readonly config: EnsembleConfig;

  constructor(private readonly options: TrioOptions = {}) {
    this.config = EnsembleConfig.parse((options.members ?? [line(1), line(2), line(3)]).join('\n'));
    this.seats = [...this.config.servers.keys()].map((id) => new Seat(Number(id)));
  }

  /** Starts all, and waits until all of them serve. */
  async start(): Promise<this> {
    await Promise.all(this.seats.map(({ id }) => this.startOne(id)));
    await this.serving();
    return this;
  }

  async startOne(id: number, config = this.config): Promise<ZkServer> {
    const { server: options, ensemble } = this.options;
    const seat = this.seatOf(id);
    seat.server = createServer({ tickTimeMs: 1000, serverId: id, clientPort: 2180 + id, ...options }, [
      [TRANSPORT, this.transport],
      [STORAGE, seat.storage],
      [LOGGER, seat.log.logger],
      [ENSEMBLE, { id: BigInt(id), config, transport: this.transport, peer: quickly, ...ensemble }],
    ]);
    await seat.server.start();
    return seat.server;
  }

  async stopOne(id: number): Promise<void> {
    const { server } = this.seatOf(id);
    this.seatOf(id).server = undefined;
    await server?.stop();
  }

  /** The power of one fails: what is not synced is gone. */
  async crash(id: number): Promise<void> {
    this.seatOf(id).storage.crash();
    await this.stopOne(id);
  }

  async stop(): Promise<void> {
    await Promise.all(this.seats.map(({ id }) => this.stopOne(id)));
  }

  /** Until every server that runs serves clients. */
  async serving(): Promise<void> {
    await Promise.all(this.running.map((server) => firstValueFrom(server.state$.pipe(filter((s) => s === 'serving')))));
  }

  get running(): ZkServer[] {
    return this.seats.flatMap(({ server }) => server ?? []);
  }

  get leader(): number {
    return this.idOf((role) => role === 'leader');
  }

  /** Any of those that follow. */
  get follower(): number {
    return this.idOf((role) => role === 'follower');
  }

  idOf(isWanted: (role: string) => boolean): number {
    const seat = this.seats.find(({ server }) => isWanted(server?.ensemble?.role.role ?? ''));
    if (seat === undefined) throw new Error('nobody has that role');
    return seat.id;
  }

  server(id: number): ZkServer {
    return this.seatOf(id).running;
  }

  connect(id: number, options: Partial<Parameters<typeof RawClient.connect>[1]> = {}): Promise<RawClient> {
    return RawClient.connect(this.transport, { host: '127.0.0.1', port: 2180 + id, timeoutMs: 10_000, ...options });
  }

  /** Comes back to the session of a client, at another server. */
  move(client: RawClient, to: number): Promise<RawClient> {
    return this.connect(to, { sessionId: client.sessionId, password: client.password });
  }

  /** Digests of the trees, once they all have come to the same transaction. */
  async digests(): Promise<readonly unknown[]> {
    const zxids = (): Set<bigint> => new Set(this.running.map(({ lastZxid }) => lastZxid));
    while (zxids().size > 1) await nextTurn();
    return this.running.map(({ database }) => ({ ...database.tree.digest }));
  }

  get errors(): readonly string[] {
    return this.seats.flatMap(({ log }) => log.errors);
  }

  private seatOf(id: number): Seat {
    return this.seats.find((seat) => seat.id === id)!;
  }
}

export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export async function until(isMet: () => boolean): Promise<void> {
  while (!isMet()) await nextTurn();
}
