import type {
  Connection,
  ConnectionHandler,
  DialOptions,
  Listener,
  ListenOptions,
  RandomSource,
  Scheduler,
  Transport,
} from '@zk/contracts';
import type { Endpoint } from './addressed.js';
import type { Medium } from './memory-connection.js';
import { MemoryConnection } from './memory-connection.js';
import { socketError } from './socket-error.js';

/**
 * A network inside one object: a namespace of hosts and ports, connections between them, and the faults a network
 * has. Bytes sent in one turn of the event loop arrive in the next; nothing is ever delivered inside a call.
 *
 * It is stricter than a real network where strictness finds bugs: memory that a write did not take is read only when
 * it leaves, and what a handler was given is overwritten as soon as the handler returns.
 */
export interface MemoryTransportOptions {
  /** Decides when things happen; absent: the event loop. Tests with virtual time hand in their own. */
  readonly scheduler?: Pick<Scheduler, 'atTurnEnd'>;
  /** Bytes under way in one direction before `write` returns false; default 65,536. */
  readonly highWaterMarkBytes?: number;
  /** Cuts what arrives into pieces of 1 to `maxBytes` bytes; absent: whatever has arrived is one piece. */
  readonly chunking?: { readonly random: RandomSource; readonly maxBytes: number };
  /** The address connections are dialled from; default 127.0.0.1. */
  readonly localAddress?: string;
}

interface BoundListener {
  readonly endpoint: Endpoint;
  readonly accept: (connection: Connection) => ConnectionHandler | undefined;
}

interface Link {
  readonly port: number;
  readonly ends: readonly [MemoryConnection, MemoryConnection];
}

const DEFAULT_HIGH_WATER_MARK_BYTES = 65_536;
const READ_BUFFER_BYTES = 65_536;
const FIRST_EPHEMERAL_PORT = 32_768;
const LAST_PORT = 65_535;
const LOOPBACK = '127.0.0.1';
const ANY_ADDRESS = '0.0.0.0';

const eventLoop: Pick<Scheduler, 'atTurnEnd'> = {
  atTurnEnd: (callback) => {
    setImmediate(callback);
  },
};

export class MemoryTransport implements Transport {
  private readonly listeners = new Set<BoundListener>();
  private readonly linkOf = new Map<MemoryConnection, Link>();
  private readonly stalledPorts = new Set<number>();
  private isEverythingStalled = false;
  private waitingDials: { readonly port: number; readonly proceed: () => void }[] = [];
  private lastEphemeralPort = FIRST_EPHEMERAL_PORT - 1;
  private readonly scheduler: Pick<Scheduler, 'atTurnEnd'>;
  private readonly localAddress: string;
  private readonly medium: Medium;

  constructor(options: MemoryTransportOptions = {}) {
    const scheduler = options.scheduler ?? eventLoop;
    this.scheduler = scheduler;
    this.localAddress = options.localAddress ?? LOOPBACK;
    this.medium = {
      highWaterMarkBytes: options.highWaterMarkBytes ?? DEFAULT_HIGH_WATER_MARK_BYTES,
      chunking: options.chunking,
      readBuffer: new Uint8Array(READ_BUFFER_BYTES),
      later: (callback) => scheduler.atTurnEnd(callback),
      forget: (connection) => this.linkOf.delete(connection),
    };
  }

  /** Ends whose `onClose` has not been called yet: two for each open connection. */
  get openEndCount(): number {
    return this.linkOf.size;
  }

  async listen(
    options: ListenOptions,
    accept: (connection: Connection) => ConnectionHandler | undefined,
  ): Promise<Listener> {
    const address = normalizeHost(options.host ?? ANY_ADDRESS);
    const port = options.port === 0 ? this.freePort() : options.port;
    for (const { endpoint } of this.listeners) {
      if (endpoint.port !== port) continue;
      if (endpoint.address === address || isAny(endpoint.address) || isAny(address)) {
        throw socketError('EADDRINUSE', 'listen', address, port);
      }
    }
    const listener: BoundListener = { endpoint: { address, port }, accept };
    this.listeners.add(listener);
    return {
      host: address,
      port,
      close: async () => {
        this.listeners.delete(listener);
      },
    };
  }

  async dial(options: DialOptions, open: (connection: Connection) => ConnectionHandler): Promise<Connection> {
    return this.dialFrom(this.localAddress, options, open);
  }

