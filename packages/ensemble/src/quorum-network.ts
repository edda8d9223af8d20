import type { Clock, Connection, ConnectionHandler, Logger, Scheduler, Transport } from '@zk/contracts';
import type { QuorumPacket } from '@zk/jute';
import { CorruptionError, hex64 } from '@zk/model';
import type { ServerId } from '@zk/quorum';
import { type LearnerPort, type LinkId, PacketStream, type PacketStreamHandler, PacketType } from '@zk/zab';
import { BoundPort, type BoundPortHost } from './bound-port.js';
import { type DiallingOptions, type HostAndPort, deaf, dialAny } from './dialling.js';
import type { LinkStatus } from './link-traffic.js';
import { QuorumLink, type QuorumLinkHost } from './quorum-link.js';
import type { ReplicatedState, StateLoader } from './replicated-state.js';

export interface QuorumNetworkHost {
  /** Where a server accepts learners, or as a follower observers. */
  addressesOf(server: ServerId, port: LearnerPort): readonly HostAndPort[];
  /** Where this server does. */
  listenAddresses(port: LearnerPort): readonly HostAndPort[];
  accepted(link: LinkId): void;
  connected(attempt: number, link: LinkId): void;
  dialFailed(attempt: number): void;
  closed(link: LinkId): void;
  /** Packets that came together; see `PeerInput`. */
  packets(link: LinkId, packets: readonly QuorumPacket[]): void;
  /** Bytes of a snapshot came or went, or the other end took what had waited for it; at most a few times a second. */
  snapshotProgress(link: LinkId): void;
  snapshotReceived(link: LinkId): void;
}

export interface QuorumNetworkOptions {
  readonly dialling: DiallingOptions;
  /** Bytes that may wait for whoever came to that port, before it is disconnected. */
  readonly maxQueuedBytes: Readonly<Record<LearnerPort, number>>;
  /** The longest data of a packet that is read. */
  readonly maxPacketBytes: number;
}

export interface QuorumNetworkPorts {
  readonly transport: Transport;
  readonly scheduler: Scheduler;
  readonly clock: Clock;
  readonly state: ReplicatedState;
  readonly logger: Logger;
}

/** What this server is on a link: a follower that serves observers is their leader. */
type LinkRole = 'leader' | 'learner';

/** Learners that may be connected at once: an ensemble has fewer, a mistake may have more. */
const MAX_LINKS = 1024;

/**
 * The connections between leaders and learners: the learner dials, packets go both ways, back to back, and snapshots go to
 * the learner among them (spec: learner protocol, sections 1, 2 and 5.1). Who has been silent for too long is decided by the
 * peer, which sees the packets.
 */
export class QuorumNetwork {
  private readonly boundPorts: Readonly<Record<LearnerPort, BoundPort>>;
  private readonly links = new Map<LinkId, QuorumLink>();
  private readonly linkHosts: Readonly<Record<LearnerPort, QuorumLinkHost>>;
  private nextLink = 1;
  private isStopped = false;

  constructor(
    private readonly ports: QuorumNetworkPorts,
    private readonly options: QuorumNetworkOptions,
    private readonly host: QuorumNetworkHost,
  ) {
    this.boundPorts = { learners: this.boundPort('learners'), observers: this.boundPort('observers') };
    this.linkHosts = { learners: this.linkHost('learners'), observers: this.linkHost('observers') };
  }

  get linkCount(): number {
    return this.links.size;
  }

  /** Every connection, and what it has carried. */
  status(): readonly LinkStatus[] {
    return [...this.links.values()].map((link) => link.status);
  }

  /** What connections have carried is counted anew. */
  resetTraffic(): void {
    for (const { traffic } of this.links.values()) traffic.reset();
  }

  isOpen(link: LinkId): boolean {
    return this.links.has(link);
  }

  /** Bytes of packets that the other end has not taken; 0 for a link that is gone. */
  unsentBytes(link: LinkId): number {
    return this.links.get(link)?.unsentBytes ?? 0;
  }

  listen(port: LearnerPort): void {
    void this.boundPorts[port].open();
  }

  unlisten(port: LearnerPort): void {
    void this.boundPorts[port].close();
  }

  /** This server's addresses may have changed. */
  refresh(): void {
    for (const port of Object.values(this.boundPorts)) void port.refresh();
  }

  dial(to: ServerId, port: LearnerPort, attempt: number): void {
    void this.connect(to, port, attempt);
  }

  send(link: LinkId, packets: readonly QuorumPacket[]): void {
    this.links.get(link)?.send(packets);
  }

  sendSnapshot(link: LinkId): void {
    this.links.get(link)?.sendSnapshot((form, sink) => this.ports.state.dump(form, sink));
  }

