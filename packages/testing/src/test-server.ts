import { type ClientOptions, connect } from '@zk/client';
import type { CallOptions, Duration, ZkClient } from '@zk/client-api';
import { CLOCK, LOGGER, type Logger, RANDOM, type RandomSource, SCHEDULER, STORAGE, TRANSPORT } from '@zk/contracts';
import type { Clock, Scheduler, Transport } from '@zk/contracts';
import { type SessionId, hex64, hiOf, loOf } from '@zk/model';
import {
  type Registration,
  type ServerOptions,
  type ZkServer,
  createServer,
  systemClock,
  systemRandom,
  systemScheduler,
} from '@zk/server';
import { MemoryStorage } from '@zk/storage-memory';
import { MemoryTransport } from '@zk/transport-memory';
import { TcpTransport } from '@zk/transport-tcp';
import type { Observable } from 'rxjs';
import type { SeenRequest } from './faults/conversation.js';
import type { Direction } from './faults/faulty-connection.js';
import { type FaultTarget, FaultyTransport, type SessionTarget, sessionIdOf } from './faults/faulty-transport.js';
import type { RequestKind } from './faults/request-kinds.js';
import { PausableScheduler } from './pausable-scheduler.js';
import { seededRandom } from './seeded-random.js';
import { VirtualTime } from './virtual-time.js';

export interface TestServerOptions {
  /** Listens on a TCP port of the loopback address, for clients in other processes; default: in memory. */
  readonly tcp?: boolean;
  /** Default 0, a free one, over TCP; 2181 in memory. */
  readonly port?: number;
  /** `virtual`: time passes when {@link TestServer.advance} says so, for server and clients. In memory only. Default `real`. */
  readonly clock?: 'real' | 'virtual';
  /** Seed of all chance in server and clients under virtual time; default 1. */
  readonly seed?: number;
  /**
   * Ports that lead to the server, all in the connection string: for a client these are as many servers, which share
   * everything. Default 1.
   */
  readonly addresses?: number;
  /** A network to share with other servers; default: one of its own. */
  readonly network?: MemoryTransport;
  /** Whatever a server can be told. Sessions may be as short as 100 ms here unless told otherwise. */
  readonly server?: Partial<ServerOptions>;
  readonly logger?: Logger;
}

/** Options of a client, without what the server decides. */
export type TestClientOptions = Omit<ClientOptions, 'transport' | 'runtime' | 'tls'> &
  CallOptions & {
    /** What all its paths are below, as at the end of a connection string. */
    readonly chroot?: string;
  };

const HOST = '127.0.0.1';
const MEMORY_PORT = 2181;

/** Short ticks, so that short sessions expire on time; no limits that a test would run into. */
const testDefaults: Partial<ServerOptions> = {
  tickTimeMs: 50,
  minSessionTimeoutMs: 100,
  maxSessionTimeoutMs: 3_600_000,
  maxClientConnections: 0,
  fourLetterWords: ['*'],
};

/**
 * A server for one test, up in milliseconds, and everything that can go wrong on the way to it. What it holds is in
 * memory; {@link stop} and {@link start} keep it, {@link close} forgets it.
 */
export class TestServer implements AsyncDisposable {
  /** Time itself, with {@link TestServerOptions.clock} `virtual`. */
  readonly time: VirtualTime | undefined;
  /** To dial the server with: what `createClient` takes. */
  readonly transport: Transport;
  /** What everything here lives by: the real one, or the virtual. */
  readonly runtime: { readonly clock: Clock; readonly scheduler: Scheduler; readonly random: RandomSource };
  /** What the server keeps, with faults of its own: full disks, slow syncs. */
  readonly storage: MemoryStorage;
  /** The faults below, and more, by themselves. */
  readonly faults: FaultyTransport;
  private readonly processor: PausableScheduler;
  private current: ZkServer | undefined;
  private listeningPorts: readonly number[];
  private closing: Promise<void> | undefined;
  private readonly clients = new Set<ZkClient>();

