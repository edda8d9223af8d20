import { connect } from '@zk/client';
import type { ZkClient } from '@zk/client-api';
import { LOGGER, type Logger, STORAGE, TRANSPORT, type Transport } from '@zk/contracts';
import { EnsembleConfig } from '@zk/quorum';
import {
  ENSEMBLE,
  type EnsembleParts,
  type Registration,
  type ServerOptions,
  type ZkServer,
  createServer,
} from '@zk/server';
import { MemoryStorage } from '@zk/storage-memory';
import { MemoryTransport } from '@zk/transport-memory';
import { filter, firstValueFrom } from 'rxjs';
import { Island } from './islands.js';
import type { TestClientOptions } from './test-server.js';

export interface TestEnsembleOptions {
  /** Voters; default 3. */
  readonly servers?: number;
  /** Default 0. */
  readonly observers?: number;
  /** Whatever a server can be told. */
  readonly server?: Partial<ServerOptions>;
  /** Whatever a member of an ensemble can be told besides. */
  readonly member?: Partial<Omit<EnsembleParts, 'id' | 'config' | 'transport'>>;
  readonly logger?: Logger;
}

const HOST = '127.0.0.1';
const CLIENT_PORT = 2180;
const QUORUM_PORT = 2800;
const ELECTION_PORT = 3800;
const TICK_MS = 200;

/** Elections end soon, and a server that is cut off notices within a second or two. */
const quickly = {
  tickTimeMs: TICK_MS,
  syncLimitTicks: 5,
  initLimitTicks: 50,
  finalizeWaitMs: 20,
  minNotificationMs: 20,
};

/** One server of the ensemble, and what it keeps from life to life. */
class Member {
  readonly storage = new MemoryStorage();
  readonly island: Island;
  server: ZkServer | undefined;

  constructor(
    readonly id: number,
    network: Transport,
  ) {
    this.island = new Island(network);
  }
}

/**
 * An ensemble for one test: real servers that elect, lead and follow, in memory and in this process, up in a tenth of a
 * second. Servers are called by their numbers, from 1 on; the observers come last. The process lives until it is closed.
 */
export class TestEnsemble implements AsyncDisposable {
  /** To dial any of them with: what `createClient` takes. */
  readonly transport = new MemoryTransport();
  private readonly members: readonly Member[];
  private readonly config: EnsembleConfig;
  private readonly clients = new Set<ZkClient>();
  /** Servers keep no process alive by themselves, and in memory nothing else does while they elect. */
  private readonly hold = setInterval(() => undefined, 0x7fff_ffff);
  private closing: Promise<void> | undefined;

  /** Use {@link createTestEnsemble}, which also starts it. */
  constructor(private readonly options: TestEnsembleOptions = {}) {
    const { servers = 3, observers = 0 } = options;
    const ids = Array.from({ length: servers + observers }, (_, index) => index + 1);
    const lines = ids.map((id) => memberLine(id, id > servers ? 'observer' : 'participant'));
    this.config = EnsembleConfig.parse(lines.join('\n'));
    this.members = ids.map((id) => new Member(id, this.transport));
  }

  /** All of them, or the address of one. */
  connectionString(id?: number): string {
    const ids = id === undefined ? this.ids : [id];
    return ids.map((each) => `${HOST}:${CLIENT_PORT + each}`).join();
  }

  get ids(): readonly number[] {
    return this.members.map(({ id }) => id);
  }

  /** Numbers of those that are not stopped. */
  get running(): readonly number[] {
    return this.members.filter(({ server }) => server !== undefined).map(({ id }) => id);
  }

  /** The number of the server that leads; undefined while there is none. */
  get leader(): number | undefined {
    return this.members.find(({ server }) => roleOf(server) === 'leader')?.id;
  }

  /** Numbers of those that follow or observe. */
  get learners(): readonly number[] {
    return this.members.filter(({ server }) => isLearner(roleOf(server))).map(({ id }) => id);
  }

  /** @throws Error while it is stopped, or there is no such server */
  server(id: number): ZkServer {
    const { server } = this.member(id);
    if (server === undefined) throw new Error(`server ${id} is stopped`);
    return server;
  }

