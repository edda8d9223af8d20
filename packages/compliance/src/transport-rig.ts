import type { Connection, ConnectionHandler, Listener, Transport } from '@zk/contracts';

/** A transport, an address it can listen on and dial, and how to dispose of it. */
export interface TransportUnderTest {
  readonly transport: Transport;
  readonly host: string;
  close(): void | Promise<void>;
}

/** What a received byte becomes once it has been recorded: a transport must not care. */
const SCRIBBLE = 0xee;

/**
 * One end as the suite sees it: it makes the calls, hears the events, and notes every breach of the rules that hold
 * for all of them (never inside a call, never two at once, nothing after `onClose`, no empty data).
 */
export class Peer implements ConnectionHandler {
  readonly pieces: Uint8Array[] = [];
  receivedBytes = 0;
  drainCount = 0;
  closeCount = 0;
  closeError: Error | undefined;
  /** Runs after a piece has been recorded. */
  reactToData: ((peer: Peer) => void) | undefined;
  reactToDrain: ((peer: Peer) => void) | undefined;
  private callDepth = 0;
  private isInEvent = false;
  private readonly waiters = new Set<{ readonly isMet: () => boolean; readonly resolve: () => void }>();

  constructor(
    readonly connection: Connection,
    private readonly breaches: string[],
  ) {}

  onData(bytes: Uint8Array, start: number, end: number): void {
    this.event('onData', () => {
      if (start >= end) this.breaches.push(`onData with the empty range [${String(start)}, ${String(end)})`);
      // Not `slice`: a Buffer's would be a view.
      this.pieces.push(new Uint8Array(bytes.subarray(start, end)));
      this.receivedBytes += end - start;
      bytes.fill(SCRIBBLE, start, end);
      this.reactToData?.(this);
    });
  }

  onDrain(): void {
    this.event('onDrain', () => {
      this.drainCount++;
      this.reactToDrain?.(this);
    });
  }

  onClose(error?: Error): void {
    this.event('onClose', () => {
      this.closeCount++;
      this.closeError = error;
    });
  }

  write(bytes: Uint8Array, start = 0, end = bytes.length): boolean {
    return this.call(() => this.connection.write(bytes, start, end));
  }

  pause(): void {
    this.call(() => this.connection.pauseReading());
  }

  resume(): void {
    this.call(() => this.connection.resumeReading());
  }

  end(): void {
    this.call(() => this.connection.end());
  }

  destroy(): void {
    this.call(() => this.connection.destroy());
  }

  received(): Uint8Array {
    const all = new Uint8Array(this.receivedBytes);
    let at = 0;
    for (const piece of this.pieces) {
      all.set(piece, at);
      at += piece.length;
    }
    return all;
  }

  /** Resolves after the event that makes `isMet` true. */
  until(isMet: () => boolean): Promise<void> {
    if (isMet()) return Promise.resolve();
    return new Promise((resolve) => this.waiters.add({ isMet, resolve }));
  }

  hasReceived(sizeBytes: number): Promise<void> {
    return this.until(() => this.receivedBytes >= sizeBytes);
  }

  hasClosed(): Promise<void> {
    return this.until(() => this.closeCount > 0);
  }

  /** Writes, and when the transport keeps the memory, waits until it has let go of it. */
  async writeAndWait(bytes: Uint8Array, start = 0, end = bytes.length): Promise<void> {
    const drains = this.drainCount;
    if (!this.write(bytes, start, end)) await this.until(() => this.drainCount > drains || this.closeCount > 0);
  }

  private call<T>(action: () => T): T {
    this.callDepth++;
    try {
      return action();
    } finally {
      this.callDepth--;
    }
  }

  private event(name: string, action: () => void): void {
    // A call made by a reaction is itself inside an event; only events that start inside a call are breaches.
    if (this.isInEvent) this.breaches.push(`${name} inside another event`);
    else if (this.callDepth > 0) this.breaches.push(`${name} inside a call of the connection`);
    if (this.closeCount > 0) this.breaches.push(`${name} after onClose`);
    this.isInEvent = true;
    try {
      action();
    } finally {
      this.isInEvent = false;
    }
    for (const waiter of [...this.waiters]) {
      if (!waiter.isMet()) continue;
      this.waiters.delete(waiter);
      waiter.resolve();
    }
  }
}

