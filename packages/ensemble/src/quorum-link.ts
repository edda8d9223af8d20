import type { Clock, Connection, Scheduler } from '@zk/contracts';
import type { QuorumPacket } from '@zk/jute';
import { type LinkStatus, LinkTraffic } from './link-traffic.js';
import { PacketBuffer } from './packet-buffer.js';
import type { SnapshotForm, StateDump, StateSink } from './replicated-state.js';

/** Packets to be sent, or the rest of a snapshot that writes itself. */
type Item = PacketBuffer | SnapshotItem;

interface SnapshotItem {
  readonly dump: StateDump;
  /** What the dump has produced and the connection has not taken. */
  readonly pieces: Uint8Array[];
  isDone: boolean;
}

export interface QuorumLinkHost {
  /** The link cannot keep up, or is broken. */
  fail(link: QuorumLink, reason: string): void;
  /** Bytes of a snapshot came or went, or the other end took what had waited for it. */
  progress(link: QuorumLink): void;
  readonly maxQueuedBytes: number;
  readonly scheduler: Scheduler;
  readonly clock: Clock;
}

/** Time one slice of a snapshot may take; others wait for no more than one. */
const SLICE_MS = 1.5;
/** How long the other end may take to read what was sent before the link was closed. */
const LINGER_MS = 1000;
/** Progress of a snapshot is told that often at most. */
const PROGRESS_MS = 250;
/** A buffer that grew beyond this is not kept for the next packets. */
const MAX_SPARE_BYTES = 64 << 10;

/**
 * What leaves on one connection between a leader and a learner: packets, and snapshots among them, in the order in which
 * they were given. Packets of one turn leave together. A snapshot is made while it is sent, and what comes behind it waits.
 */
export class QuorumLink {
  readonly traffic = new LinkTraffic();
  private readonly establishedWallMs: number;
  private queue: Item[] = [];
  private spare: PacketBuffer | undefined;
  private queuedBytes = 0;
  private isBlocked = false;
  private isScheduled = false;
  private isEnding = false;
  private isClosed = false;
  private toldMs = -Infinity;

  constructor(
    readonly id: number,
    private readonly connection: Connection,
    private readonly host: QuorumLinkHost,
  ) {
    this.establishedWallMs = host.clock.wallMs();
  }

  /** Bytes of packets that the connection has not taken. */
  get unsentBytes(): number {
    return this.queuedBytes;
  }

  get remoteAddress(): string {
    return this.connection.remoteAddress;
  }

  get status(): LinkStatus {
    const { remoteAddress, remotePort } = this.connection;
    return {
      link: this.id,
      remoteAddress,
      remotePort,
      establishedWallMs: this.establishedWallMs,
      queuedPackets: this.queue.reduce((sum, item) => sum + (item instanceof PacketBuffer ? item.count : 0), 0),
      queuedBytes: this.queuedBytes,
      ...this.traffic.counts,
    };
  }

  /** A snapshot, or what had waited to be sent, goes on: whoever waits for its end is told now and then. */
  moved(): void {
    const nowMs = this.host.clock.monotonicMs();
    if (nowMs - this.toldMs < PROGRESS_MS) return;
    this.toldMs = nowMs;
    this.host.progress(this);
  }

  send(packets: readonly QuorumPacket[]): void {
    if (this.isClosed || this.isEnding) return;
    this.traffic.packetsQueued(packets);
    for (const packet of packets) this.add(packet);
    const { maxQueuedBytes } = this.host;
    // Without a bound a learner that stopped reading would take all memory of its leader. Guarded by quorum-network.spec.ts,
    // 'a learner that does not read is given up …'.
    if (this.queuedBytes > maxQueuedBytes) {
      return this.host.fail(this, `more than ${maxQueuedBytes} bytes wait to be read`);
    }
    this.schedule();
  }

  private add(packet: QuorumPacket): void {
    const last = this.queue.at(-1);
    if (last instanceof PacketBuffer) {
      const before = last.length;
      const isAdded = last.add(packet);
      this.queuedBytes += last.length - before;
      if (isAdded) return;
    }
    const buffer = this.spare ?? new PacketBuffer();
    this.spare = undefined;
    buffer.add(packet);
    this.queuedBytes += buffer.length;
    this.queue.push(buffer);
  }

  /** The state as it is now. */
  sendSnapshot(dump: (form: SnapshotForm, sink: StateSink) => StateDump): void {
    if (this.isClosed || this.isEnding) return;
    const pieces: Uint8Array[] = [];
    const sink: StateSink = { write: (piece) => void pieces.push(piece), seal: () => undefined };
    this.queue.push({ dump: dump('stream', sink), pieces, isDone: false });
    this.schedule();
  }

  drained(): void {
    this.isBlocked = false;
    // What had waited was taken: be it of a snapshot or of many transactions, a learner that is slow is not silent.
    this.moved();
    this.schedule();
  }

  /** Sends what was given, and then closes. */
  end(): void {
    if (this.isClosed || this.isEnding) return;
    this.isEnding = true;
    // Nobody waits for the rest of a snapshot.
    this.cancelSnapshots();
    this.flush();
    this.host.scheduler.after(LINGER_MS, () => this.destroy());
  }

  /** Closes now. Idempotent. */
  destroy(): void {
    if (this.isClosed) return;
    this.closed();
    this.connection.destroy();
  }

  /** The connection is gone. */
  closed(): void {
    this.isClosed = true;
    this.cancelSnapshots();
    this.queue = [];
    this.queuedBytes = 0;
  }

  private cancelSnapshots(): void {
    const first = this.queue.findIndex((item) => !(item instanceof PacketBuffer));
    if (first < 0) return;
    for (const item of this.queue.splice(first)) if (!(item instanceof PacketBuffer)) item.dump.cancel();
  }

  private schedule(): void {
    if (this.isScheduled || this.isClosed) return;
    this.isScheduled = true;
    this.host.scheduler.atTurnEnd(() => {
      this.isScheduled = false;
      this.flush();
    });
  }

  private flush(): void {
    while (!this.isBlocked && !this.isClosed && this.queue.length > 0) {
      const first = this.queue[0]!;
      if (first instanceof PacketBuffer) this.writePackets(first);
      else if (!this.writeSnapshot(first)) return;
    }
    if (this.isEnding && !this.isClosed && this.queue.length === 0) this.connection.end();
  }

  private writePackets(buffer: PacketBuffer): void {
    this.queue.shift();
    this.queuedBytes -= buffer.length;
    this.traffic.packetsSent(buffer.count);
    this.write(buffer.bytes, buffer.length);
    // Otherwise the transport still reads from it.
    if (this.isBlocked || buffer.bytes.length > MAX_SPARE_BYTES) return;
    buffer.clear();
    this.spare = buffer;
  }

  /** One piece, or one slice. @returns whether to go on in this turn */
  private writeSnapshot(item: SnapshotItem): boolean {
    const piece = item.pieces.shift();
    if (piece !== undefined) {
      this.moved();
      this.write(piece, piece.length);
      return true;
    }
    if (item.isDone) {
      this.queue.shift();
      return true;
    }
    item.isDone = item.dump.step(SLICE_MS, this.host.clock);
    this.schedule();
    return false;
  }

  private write(bytes: Uint8Array, length: number): void {
    this.isBlocked = !this.connection.write(bytes, 0, length);
  }
}