  close(link: LinkId, reason: string, isWarning = false): void {
    const open = this.links.get(link);
    if (open === undefined) return;
    this.ports.logger[isWarning ? 'warn' : 'info'](
      { remote: open.remoteAddress, reason },
      'a quorum connection is closed',
    );
    this.links.delete(link);
    open.end();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    for (const link of this.links.values()) link.destroy();
    this.links.clear();
    await Promise.all(Object.values(this.boundPorts).map((port) => port.close()));
  }

  private boundPort(port: LearnerPort): BoundPort {
    const portHost: BoundPortHost = {
      addresses: () => this.host.listenAddresses(port),
      accept: (connection) => this.accept(connection, port),
    };
    return new BoundPort(this.ports, { maxAttempts: 0, keepAlive: false }, portHost);
  }

  private linkHost(port: LearnerPort): QuorumLinkHost {
    const { host, options } = this;
    const { clock, scheduler } = this.ports;
    return {
      clock,
      scheduler,
      maxQueuedBytes: options.maxQueuedBytes[port],
      // Later: a peer is not told of anything in the middle of its own outputs.
      progress: ({ id }) => scheduler.atTurnEnd(() => host.snapshotProgress(id)),
      fail: (link, reason) => scheduler.atTurnEnd(() => this.fail(link, reason)),
    };
  }

  private accept(connection: Connection, port: LearnerPort): ConnectionHandler | undefined {
    if (this.isStopped || this.links.size >= MAX_LINKS) return undefined;
    const link = this.newLink(connection, port);
    this.host.accepted(link.id);
    return this.handlerOf(link, connection, 'leader');
  }

  private async connect(to: ServerId, port: LearnerPort, attempt: number): Promise<void> {
    const { host, options } = this;
    try {
      await dialAny(this.ports, host.addressesOf(to, port), options.dialling, (connection) => {
        if (this.isStopped) {
          connection.destroy();
          return deaf;
        }
        const link = this.newLink(connection, port);
        host.connected(attempt, link.id);
        return this.handlerOf(link, connection, 'learner');
      });
    } catch (error) {
      this.ports.logger.debug({ server: to.toString(), port, err: error }, 'a server to learn from cannot be reached');
      if (!this.isStopped) host.dialFailed(attempt);
    }
  }

  private newLink(connection: Connection, port: LearnerPort): QuorumLink {
    const link = new QuorumLink(this.nextLink++, connection, this.linkHosts[port]);
    this.links.set(link.id, link);
    return link;
  }

  private handlerOf(link: QuorumLink, connection: Connection, role: LinkRole): ConnectionHandler {
    const stream = new PacketStream(this.packetHandlerOf(link, connection, role), {
      maxBytes: this.options.maxPacketBytes,
      mergesAcks: role === 'leader',
    });
    return {
      onData: (bytes, start, end) => {
        if (!this.isOpen(link.id)) return;
        const reason = this.read(stream, bytes, start, end);
        if (reason !== undefined && this.isOpen(link.id)) this.fail(link, reason);
      },
      onDrain: () => link.drained(),
      onClose: () => {
        link.closed();
        if (!this.links.delete(link.id)) return;
        this.host.closed(link.id);
      },
    };
  }

  private packetHandlerOf(link: QuorumLink, connection: Connection, role: LinkRole): PacketStreamHandler {
    let loader: StateLoader | undefined;
    return {
      onPackets: (packets) => {
        if (!this.isOpen(link.id)) return;
        link.traffic.packetsReceived(packets);
        const last = packets.at(-1)!;
        if (last.type === PacketType.SNAP) {
          if (role === 'leader') return this.fail(link, 'a learner must not send a snapshot');
          loader = this.newLoader(connection, last);
        }
        this.host.packets(link.id, packets);
      },
      onSnapshot: (bytes) => {
        if (!this.isOpen(link.id) || loader === undefined) return undefined;
        loader.push(bytes);
        link.moved();
        if (!loader.isComplete) return undefined;
        const taken = bytes.length - loader.surplusBytes;
        loader.finish();
        loader = undefined;
        this.host.snapshotReceived(link.id);
        return taken;
      },
    };
  }

  private newLoader(connection: Connection, { zxid }: QuorumPacket): StateLoader {
    return this.ports.state.load({
      form: 'stream',
      name: `snapshot 0x${hex64(zxid)} from ${connection.remoteAddress}`,
      zxid,
    });
  }

  private read(stream: PacketStream, bytes: Uint8Array, start: number, end: number): string | undefined {
    try {
      return stream.push(bytes, start, end);
    } catch (error) {
      if (error instanceof CorruptionError) return error.message;
      throw error;
    }
  }

  private fail(link: QuorumLink, reason: string): void {
    if (!this.links.delete(link.id)) return;
    this.ports.logger.warn({ remote: link.remoteAddress, reason }, 'a quorum connection is broken');
    link.destroy();
    this.host.closed(link.id);
  }
}
