import type { Connection, ConnectionHandler, Logger, RandomSource, Scheduler, Timer, Transport } from '@zk/contracts';
import { type ServerId, bracketed } from '@zk/quorum';
import {
  ElectionStream,
  type InitialMessage,
  type Notification,
  encodeInitialMessage,
  encodeNotification,
  keepsDialled,
} from '@zk/zab';
import { type DiallingOptions, type HostAndPort, deaf, dialAny, isReachable, parseHostAndPort } from './dialling.js';
import { ElectionConnection } from './election-connection.js';

export interface ElectionNetworkOptions {
  readonly id: ServerId;
  readonly dialling: DiallingOptions;
  /** All of this server's addresses are told to others (`multiAddress.enabled`); else the first. */
  readonly isMultiAddress: boolean;
  /** How long a server with several addresses may take to answer while there is a connection; 0: it is not asked. */
  readonly reachabilityTimeoutMs: number;
  /** How long somebody who connects may take to say who it is. */
  readonly handshakeTimeoutMs: number;
}

export interface ElectionNetworkHost {
  /** Election addresses by the configuration; empty for a server that is not in it. */
  addressesOf(server: ServerId): readonly HostAndPort[];
  notified(from: ServerId, notification: Notification): void;
  /** A connection was refused, or came to be. */
  reachable(server: ServerId, isReachable: boolean): void;
}

export interface ElectionNetworkPorts {
  /** Of election ports. */
  readonly transport: Transport;
  readonly scheduler: Scheduler;
  readonly random: RandomSource;
  readonly logger: Logger;
}

/** What is known of the way to one server. */
interface Channel {
  readonly server: ServerId;
  connection: ElectionConnection | undefined;
  /** The newest message that has not left; an older one is of no use to anybody. */
  pending: Uint8Array | undefined;
  /** Repeated on a new connection: the end of the old one may have swallowed it. */
  last: Uint8Array | undefined;
  isDialling: boolean;
  isVerifying: boolean;
  failures: number;
  retry: Timer | undefined;
  /** Runs while the connection is new. */
  fresh: Timer | undefined;
}

const FIRST_RETRY_MS = 100;
/** For so long a connection is not given up because the other server asks for one: it asked before. */
const FRESH_MS = 100;
const LONGEST_RETRY_MS = 2000;
/** Connections that have not said whose they are. */
const MAX_STRANGERS = 64;
/** Servers that are known at once; those of the configuration are always let in. */
const MAX_CHANNELS = 256;

/**
 * The connections of elections: one for each pair of servers, dialled by the one with the greater id (spec: election,
 * section 1). The other one dials too, says who it is, and hangs up: a request to be called back. Only the newest message for
 * each server is kept, and it is delivered as soon as there is a way to. A lost connection is dialled again at once, and
 * then, ever less often, as long as something waits to be said.
 */
export class ElectionNetwork {
  private readonly channels = new Map<ServerId, Channel>();
  private readonly strangers = new Set<Connection>();
  private isStopped = false;

  constructor(
    private readonly ports: ElectionNetworkPorts,
    private readonly options: ElectionNetworkOptions,
    private readonly host: ElectionNetworkHost,
  ) {}

  /** Servers with an open connection. */
  get connected(): readonly ServerId[] {
    return [...this.channels.values()]
      .filter((channel) => channel.connection !== undefined)
      .map(({ server }) => server);
  }

  /** Servers that something is kept for. */
  get size(): number {
    return this.channels.size;
  }

  send(to: ServerId, notification: Notification): void {
    if (this.isStopped) return;
    const channel = this.channelOf(to);
    channel.pending = framed(encodeNotification(notification));
    this.flush(channel);
    if (channel.connection !== undefined) void this.verify(channel, channel.connection);
    else if (channel.retry === undefined) this.dial(channel);
  }

  /**
   * Of several ways to a server the one in use may end without a word: then another one is taken, if there is one. Whoever
   * dialled looks after that; where a connection comes from need not be where anybody listens.
   */
  private async verify(channel: Channel, connection: ElectionConnection): Promise<void> {
    const { id, reachabilityTimeoutMs: timeoutMs } = this.options;
    if (timeoutMs === 0 || channel.isVerifying || !keepsDialled(id, channel.server)) return;
    if (this.host.addressesOf(channel.server).length < 2) return;
    channel.isVerifying = true;
    const { remote } = connection;
    const isThere = await isReachable(this.ports, remote, timeoutMs);
    channel.isVerifying = false;
    if (isThere || this.isStopped || channel.connection !== connection) return;
    this.ports.logger.warn({ server: channel.server.toString(), ...remote }, 'an election connection leads nowhere');
    this.drop(channel);
    channel.pending ??= channel.last;
    this.dial(channel);
  }