  /** What it keeps, with faults of its own: full disks, slow syncs. */
  storage(id: number): MemoryStorage {
    return this.member(id).storage;
  }

  /** Starts one, with the data it had. Resolves before it serves; see {@link serving}. */
  async start(id: number): Promise<void> {
    const member = this.member(id);
    if (member.server !== undefined) return;
    const { logger, server: settings, member: parts } = this.options;
    const peer = { ...quickly, ...parts?.peer };
    const { id: number, island, storage } = member;
    const registrations: Registration[] = [
      [TRANSPORT, island],
      [STORAGE, storage],
      [ENSEMBLE, { ...parts, id: BigInt(number), config: this.config, transport: island, peer }],
      ...(logger === undefined ? [] : [[LOGGER, logger] as const]),
    ];
    member.server = createServer(
      {
        tickTimeMs: TICK_MS,
        minSessionTimeoutMs: 2 * TICK_MS,
        maxSessionTimeoutMs: 3_600_000,
        maxClientConnections: 0,
        serverId: number,
        clientHost: HOST,
        clientPort: CLIENT_PORT + number,
        ...settings,
      },
      registrations,
    );
    await member.server.start();
  }

  /** Stops one as an operator would. */
  async stop(id: number): Promise<void> {
    const member = this.member(id);
    const { server } = member;
    member.server = undefined;
    await server?.stop();
  }

  /** The power of one fails: what is not durable is lost. */
  async kill(id: number): Promise<void> {
    this.member(id).storage.crash();
    await this.stop(id);
  }

  /** Nobody reaches it, and it reaches nobody: neither servers nor clients. */
  isolate(id: number): void {
    this.member(id).island.cutOff();
  }

  /** It is part of the network again. */
  rejoin(id: number): void {
    this.member(id).island.rejoin();
  }

  /** Resolves when these servers, by default all that run, serve clients. */
  async serving(...ids: readonly number[]): Promise<void> {
    const wanted = (ids.length > 0 ? ids : this.running).map((id) => this.server(id));
    await Promise.all(
      wanted.map((server) => firstValueFrom(server.state$.pipe(filter((state) => state === 'serving')))),
    );
  }

  /** A client of any of them, or of one, connected; it is closed with the ensemble. */
  async connect({
    server,
    chroot = '',
    ...options
  }: TestClientOptions & { readonly server?: number } = {}): Promise<ZkClient> {
    const client = await connect(`${this.connectionString(server)}${chroot}`, {
      ...options,
      transport: this.transport,
    });
    this.clients.add(client);
    return client;
  }

  /** Closes the clients that {@link connect} has made, and ends everything. Idempotent. */
  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private async end(): Promise<void> {
    for (const { island } of this.members) island.rejoin();
    await Promise.all([...this.clients].map((client) => client.close()));
    await Promise.all(this.ids.map((id) => this.stop(id)));
    clearInterval(this.hold);
  }

  private member(id: number): Member {
    const member = this.members[id - 1];
    if (member === undefined)
      throw new Error(`there is no server ${id}: they are numbered from 1 to ${this.members.length}`);
    return member;
  }
}

/** A server of the ensemble as a line of its configuration, for `reconfig`. */
export function memberLine(id: number, role: 'participant' | 'observer' = 'participant'): string {
  return `server.${id}=${HOST}:${QUORUM_PORT + id}:${ELECTION_PORT + id}:${role};${HOST}:${CLIENT_PORT + id}`;
}

/** An ensemble, started: every server serves clients. */
export async function createTestEnsemble(options: TestEnsembleOptions = {}): Promise<TestEnsemble> {
  const ensemble = new TestEnsemble(options);
  await Promise.all(ensemble.ids.map((id) => ensemble.start(id)));
  await ensemble.serving();
  return ensemble;
}

function roleOf(server: ZkServer | undefined): string | undefined {
  const role = server?.ensemble?.role;
  return role?.isServing === true ? role.role : undefined;
}

function isLearner(role: string | undefined): boolean {
  return role === 'follower' || role === 'observer';
}
