import type { QuorumPacket } from '@zk/jute';
import { type LearnerPort, type Notification, PacketType } from '@zk/zab';
import type { Agenda } from './agenda.js';
import type { History } from './history.js';
import type { FuzzyState } from './snapshots.js';
import type { SeededRandom } from './random.js';

/** What one end of the network hears. */
export interface NetworkHost {
  readonly isUp: boolean;
  isListening(port: LearnerPort): boolean;
  notified(from: number, notification: Notification): void;
  reachable(server: number, isReachable: boolean): void;
  accepted(link: number, from: number): void;
  connected(attempt: number, link: number): void;
  dialFailed(attempt: number): void;
  closed(link: number): void;
  /** Packets that arrived at the same moment; an ACK comes alone. */
  packets(link: number, packets: readonly QuorumPacket[]): void;
  snapshot(link: number, state: History): void;
}

type Message = PacketMessage | FuzzyState | 'end';

interface PacketMessage {
  readonly packet: QuorumPacket;
}

/** One direction of a connection: in order, each message with a delay of its own. */
interface Lane {
  readonly from: number;
  readonly to: number;
  readonly queue: { readonly message: Message; readonly arrivesMs: number }[];
  /** How many of the queue have arrived at a partition. */
  held: number;
  arrivesMs: number;
}

interface Link {
  readonly id: number;
  readonly lanes: readonly [Lane, Lane];
  /** Which ends still hold it open. */
  readonly open: Set<number>;
}

/** How long a connection attempt into the void takes to fail. */
const DIAL_TIMEOUT_MS = 800;

/**
 * Connections and election messages between peers. Within a connection nothing is lost or reordered, as in TCP: a
 * partition holds messages back until it heals, or the connection breaks. Election messages may be lost, and only the
 * newest waits.
 */
export class SimulatedNetwork {
  /** Ordered pairs that do not reach each other, `from * 100 + to`. */
  private readonly blocked = new Set<number>();
  private readonly links = new Map<number, Link>();
  private readonly waiting = new Map<number, Notification>();
  private readonly lastNoteMs = new Map<number, number>();
  private nextLink = 1;
  maxDelayMs = 3;

  constructor(
    private readonly agenda: Agenda,
    private readonly random: SeededRandom,
    private readonly hosts: ReadonlyMap<number, NetworkHost>,
  ) {}

  // Faults

  block(from: number, to: number): void {
    this.blocked.add(from * 100 + to);
  }

  /** What was held back arrives now, or its connection has broken meanwhile. */
  heal(): void {
    this.blocked.clear();
    for (const link of [...this.links.values()]) {
      if (link.lanes.some((lane) => lane.held > 0) && this.random.chance(0.3)) this.cut(link.id);
      else for (const lane of link.lanes) this.release(link, lane);
    }
    for (const [pair, notification] of [...this.waiting]) {
      this.waiting.delete(pair);
      if (this.random.chance(0.5)) this.notify(Math.floor(pair / 100), pair % 100, notification);
    }
  }

  /** A connection breaks; each end hears of it in its own time, and what is on its way is lost. */
  cut(id: number): void {
    const link = this.links.get(id);
    if (link === undefined) return;
    this.links.delete(id);
    for (const end of link.open) this.agenda.in(this.delay(), () => this.hosts.get(end)!.closed(id));
  }

  cutAll(host: number): void {
    for (const link of [...this.links.values()]) if (link.open.has(host)) this.cut(link.id);
  }

  get linkIds(): readonly number[] {
    return [...this.links.keys()];
  }

  /** The host is gone. @param isSilent nobody is told: the machine lost its power */
  vanish(host: number, isSilent: boolean): void {
    for (const link of [...this.links.values()]) {
      if (!link.open.delete(host)) continue;
      if (!isSilent) {
        this.finish(link, host);
        continue;
      }
      for (const lane of link.lanes) {
        if (lane.from !== host) continue;
        // What the machine had not got rid of is gone with it.
        lane.queue.length = 0;
        lane.held = 0;
      }
    }
  }

  /** The machine is back, and answers connections it no longer knows. */
  appear(host: number): void {
    for (const link of [...this.links.values()]) {
      if (link.lanes.some((lane) => lane.from === host) && !link.open.has(host)) this.cut(link.id);
    }
  }

  // What hosts do

  notify(from: number, to: number, notification: Notification): void {
    const pair = from * 100 + to;
    if (this.blocked.has(pair)) {
      this.waiting.set(pair, notification);
      return;
    }
    const timeMs = Math.max(this.agenda.nowMs + this.delay(), this.lastNoteMs.get(pair) ?? 0);
    this.lastNoteMs.set(pair, timeMs);
    this.agenda.at(timeMs, () => {
      const target = this.hosts.get(to)!;
      if (this.blocked.has(pair)) this.waiting.set(pair, notification);
      else if (target.isUp) target.notified(from, notification);
      else this.hosts.get(from)!.reachable(to, false);
    });
  }