  stop(): void {
    this.isStopped = true;
    for (const { connection, retry, fresh } of this.channels.values()) {
      retry?.cancel();
      fresh?.cancel();
      connection?.destroy();
    }
    for (const connection of this.strangers) connection.destroy();
    this.channels.clear();
    this.strangers.clear();
  }

  /** Takes a connection from outside; it must say first whose it is. */
  accept(connection: Connection): ConnectionHandler | undefined {
    if (this.isStopped || this.strangers.size >= MAX_STRANGERS) return undefined;
    this.strangers.add(connection);
    // Guarded by election-network.spec.ts, 'somebody who says nothing is sent away …'.
    const timer = this.ports.scheduler.after(this.options.handshakeTimeoutMs, () => connection.destroy());
    let kept: ElectionConnection | undefined;
    const stream = new ElectionStream(
      {
        onInitial: (message) => {
          timer.cancel();
          this.strangers.delete(connection);
          kept = this.admit(connection, message);
        },
        onNotification: (notification) => this.receive(kept, notification),
      },
      true,
    );
    return {
      onData: (bytes, start, end) => this.read(connection, stream, bytes, start, end),
      onDrain: () => kept?.drained(),
      onClose: () => {
        timer.cancel();
        this.strangers.delete(connection);
        if (kept !== undefined) this.closed(kept);
      },
    };
  }

  private read(connection: Connection, stream: ElectionStream, bytes: Uint8Array, start: number, end: number): void {
    const reason = stream.push(bytes, start, end);
    if (reason === undefined) return;
    this.ports.logger.warn({ remote: connection.remoteAddress, reason }, 'an election connection is closed');
    connection.destroy();
  }

  private receive(connection: ElectionConnection | undefined, notification: Notification): void {
    // What a connection that has been replaced still has to say is older than what the new one says.
    if (connection === undefined || this.channels.get(connection.server)?.connection !== connection) return;
    this.host.notified(connection.server, notification);
  }

  /** Keeps the connection when the other server is the one to dial; else calls back. */
  private admit(connection: Connection, { server, addresses }: InitialMessage): ElectionConnection | undefined {
    const { id } = this.options;
    if (this.isStopped || server === id) {
      if (server === id)
        this.ports.logger.warn({ remote: connection.remoteAddress }, 'another server claims the id of this one');
      connection.destroy();
      return undefined;
    }
    // Anybody can make up ids: guarded by election-network.spec.ts, 'servers that do not exist …'.
    if (this.channels.size >= MAX_CHANNELS && this.isUnknown(server)) {
      connection.destroy();
      return undefined;
    }
    const channel = this.channelOf(server);
    if (keepsDialled(server, id)) return this.keep(channel, connection);
    connection.destroy();
    // It asked before this one came to be. Guarded by election-network.spec.ts, 'a call and a request to be called …'.
    if (channel.fresh !== undefined) return undefined;
    // It would not ask if its connection were alive.
    this.drop(channel);
    channel.retry?.cancel();
    channel.retry = undefined;
    channel.failures = 0;
    const said = addresses.map(parseHostAndPort).filter((address) => address !== undefined);
    this.dial(channel, said.length > 0 ? said : undefined);
    return undefined;
  }

  private keep(channel: Channel, connection: Connection): ElectionConnection {
    this.drop(channel);
    const kept = new ElectionConnection(channel.server, connection);
    channel.connection = kept;
    channel.failures = 0;
    channel.retry?.cancel();
    channel.retry = undefined;
    channel.fresh = this.ports.scheduler.after(FRESH_MS, () => (channel.fresh = undefined));
    channel.pending ??= channel.last;
    this.flush(channel);
    this.host.reachable(channel.server, true);
    return kept;
  }

  private drop(channel: Channel): void {
    const { connection } = channel;
    this.lose(channel);
    connection?.destroy();
  }

  private lose(channel: Channel): void {
    channel.connection = undefined;
    channel.fresh?.cancel();
    channel.fresh = undefined;
  }