  /** The same network, dialled from another address. */
  from(localAddress: string): Transport {
    return {
      listen: (options, accept) => this.listen(options, accept),
      dial: (options, open) => this.dialFrom(localAddress, options, open),
    };
  }

  /** Stops deliveries and new connections, to and from one listening port or everywhere. Nothing is lost. */
  stall(port?: number): void {
    if (port === undefined) this.isEverythingStalled = true;
    else this.stalledPorts.add(port);
    this.applyStalls();
  }

  /** Ends {@link stall}: what was under way arrives. Without a port, ends every stall. */
  release(port?: number): void {
    if (port === undefined) {
      this.isEverythingStalled = false;
      this.stalledPorts.clear();
    } else {
      this.stalledPorts.delete(port);
    }
    this.applyStalls();
    const waiting = this.waitingDials;
    this.waitingDials = [];
    for (const dial of waiting) this.scheduler.atTurnEnd(dial.proceed);
  }

  /**
   * Resets the open connections of one listening port, or all: bytes under way are lost, both ends close with
   * ECONNRESET. Returns how many connections that were.
   */
  cut(port?: number): number {
    const links = new Set<Link>();
    for (const link of this.linkOf.values()) if (port === undefined || link.port === port) links.add(link);
    for (const { ends } of links) for (const end of ends) end.reset();
    return links.size;
  }

  private dialFrom(
    localAddress: string,
    options: DialOptions,
    open: (connection: Connection) => ConnectionHandler,
  ): Promise<Connection> {
    const { port, signal } = options;
    const host = normalizeHost(options.host);
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(asError(signal.reason));
        return;
      }
      const onAbort = (): void => reject(asError(signal?.reason));
      const attempt = (): void => {
        if (signal?.aborted) return;
        if (this.isStalled(port)) {
          this.waitingDials.push({ port, proceed: attempt });
          return;
        }
        signal?.removeEventListener('abort', onAbort);
        try {
          resolve(this.connect({ address: localAddress, port: this.freePort() }, { address: host, port }, open));
        } catch (error) {
          reject(asError(error));
        }
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.scheduler.atTurnEnd(attempt);
    });
  }

  private connect(from: Endpoint, to: Endpoint, open: (connection: Connection) => ConnectionHandler): Connection {
    const listener = this.findListener(to);
    if (!listener) throw socketError('ECONNREFUSED', 'connect', to.address, to.port);
    const dialled = new MemoryConnection(this.medium, from, to);
    const accepted = new MemoryConnection(this.medium, to, from);
    MemoryConnection.pair(dialled, accepted);
    const link: Link = { port: to.port, ends: [dialled, accepted] };
    this.linkOf.set(dialled, link).set(accepted, link);
    const handler = listener.accept(accepted);
    if (handler) accepted.attach(handler);
    else accepted.destroy();
    dialled.attach(open(dialled));
    return dialled;
  }

  private findListener(to: Endpoint): BoundListener | undefined {
    for (const listener of this.listeners) {
      const { endpoint } = listener;
      if (endpoint.port === to.port && (endpoint.address === to.address || isAny(endpoint.address))) return listener;
    }
    return undefined;
  }

  private isStalled(port: number): boolean {
    return this.isEverythingStalled || this.stalledPorts.has(port);
  }

  private applyStalls(): void {
    for (const [connection, link] of this.linkOf) connection.setStalled(this.isStalled(link.port));
  }

  private freePort(): number {
    const isTaken = (port: number): boolean => {
      for (const { endpoint } of this.listeners) if (endpoint.port === port) return true;
      return false;
    };
    for (let attempt = FIRST_EPHEMERAL_PORT; attempt <= LAST_PORT; attempt++) {
      this.lastEphemeralPort = this.lastEphemeralPort === LAST_PORT ? FIRST_EPHEMERAL_PORT : this.lastEphemeralPort + 1;
      if (!isTaken(this.lastEphemeralPort)) return this.lastEphemeralPort;
    }
    throw socketError('EADDRNOTAVAIL', 'bind', this.localAddress, 0);
  }
}

function normalizeHost(host: string): string {
  return host === 'localhost' ? LOOPBACK : host;
}

function isAny(address: string): boolean {
  return address === ANY_ADDRESS || address === '::';
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason), { cause: reason });
}
