import type {
  Connection,
  ConnectionHandler,
  DialOptions,
  Listener,
  ListenOptions,
  Scheduler,
  Transport,
} from '@zk/contracts';
import type { SessionId } from '@zk/model';
import { type Observable, Subject } from 'rxjs';
import type { SeenRequest } from './conversation.js';
import { type Direction, type FaultHost, FaultyConnection } from './faulty-connection.js';
import type { Verdict } from './header-scanner.js';
import type { RequestKind } from './request-kinds.js';

/** One session: its id, or a client, whatever its session is by then. */
export type SessionTarget = SessionId | { readonly session: { readonly id: SessionId } | undefined };

/** Whose connections are meant: those of a session, those to a port of the server, or all. */
export type FaultTarget = SessionTarget | { readonly port: number } | undefined;

export interface FaultyTransportOptions {
  /** Decides when held bytes are passed on; absent: the event loop. */
  readonly scheduler?: Pick<Scheduler, 'atTurnEnd'>;
}

interface ArmedFault {
  readonly at: 'request' | 'reply';
  readonly verdict: 'drop' | 'stall';
  readonly kind: RequestKind;
  readonly target: FaultTarget;
  readonly happened: () => void;
}

type Accept = (connection: Connection) => ConnectionHandler | undefined;

/** One port that leads to a server. */
interface Entrance {
  readonly options: ListenOptions;
  readonly accept: Accept;
  /** Undefined while it refuses. */
  listener: Listener | undefined;
}

const eventLoop: Pick<Scheduler, 'atTurnEnd'> = { atTurnEnd: (callback) => void setImmediate(callback) };

/**
 * A transport with faults on request, around any other: around a server's it meets every client there is, around a
 * client's it works with any server. Around both, a fault happens twice.
 */
export class FaultyTransport implements Transport {
  private readonly connections = new Set<FaultyConnection>();
  private readonly entrances = new Set<Entrance>();
  private readonly armed = new Set<ArmedFault>();
  private readonly seen = new Subject<SeenRequest>();
  private readonly scheduler: Pick<Scheduler, 'atTurnEnd'>;
  private readonly stalled = { toServer: false, toClient: false };
  private readonly partitioned = new Set<SessionTarget>();
  private isRefusing = false;
  private readonly host: FaultHost;

  constructor(
    private readonly inner: Transport,
    options: FaultyTransportOptions = {},
  ) {
    this.scheduler = options.scheduler ?? eventLoop;
    this.host = {
      later: (callback) => this.scheduler.atTurnEnd(callback),
      forget: (connection) => this.connections.delete(connection),
      request: (request, port) => {
        this.seen.next(request);
        return request.kind === 'connect' && this.isPartitioned(request.sessionId)
          ? 'stall'
          : this.judge('request', request, port);
      },
      reply: (request, port) => this.judge('reply', request, port),
    };
  }

  /** Every request on its way to a server, pings included. Hot, without replay; ends with {@link close}. */
  get requests$(): Observable<SeenRequest> {
    return this.seen.asObservable();
  }

  /** Connections that are open at this end. */
  get connectionCount(): number {
    return this.connections.size;
  }

  // ---- Transport

  async listen(options: ListenOptions, accept: Accept): Promise<Listener> {
    const { host, port } = await this.open(options, accept);
    return {
      host,
      port,
      close: async () => {
        for (const entrance of this.entrances) {
          if (entrance.accept !== accept) continue;
          this.entrances.delete(entrance);
          await entrance.listener?.close();
        }
      },
    };
  }

  async dial(options: DialOptions, open: (connection: Connection) => ConnectionHandler): Promise<Connection> {
    if (this.isRefusing) throw refusedError(options);
    let faulty: FaultyConnection | undefined;
    await this.inner.dial(options, (connection) => {
      faulty = this.wrap(connection, 'client');
      faulty.attach(open(faulty));
      return faulty.heard;
    });
    if (faulty === undefined) throw new Error('the transport has connected without asking for a handler');
    return faulty;
  }

  // ---- faults

  /**
   * Loses the next reply to a request of this kind: the server has done what was asked, the client never hears it, and
   * the connection breaks. Resolves when it has happened.
   */
  dropNextReply(kind: RequestKind, target?: FaultTarget): Promise<void> {
    return this.arm('reply', 'drop', kind, target);
  }

  /**
   * Loses the next request of this kind: the server never sees it, and the connection breaks. For the client that
   * looks the same.
   */
  dropNextRequest(kind: RequestKind, target?: FaultTarget): Promise<void> {
    return this.arm('request', 'drop', kind, target);
  }

  /** Stalls the direction to the client from the next reply of this kind on. */
  stallAtNextReply(kind: RequestKind, target?: FaultTarget): Promise<void> {
    return this.arm('reply', 'stall', kind, target);
  }

  /** Stalls the direction to the server from the next request of this kind on. */
  stallAtNextRequest(kind: RequestKind, target?: FaultTarget): Promise<void> {
    return this.arm('request', 'stall', kind, target);
  }

  /** Takes back faults that have not happened; their promises stay pending. */
  disarm(): void {
    this.armed.clear();
  }

  /** Breaks connections: both ends hear of it at once, what was under way is lost. Returns how many there were. */
  cut(target?: FaultTarget): number {
    const connections = this.connectionsOf(target);
    for (const connection of connections) connection.cut();
    return connections.length;
  }