  dial(from: number, to: number, port: LearnerPort, attempt: number): void {
    const dialler = this.hosts.get(from)!;
    this.agenda.in(this.delay(), () => {
      const target = this.hosts.get(to);
      if (this.blocked.has(from * 100 + to) || this.blocked.has(to * 100 + from)) {
        this.agenda.in(DIAL_TIMEOUT_MS, () => dialler.dialFailed(attempt));
      } else if (target === undefined || !target.isUp || !target.isListening(port) || !dialler.isUp) {
        this.agenda.in(this.delay(), () => dialler.dialFailed(attempt));
      } else this.connect(from, to, attempt);
    });
  }

  send(id: number, from: number, packet: QuorumPacket): void {
    this.put(id, from, { packet });
  }

  sendSnapshot(id: number, from: number, stream: FuzzyState): void {
    this.put(id, from, stream);
  }

  close(id: number, by: number): void {
    const link = this.links.get(id);
    if (link?.open.delete(by)) this.finish(link, by);
  }

  private connect(from: number, to: number, attempt: number): void {
    const id = this.nextLink++;
    const lane = (a: number, b: number): Lane => ({ from: a, to: b, queue: [], held: 0, arrivesMs: this.agenda.nowMs });
    const link: Link = { id, lanes: [lane(from, to), lane(to, from)], open: new Set([from, to]) };
    this.links.set(id, link);
    this.hosts.get(to)!.accepted(id, from);
    link.lanes[1].arrivesMs = this.agenda.nowMs + this.delay();
    this.agenda.at(link.lanes[1].arrivesMs, () => this.hosts.get(from)!.connected(attempt, id));
  }

  private put(id: number, from: number, message: Message): void {
    const link = this.links.get(id);
    if (link === undefined || !link.open.has(from)) return;
    this.enqueue(link, link.lanes[0].from === from ? link.lanes[0] : link.lanes[1], message);
  }

  private enqueue(link: Link, lane: Lane, message: Message): void {
    this.schedule(link, lane);
    lane.queue.push({ message, arrivesMs: lane.arrivesMs });
  }

  private schedule(link: Link, lane: Lane): void {
    lane.arrivesMs = Math.max(lane.arrivesMs, this.agenda.nowMs + this.delay());
    this.agenda.at(lane.arrivesMs, () => this.arrive(link, lane));
  }

  private arrive(link: Link, lane: Lane): void {
    if (!this.links.has(link.id) || !link.open.has(lane.to)) return;
    if (this.blocked.has(lane.from * 100 + lane.to)) {
      lane.held++;
      return;
    }
    const target = this.hosts.get(lane.to)!;
    const message = this.take(lane);
    if (message === undefined) return;
    if (message === 'end') {
      link.open.delete(lane.to);
      this.links.delete(link.id);
      target.closed(link.id);
    } else if (isPacket(message)) target.packets(link.id, this.gather(message.packet, lane));
    else target.snapshot(link.id, message.state);
  }

  /** The next message, unless it is still on its way, or has come with one before it. */
  private take({ queue }: Lane, isWanted: (message: Message) => boolean = () => true): Message | undefined {
    const next = queue[0];
    const hasArrived = next !== undefined && next.arrivesMs <= this.agenda.nowMs;
    return hasArrived && isWanted(next.message) ? queue.shift()!.message : undefined;
  }

  /** A packet, and those behind it that have arrived at the same moment. */
  private gather(first: QuorumPacket, lane: Lane): QuorumPacket[] {
    const packets = [first];
    while (mayBeFollowed(packets.at(-1)!)) {
      const next = this.take(lane, (message) => isPacket(message) && message.packet.type !== PacketType.ACK);
      if (!isPacket(next)) break;
      packets.push(next.packet);
    }
    return packets;
  }

  private release(link: Link, lane: Lane): void {
    for (; lane.held > 0; lane.held--) this.schedule(link, lane);
  }

  /** The other end hears of it behind everything that was sent. */
  private finish(link: Link, by: number): void {
    if (link.open.size === 0) this.links.delete(link.id);
    else this.enqueue(link, link.lanes[0].from === by ? link.lanes[0] : link.lanes[1], 'end');
  }

  private delay(): number {
    return this.random.duration(0.05, this.maxDelayMs);
  }
}

/** Nothing comes with an ACK, and behind a SNAP comes its snapshot. */
function mayBeFollowed({ type }: QuorumPacket): boolean {
  return type !== PacketType.ACK && type !== PacketType.SNAP;
}

function isPacket(message: Message | undefined): message is PacketMessage {
  return message !== undefined && message !== 'end' && 'packet' in message;
}
