import type { Connection, ConnectionHandler, DialOptions, ListenOptions, Listener, Transport } from '@zk/contracts';
import type { Agenda, SeededRandom } from '@zk/simulation';
import { socketError } from '@zk/transport-memory';
import { Link } from './link.js';
import type { Life } from './life.js';
import type { Medium } from './medium.js';

interface BoundListener {
  readonly life: Life;
  readonly accept: (connection: Connection) => ConnectionHandler | undefined;
}

/** How long a connection attempt into the void takes to fail. */
const DIAL_TIMEOUT_MS = 800;
const FIRST_EPHEMERAL_PORT = 32_768;
const READ_BUFFER_BYTES = 65_536;
/** How many bytes may be on their way in one direction of a connection: few, or as many as anywhere. */
const LITTLE_ROOM_CHANCE = 0.3;
const LITTLE_ROOM_BYTES = [500, 8_000] as const;
const USUAL_ROOM_BYTES = 65_536;

/**
 * The network between all machines, clients included, which are called by their addresses. Within a connection bytes keep
 * their order, as in TCP, and each piece has a delay of its own, so that connections overtake each other. A partition holds
 * back what is sent until it heals, or the connection turns out to be broken.
 */
export class SimulatedNetwork implements Medium {
  /** Longest delay of a piece, in ms. */
  maxDelayMs = 2;
  readonly readBuffer = new Uint8Array(READ_BUFFER_BYTES);
  private readonly blocked = new Set<string>();
  private readonly unpowered = new Set<string>();
  private readonly listeners = new Map<string, BoundListener>();
  private readonly links = new Set<Link>();
  private lastPort = FIRST_EPHEMERAL_PORT;

  constructor(
    readonly agenda: Agenda,
    readonly random: SeededRandom,
  ) {}

  /** What a process on the machine of that address uses. */
  at(address: string, life: Life): Transport {
    return {
      listen: (options, accept) => this.listen(address, life, options, accept),
      dial: (options, open) => this.dial(address, life, options, open),
    };
  }

  delayMs(): number {
    return this.random.duration(0.05, this.maxDelayMs);
  }

  roomBytes(): number {
    const { random } = this;
    return random.chance(LITTLE_ROOM_CHANCE) ? random.between(...LITTLE_ROOM_BYTES) : USUAL_ROOM_BYTES;
  }

  isBlocked(from: string, to: string): boolean {
    return this.blocked.has(`${from}>${to}`);
  }

  // Faults

  /** Nothing gets from one to the other, until {@link heal}. */
  block(from: string, to: string): void {
    this.blocked.add(`${from}>${to}`);
  }

  /** What was held back arrives now, or its connection has broken meanwhile. */
  heal(): void {
    this.blocked.clear();
    for (const link of [...this.links]) {
      if (link.isHoldingBack && this.random.chance(0.3)) link.cut();
      else link.release();
    }
  }

  /** Connections of a machine break, all of them or by chance. */
  cut(address: string, probability = 1): void {
    for (const link of [...this.links]) if (link.touches(address) && this.random.chance(probability)) link.cut();
  }

  /** A process has ended. @param isSilent with its machine, so that nobody is told */
  vanish(address: string, isSilent: boolean): void {
    if (isSilent) this.unpowered.add(address);
    for (const key of [...this.listeners.keys()]) if (key.startsWith(`${address}:`)) this.listeners.delete(key);
    for (const link of [...this.links]) if (link.touches(address)) link.vanish(address, isSilent);
  }

  /** The machine is back, and answers connections that it no longer knows. */
  appear(address: string): void {
    this.unpowered.delete(address);
    for (const link of [...this.links]) if (link.touches(address)) link.cut();
  }

  // What processes do

  private listen(
    address: string,
    life: Life,
    options: ListenOptions,
    accept: BoundListener['accept'],
  ): Promise<Listener> {
    const port = options.port === 0 ? ++this.lastPort : options.port;
    const key = `${address}:${port}`;
    if (life.isOver) return Promise.reject(socketError('ENETDOWN', 'listen'));
    if (this.listeners.has(key)) return Promise.reject(socketError('EADDRINUSE', 'listen', address, port));
    this.listeners.set(key, { life, accept });
    const close = (): Promise<void> => {
      if (this.listeners.get(key)?.life === life) this.listeners.delete(key);
      return Promise.resolve();
    };
    return Promise.resolve({ host: address, port, close });
  }

  private dial(
    address: string,
    life: Life,
    { host, port, signal }: DialOptions,
    open: (connection: Connection) => ConnectionHandler,
  ): Promise<Connection> {
    return new Promise((resolve, reject) => {
      let isSettled = false;
      const fail = (error: Error): void => {
        isSettled = true;
        reject(error);
      };
      if (life.isOver) return fail(socketError('ENETDOWN', 'connect'));
      if (signal?.aborted === true) return fail(signal.reason as Error);
      signal?.addEventListener('abort', () => fail(signal.reason as Error), { once: true });
      const failIn = (delayMs: number, code: string): void =>
        life.in(delayMs, () => fail(socketError(code, 'connect', host, port)));
      life.in(this.delayMs(), () => {
        if (isSettled) return;
        const listener = this.listeners.get(`${host}:${port}`);
        const isLost = this.isBlocked(address, host) || this.isBlocked(host, address) || this.unpowered.has(host);
        if (isLost) return failIn(DIAL_TIMEOUT_MS, 'ETIMEDOUT');
        if (listener === undefined) return failIn(this.delayMs(), 'ECONNREFUSED');
        const here = { address, port: ++this.lastPort, life };
        const link = new Link(this, here, { address: host, port, ...listener }, (gone) => this.links.delete(gone));
        this.links.add(link);
        listener.life.happens(() => link.accept(listener.accept));
        life.in(this.delayMs(), () => {
          if (isSettled) return link.dialler.destroy();
          isSettled = true;
          link.open(open);
          resolve(link.dialler);
        });
      });
    });
  }
}