export interface Pair {
  readonly dialled: Peer;
  readonly accepted: Peer;
}

/** Builds connections, remembers everything it opened and takes it down again. */
export class Rig {
  readonly breaches: string[] = [];
  readonly listeners: Listener[] = [];
  private readonly peers: Peer[] = [];
  private readonly accepted = new Map<string, Peer>();
  private readonly awaited = new Map<string, (peer: Peer) => void>();
  private listening: Promise<Listener> | undefined;

  constructor(readonly target: TransportUnderTest) {}

  get transport(): Transport {
    return this.target.transport;
  }

  get host(): string {
    return this.target.host;
  }

  track(connection: Connection): Peer {
    const peer = new Peer(connection, this.breaches);
    this.peers.push(peer);
    return peer;
  }

  async listen(
    accept: (connection: Connection) => ConnectionHandler | undefined,
    { port = 0, host = this.host }: { port?: number; host?: string } = {},
  ): Promise<Listener> {
    const listener = await this.transport.listen({ host, port }, accept);
    this.listeners.push(listener);
    return listener;
  }

  async dial(port: number, prepare?: (peer: Peer) => void, host = this.host): Promise<Peer> {
    let peer: Peer | undefined;
    await this.transport.dial({ host, port }, (connection) => {
      peer = this.track(connection);
      prepare?.(peer);
      return peer;
    });
    if (!peer) throw new Error('dial resolved without having asked for a handler');
    return peer;
  }

  /** Both ends of a new connection; the hooks run where the transport asks for the handlers. */
  async connect(hooks: { onAccept?: (peer: Peer) => void; onOpen?: (peer: Peer) => void } = {}): Promise<Pair> {
    const accept = (connection: Connection): ConnectionHandler => {
      const peer = this.track(connection);
      hooks.onAccept?.(peer);
      // A port may serve several connections at once, to different ports.
      const route = `${String(connection.remotePort)} to ${String(connection.localPort)}`;
      this.accepted.set(route, peer);
      this.awaited.get(route)?.(peer);
      return peer;
    };
    // Hooks differ from one connection to the next, and so do the listeners then.
    const { port } = await (hooks.onAccept ? this.listen(accept) : (this.listening ??= this.listen(accept)));
    const dialled = await this.dial(port, hooks.onOpen);
    return { dialled, accepted: await this.acceptedBy(`${String(dialled.connection.localPort)} to ${String(port)}`) };
  }

  /** Whatever was under way has had the time of several round trips to arrive. */
  async settle(): Promise<void> {
    const { dialled, accepted } = await this.connect();
    accepted.reactToData = (peer) => void peer.write(Uint8Array.of(1));
    for (let round = 1; round <= 10; round++) {
      dialled.write(Uint8Array.of(0));
      await dialled.hasReceived(round);
    }
    dialled.destroy();
    await Promise.all([dialled.hasClosed(), accepted.hasClosed()]);
  }

  async close(): Promise<void> {
    for (const peer of this.peers) peer.destroy();
    await Promise.all(this.peers.map((peer) => peer.hasClosed()));
    await Promise.all(this.listeners.map((listener) => listener.close()));
    await this.target.close();
  }

  private acceptedBy(route: string): Promise<Peer> {
    const peer = this.accepted.get(route);
    if (peer) return Promise.resolve(peer);
    return new Promise((resolve) => this.awaited.set(route, resolve));
  }
}

/** A cheap generator with a seed, uniform in [0, 1). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Bytes in which every position within 16 MiB looks different from its neighbours. */
export function patternBytes(sizeBytes: number, from = 0): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  for (let i = 0; i < sizeBytes; i++) {
    const at = from + i;
    bytes[i] = at ^ (at >> 8) ^ (at >> 16) ^ 0x5a;
  }
  return bytes;
}

/** Compares without building a message of megabytes. */
export function firstDifference(actual: Uint8Array, expected: Uint8Array): number {
  const shared = Math.min(actual.length, expected.length);
  for (let i = 0; i < shared; i++) if (actual[i] !== expected[i]) return i;
  return actual.length === expected.length ? -1 : shared;
}