  private closed(connection: ElectionConnection): void {
    const channel = this.channels.get(connection.server);
    if (channel?.connection !== connection) return;
    this.lose(channel);
    if (this.isUnknown(channel.server)) return void this.forget(channel);
    // The end may have swallowed what was said last; and an election is over sooner if it is known that nobody is there.
    channel.pending ??= channel.last;
    if (channel.retry === undefined) this.dial(channel);
  }

  private isUnknown(server: ServerId): boolean {
    return this.host.addressesOf(server).length === 0;
  }

  private forget(channel: Channel): void {
    channel.retry?.cancel();
    channel.fresh?.cancel();
    this.channels.delete(channel.server);
  }

  private flush(channel: Channel): void {
    const { connection, pending } = channel;
    if (connection === undefined || pending === undefined || connection.isBlocked) return;
    channel.last = pending;
    channel.pending = undefined;
    connection.write(pending, () => this.flush(channel));
  }

  private dial(channel: Channel, said?: readonly HostAndPort[]): void {
    if (channel.isDialling || this.isStopped) return;
    channel.isDialling = true;
    void this.connect(channel, said ?? this.host.addressesOf(channel.server));
  }

  private async connect(channel: Channel, addresses: readonly HostAndPort[]): Promise<void> {
    try {
      await dialAny(this.ports, addresses, this.options.dialling, (connection) => this.dialled(channel, connection));
    } catch (error) {
      this.dialFailed(channel, error);
    }
  }

  /** Keeps the connection when this server is the one to dial; else it has asked to be called back. */
  private dialled(channel: Channel, connection: Connection): ConnectionHandler {
    channel.isDialling = false;
    if (this.isStopped || channel.connection !== undefined) {
      connection.destroy();
      return deaf;
    }
    // In one piece: Apache reads the address with a single call, and takes no less.
    const initial = this.initialMessage();
    connection.write(initial, 0, initial.length);
    if (keepsDialled(this.options.id, channel.server)) {
      return this.dialledHandler(connection, this.keep(channel, connection));
    }
    connection.end();
    this.retryLater(channel);
    return this.dialledHandler(connection, undefined);
  }

  private dialledHandler(connection: Connection, kept: ElectionConnection | undefined): ConnectionHandler {
    const onNotification = (notification: Notification): void => this.receive(kept, notification);
    const stream = new ElectionStream({ onInitial: () => undefined, onNotification }, false);
    return {
      onData: (bytes, start, end) => this.read(connection, stream, bytes, start, end),
      onDrain: () => kept?.drained(),
      onClose: () => {
        if (kept !== undefined) this.closed(kept);
      },
    };
  }

  private dialFailed(channel: Channel, error: unknown): void {
    channel.isDialling = false;
    if (this.isStopped || channel.connection !== undefined) return;
    const server = channel.server.toString();
    this.ports.logger.debug({ server, err: error }, 'a server of the ensemble cannot be reached');
    this.host.reachable(channel.server, false);
    if (this.isUnknown(channel.server)) this.forget(channel);
    else this.retryLater(channel);
  }

  private initialMessage(): Uint8Array {
    const addresses = this.host.addressesOf(this.options.id).map(({ host, port }) => `${bracketed(host)}:${port}`);
    return encodeInitialMessage({ server: this.options.id, addresses }, this.options.isMultiAddress);
  }

  private retryLater(channel: Channel): void {
    if (this.isStopped) return;
    const longestMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** channel.failures++);
    channel.retry?.cancel();
    // Half of it by chance, so that servers that lost each other do not come back in step.
    const delayMs = longestMs * (0.5 + 0.5 * this.ports.random.next());
    channel.retry = this.ports.scheduler.after(delayMs, () => this.retryNow(channel));
  }

  private retryNow(channel: Channel): void {
    channel.retry = undefined;
    if (channel.connection === undefined && channel.pending !== undefined) this.dial(channel);
  }

  private channelOf(server: ServerId): Channel {
    let channel = this.channels.get(server);
    if (channel === undefined) {
      channel = {
        server,
        connection: undefined,
        pending: undefined,
        last: undefined,
        isDialling: false,
        isVerifying: false,
        failures: 0,
        retry: undefined,
        fresh: undefined,
      };
      this.channels.set(server, channel);
    }
    return channel;
  }
}

function framed(message: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + message.length);
  new DataView(bytes.buffer).setInt32(0, message.length);
  bytes.set(message, 4);
  return bytes;
}