  /**
   * Lets nothing through, in one direction or both, and neither end hear that the other closes. With a target that
   * concerns the connections it has at the moment: a half-open one, which its client can leave for another. Without
   * one it includes connections yet to come.
   */
  stall(target?: FaultTarget, direction: Direction = 'both'): void {
    if (target === undefined) this.setStalled(direction, true);
    for (const connection of this.connectionsOf(target)) connection.stall(direction);
  }

  /** Stalls the connections of a session, and those its client makes to come back to it. */
  partition(target: SessionTarget): void {
    this.partitioned.add(target);
    this.stall(target);
  }

  /** Ends stalls and partitions: what was under way arrives. */
  release(target?: FaultTarget, direction: Direction = 'both'): void {
    if (target === undefined) {
      this.setStalled(direction, false);
      this.partitioned.clear();
    } else if (!isPort(target)) {
      this.partitioned.delete(target);
    }
    for (const connection of this.connectionsOf(target)) connection.release(direction);
  }

  /** Lets a port refuse, or all: connecting fails with ECONNREFUSED. Open connections stay. */
  async refuseConnections(port?: number): Promise<void> {
    if (port === undefined) this.isRefusing = true;
    for (const entrance of this.entrancesAt(port)) {
      const { listener } = entrance;
      entrance.listener = undefined;
      await listener?.close();
    }
  }

  /** Listens again, at the same addresses. */
  async acceptConnections(port?: number): Promise<void> {
    this.isRefusing = false;
    for (const entrance of this.entrancesAt(port)) {
      entrance.listener ??= await this.inner.listen(entrance.options, (connection) =>
        this.accepted(connection, entrance.accept),
      );
    }
  }

  /** One more port, to the same server as the given one: for the client it is another server. @returns its number */
  async addEntrance(port: number, newPort = 0): Promise<number> {
    const [entrance] = this.entrancesAt(port);
    if (entrance === undefined) throw new RangeError(`nobody listens at port ${port}`);
    return (await this.open({ ...entrance.options, port: newPort }, entrance.accept)).port;
  }

  /** Cuts what is still open, also what one end has given up behind the back of the other. */
  close(): void {
    this.disarm();
    this.setStalled('both', false);
    this.cut();
    this.seen.complete();
  }

  private async open(options: ListenOptions, accept: Accept): Promise<Listener> {
    const listener = await this.inner.listen(options, (connection) => this.accepted(connection, accept));
    this.entrances.add({ options: { ...options, port: listener.port }, accept, listener });
    return listener;
  }

  private entrancesAt(port: number | undefined): Entrance[] {
    return [...this.entrances].filter(({ options }) => port === undefined || options.port === port);
  }

  private accepted(connection: Connection, accept: Accept): ConnectionHandler | undefined {
    const faulty = this.wrap(connection, 'server');
    const handler = accept(faulty);
    if (handler === undefined) {
      this.connections.delete(faulty);
      return undefined;
    }
    faulty.attach(handler);
    return faulty.heard;
  }

  private wrap(connection: Connection, side: 'client' | 'server'): FaultyConnection {
    const faulty = new FaultyConnection(connection, side, this.host);
    this.connections.add(faulty);
    if (this.stalled.toServer) faulty.stall('toServer');
    if (this.stalled.toClient) faulty.stall('toClient');
    return faulty;
  }

  private setStalled(direction: Direction, isStalled: boolean): void {
    if (direction !== 'toClient') this.stalled.toServer = isStalled;
    if (direction !== 'toServer') this.stalled.toClient = isStalled;
  }

  private arm(
    at: ArmedFault['at'],
    verdict: ArmedFault['verdict'],
    kind: RequestKind,
    target: FaultTarget,
  ): Promise<void> {
    return new Promise((resolve) => this.armed.add({ at, verdict, kind, target, happened: resolve }));
  }

  private judge(at: ArmedFault['at'], request: SeenRequest, port: number): Verdict {
    for (const fault of this.armed) {
      const isMeant = fault.kind === request.kind || (fault.kind === 'any' && request.kind !== 'connect');
      if (fault.at !== at || !isMeant || !isOf(fault.target, request.sessionId, port)) continue;
      this.armed.delete(fault);
      this.scheduler.atTurnEnd(fault.happened);
      return fault.verdict;
    }
    return 'pass';
  }

  /** Whether the session must not come back; if so, its new connection is stalled both ways. */
  private isPartitioned(sessionId: SessionId | undefined): boolean {
    if (sessionId === undefined) return false;
    const isPartitioned = [...this.partitioned].some((target) => sessionIdOf(target) === sessionId);
    if (isPartitioned) this.stall(sessionId);
    return isPartitioned;
  }

  private connectionsOf(target: FaultTarget): FaultyConnection[] {
    return [...this.connections].filter(({ conversation }) => isOf(target, conversation.sessionId, conversation.port));
  }
}

/** The id of a session that a target names; undefined when it names none at present. */
export function sessionIdOf(target: SessionTarget): SessionId | undefined {
  return typeof target === 'bigint' ? target : target.session?.id;
}

function isPort(target: Exclude<FaultTarget, undefined>): target is { readonly port: number } {
  return typeof target === 'object' && 'port' in target;
}

function isOf(target: FaultTarget, sessionId: SessionId | undefined, port: number): boolean {
  if (target === undefined) return true;
  if (isPort(target)) return target.port === port;
  return sessionId !== undefined && sessionIdOf(target) === sessionId;
}

function refusedError({ host, port }: DialOptions): Error {
  const message = `connect ECONNREFUSED ${host}:${port}`;
  return Object.assign(new Error(message), { code: 'ECONNREFUSED', syscall: 'connect', address: host, port });
}