  /** Use {@link createTestServer}, which also starts it. */
  constructor(private readonly options: TestServerOptions = {}) {
    const { tcp = false, clock = 'real', seed = 1, network } = options;
    if (tcp && clock === 'virtual') throw new TypeError('sockets do not wait for virtual time: leave tcp out');
    if (tcp && network !== undefined) throw new TypeError('a network in memory has no TCP: leave one of them out');
    const time = clock === 'virtual' ? new VirtualTime() : undefined;
    this.time = time;
    this.runtime = {
      clock: time ?? systemClock,
      scheduler: time ?? systemScheduler,
      random: time === undefined ? systemRandom : seededRandom(seed),
    };
    const { scheduler } = this.runtime;
    this.transport = tcp ? new TcpTransport() : (network ?? new MemoryTransport({ scheduler }));
    this.faults = new FaultyTransport(this.transport, { scheduler });
    this.storage = new MemoryStorage({ defer: (callback) => scheduler.atTurnEnd(callback), clock: this.runtime.clock });
    this.processor = new PausableScheduler(scheduler);
    const port = options.port ?? (tcp || network !== undefined ? 0 : MEMORY_PORT);
    this.listeningPorts = Array.from({ length: options.addresses ?? 1 }, (_, index) => (port === 0 ? 0 : port + index));
  }

  /** The server itself. @throws Error while it is stopped */
  get server(): ZkServer {
    if (this.current === undefined) throw new Error('the server is stopped');
    return this.current;
  }

  /** `host:port`, or several, separated by commas; also while it is stopped. */
  get connectionString(): string {
    return this.listeningPorts.map((port) => `${HOST}:${port}`).join();
  }

  /** Where it listens; there are several with {@link TestServerOptions.addresses}. */
  get ports(): readonly number[] {
    return this.listeningPorts;
  }

  /** Starts it after {@link stop}, at the same address and with the data it had. */
  async start(): Promise<void> {
    if (this.current !== undefined) return;
    const { clock, random } = this.runtime;
    const registrations: Registration[] = [
      [TRANSPORT, this.faults],
      [STORAGE, this.storage],
      [CLOCK, clock],
      [SCHEDULER, this.processor],
      [RANDOM, random],
    ];
    if (this.options.logger !== undefined) registrations.push([LOGGER, this.options.logger]);
    const [port = 0, ...more] = this.listeningPorts;
    const settings = { ...testDefaults, clientHost: HOST, clientPort: port, ...this.options.server };
    const server = createServer(settings, registrations);
    await this.pass(server.start());
    this.current = server;
    const ports = [server.clientAddress.port];
    for (const other of more) ports.push(await this.faults.addEntrance(ports[0]!, other));
    this.listeningPorts = ports;
  }

  /** A client, connected; it lives in the same time as the server, and is closed with it. */
  async connect(options: TestClientOptions = {}): Promise<ZkClient> {
    const { chroot = '', ...own } = options;
    const inVirtualTime = this.time === undefined ? {} : { runtime: this.runtime };
    const servers = `${this.connectionString}${chroot}`;
    const client = await connect(servers, { ...own, ...inVirtualTime, transport: this.transport });
    this.clients.add(client);
    return client;
  }

  /** Stops it as an operator would: sessions and data stay, connections close. */
  async stop(): Promise<void> {
    const server = this.current;
    if (server === undefined) return;
    this.current = undefined;
    this.resume();
    this.faults.release();
    await this.pass(server.stop());
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
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
    this.faults.disarm();
    this.resume();
    const closing = [...this.clients].map((client) => client.close());
    await this.pass(Promise.all(closing));
    await this.stop();
    this.faults.close();
  }

  // ---- faults

