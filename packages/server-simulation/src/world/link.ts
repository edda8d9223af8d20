import type { Connection, ConnectionHandler } from '@zk/contracts';
import type { Life } from './life.js';
import { networkError } from './network-error.js';
import type { SimulatedNetwork } from './network.js';

/** One side of a connection: which process on which machine. */
export interface LinkEndpoint {
  readonly address: string;
  readonly port: number;
  readonly life: Life;
}

type Message = Uint8Array | 'end' | 'reset';

/** Chance that what was written together arrives in two pieces. */
const SPLIT_CHANCE = 0.05;
/** What bytes look like after `onData` has returned, so that a view kept too long is noticed. */
const SCRIBBLE = 0xdb;

/** One direction: in order, each message with a delay of its own. */
class Lane {
  readonly queue: Message[] = [];
  /** How many of the queue have arrived at a partition. */
  held = 0;
  arrivesMs = 0;
}

/** One connection, with its two ends. */
export class Link {
  readonly dialler: LinkEnd;
  readonly acceptor: LinkEnd;

  constructor(
    readonly network: SimulatedNetwork,
    from: LinkEndpoint,
    to: LinkEndpoint,
  ) {
    this.dialler = new LinkEnd(this, from, to);
    this.acceptor = new LinkEnd(this, to, from);
  }

  accept(accept: (connection: Connection) => ConnectionHandler | undefined): void {
    const handler = accept(this.acceptor);
    if (handler === undefined) this.acceptor.destroy();
    else this.acceptor.attach(handler);
  }

  open(open: (connection: Connection) => ConnectionHandler): void {
    this.dialler.attach(open(this.dialler));
  }

  touches(address: string): boolean {
    return this.ends.some((end) => end.localAddress === address);
  }

  get isHoldingBack(): boolean {
    return this.ends.some((end) => end.lane.held > 0);
  }

  /** What was held back is on its way again. */
  release(): void {
    for (const end of this.ends) end.release();
  }

  /** It breaks; each end hears of it in its own time, and what is on its way is lost. */
  cut(): void {
    this.network.forget(this);
    for (const end of this.ends) end.broken();
  }

  /** The process at one end is gone. */
  vanish(address: string, isSilent: boolean): void {
    for (const end of this.ends) {
      if (end.localAddress !== address) continue;
      end.vanish(isSilent);
    }
  }

  other(end: LinkEnd): LinkEnd {
    return end === this.dialler ? this.acceptor : this.dialler;
  }

  /** Nobody is left. */
  endClosed(): void {
    if (this.ends.every((end) => end.isClosed)) this.network.forget(this);
  }

  private get ends(): readonly [LinkEnd, LinkEnd] {
    return [this.dialler, this.acceptor];
  }
}

/** One end of a connection, as its process sees it. */
class LinkEnd implements Connection {
  /** What this end has sent. */
  readonly lane = new Lane();
  isClosed = false;
  private isEnding = false;
  private isPaused = false;
  private handler: ConnectionHandler | undefined;
  /** Arrived while nobody read, or before the handler was there. */
  private unread: Message[] = [];

  constructor(
    private readonly link: Link,
    private readonly local: LinkEndpoint,
    private readonly remote: LinkEndpoint,
  ) {}

  get remoteAddress(): string {
    return this.remote.address;
  }

  get remotePort(): number {
    return this.remote.port;
  }

  get localAddress(): string {
    return this.local.address;
  }

  get localPort(): number {
    return this.local.port;
  }

  get bufferedBytes(): number {
    return 0;
  }

  attach(handler: ConnectionHandler): void {
    this.handler = handler;
    this.readOn();
  }

  write(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.isClosed || this.isEnding || start >= end) return true;
    const { random } = this.link.network;
    const cut = end - start > 1 && random.chance(SPLIT_CHANCE) ? random.between(start + 1, end - 1) : end;
    this.send(bytes.slice(start, cut));
    if (cut < end) this.send(bytes.slice(cut, end));
    return true;
  }

  pauseReading(): void {
    this.isPaused = true;
  }

  resumeReading(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.local.life.in(0, () => this.readOn());
  }

  end(): void {
    if (this.isClosed || this.isEnding) return;
    this.isEnding = true;
    this.send('end');
    this.close();
  }

  destroy(): void {
    if (this.isClosed) return;
    const isReset = this.link.network.random.chance(0.3);
    if (isReset) this.dropSent();
    this.send(isReset ? 'reset' : 'end');
    this.close();
  }

  /** The connection broke somewhere. */
  broken(): void {
    this.dropSent();
    this.local.life.in(this.link.network.delayMs(), () => this.close(networkError('ECONNRESET')));
  }

  /** The process of this end is gone. */
  vanish(isSilent: boolean): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.handler = undefined;
    // What the machine had not got rid of is gone with it.
    if (isSilent) this.dropSent();
    else this.send('end');
    this.link.endClosed();
  }

  release(): void {
    for (; this.lane.held > 0; this.lane.held--) this.schedule();
  }

  private dropSent(): void {
    this.lane.queue.length = 0;
    this.lane.held = 0;
  }

  private send(message: Message): void {
    this.lane.queue.push(message);
    this.schedule();
  }

  private schedule(): void {
    const { lane } = this;
    const { agenda } = this.link.network;
    lane.arrivesMs = Math.max(lane.arrivesMs, agenda.nowMs + this.link.network.delayMs());
    agenda.at(lane.arrivesMs, () => this.arrive());
  }

  private arrive(): void {
    const { lane, link } = this;
    if (lane.queue.length <= lane.held) return;
    if (link.network.isBlocked(this.localAddress, this.remoteAddress)) {
      lane.held++;
      return;
    }
    const message = lane.queue.shift()!;
    const other = link.other(this);
    this.remote.life.happens(() => other.receive(message));
  }

  private receive(message: Message): void {
    if (this.isClosed) return;
    this.unread.push(message);
    this.readOn();
  }

  private readOn(): void {
    while (this.handler !== undefined && !this.isPaused && !this.isClosed) {
      const message = this.unread.shift();
      if (message === undefined) return;
      if (message === 'reset') return this.close(networkError('ECONNRESET'));
      // Replies to the last bytes are written at the end of the turn that brought them.
      if (message === 'end') return this.local.life.atTurnEnd(() => this.end());
      this.handler.onData(message, 0, message.length);
      message.fill(SCRIBBLE);
    }
  }

  private close(error?: Error): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.unread = [];
    this.link.endClosed();
    this.local.life.atTurnEnd(() => {
      this.handler?.onClose(error);
      this.handler = undefined;
    });
  }
}