  /**
   * Ends a session as if its client had been silent for too long: ephemerals go, its connection is closed. Resolves
   * when that is done.
   * @throws Error when there is no such session
   */
  async expireSession(target: SessionTarget): Promise<void> {
    const id = sessionIdOf(target);
    const session = id === undefined ? undefined : this.server.sessions.get(hiOf(id), loOf(id));
    if (id === undefined || session === undefined) throw noSession(id);
    const { server } = this;
    await new Promise<void>((resolve) => {
      const subscription = server.sessions$.subscribe(({ kind, sessionId }) => {
        if (sessionId !== id || (kind !== 'expired' && kind !== 'closed')) return;
        subscription.unsubscribe();
        resolve();
      });
      if (!session.isClosing) server.expireSession(session);
    });
  }

  /** Sessions the server knows. */
  get sessionIds(): readonly SessionId[] {
    return [...this.server.sessions.sessions()].map(({ id }) => id);
  }

  /** {@link FaultyTransport.dropNextReply} */
  dropNextReply(kind: RequestKind, target?: FaultTarget): Promise<void> {
    return this.faults.dropNextReply(kind, target);
  }

  /** {@link FaultyTransport.dropNextRequest} */
  dropNextRequest(kind: RequestKind, target?: FaultTarget): Promise<void> {
    return this.faults.dropNextRequest(kind, target);
  }

  /** {@link FaultyTransport.stallAtNextReply} */
  stallAtNextReply(kind: RequestKind, target?: FaultTarget): Promise<void> {
    return this.faults.stallAtNextReply(kind, target);
  }

  /** {@link FaultyTransport.stallAtNextRequest} */
  stallAtNextRequest(kind: RequestKind, target?: FaultTarget): Promise<void> {
    return this.faults.stallAtNextRequest(kind, target);
  }

  /** {@link FaultyTransport.cut} */
  cut(target?: FaultTarget): number {
    return this.faults.cut(target);
  }

  /** {@link FaultyTransport.stall} */
  stall(target?: FaultTarget, direction?: Direction): void {
    this.faults.stall(target, direction);
  }

  /** {@link FaultyTransport.partition} */
  partition(target: SessionTarget): void {
    this.faults.partition(target);
  }

  /** {@link FaultyTransport.release} */
  release(target?: FaultTarget, direction?: Direction): void {
    this.faults.release(target, direction);
  }

  /** {@link FaultyTransport.refuseConnections} */
  refuseConnections(port?: number): Promise<void> {
    return this.faults.refuseConnections(port);
  }

  /** {@link FaultyTransport.acceptConnections} */
  acceptConnections(port?: number): Promise<void> {
    return this.faults.acceptConnections(port);
  }

  /** {@link FaultyTransport.requests$} */
  get requests$(): Observable<SeenRequest> {
    return this.faults.requests$;
  }

  /**
   * The process of the server stops, as by SIGSTOP or in a long pause of a garbage collector: nothing is read, nothing
   * answered, no session expires. Connections to it still open, and hear nothing.
   */
  pause(): void {
    this.processor.pause();
    this.faults.stall();
  }

  /** It goes on: what fell due meanwhile happens first, then what was sent meanwhile is read. */
  resume(): void {
    this.processor.resume();
    this.faults.release();
  }

  /** Lets virtual time pass; see {@link VirtualTime.advance}. @throws Error without virtual time */
  async advance(by: Duration): Promise<void> {
    if (this.time === undefined)
      throw new Error("time is real here: createTestServer({ clock: 'virtual' }) makes it yours");
    await this.time.advance(by);
  }

  private pass<T>(promise: Promise<T>): Promise<T> {
    return this.time === undefined ? promise : this.time.during(promise);
  }
}

/** A server, started. */
export async function createTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const server = new TestServer(options);
  await server.start();
  return server;
}

function noSession(id: SessionId | undefined): Error {
  return new Error(id === undefined ? 'the client has no session' : `the server has no session 0x${hex64(id)}`);
}
