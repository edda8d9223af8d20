import type { QuorumPacket } from '@zk/jute';
import { type PeerInput, type PeerOptions, PacketType, defaultPeerOptions } from '@zk/zab';
import { BoundPort, type BoundPortHost } from './bound-port.js';
import type { DiallingOptions } from './dialling.js';
import {
  ElectionNetwork,
  type ElectionNetworkHost,
  type ElectionNetworkOptions,
  type ElectionNetworkPorts,
} from './election-network.js';
import { LogFeed } from './log-feed.js';
import { LogSyncs } from './log-syncs.js';
import { MemberAddresses } from './member-addresses.js';
import type { EnsembleOptions } from './options.js';
import { PeerDisk } from './peer-disk.js';
import type { EnsemblePorts } from './ports.js';
import { QuorumNetwork, type QuorumNetworkHost, type QuorumNetworkOptions } from './quorum-network.js';

/** What performs the outputs of a peer. */
export interface PeerParts {
  readonly addresses: MemberAddresses;
  readonly disk: PeerDisk;
  readonly syncs: LogSyncs;
  readonly logFeed: LogFeed;
  readonly elections: ElectionNetwork;
  readonly electionPort: BoundPort;
  readonly quorum: QuorumNetwork;
}

/** Who is told what comes of it. */
export interface PeerPartsHost {
  give(input: PeerInput): void;
  /** The leader is about to be answered a ping. */
  heartbeat(): void;
  /** The server must not go on; the code is Apache's exit code. */
  halt(code: number, error: unknown): void;
}

const MEMBER_PORTS = { learners: 'quorumPort', observers: 'observerMasterPort' } as const;
export const UNEXPECTED_ERROR = 1;
/** The election port cannot be bound. */
const CANNOT_LISTEN = 14;

/** Makes the parts of one server of an ensemble, each from the ports and those options that concern it. */
export class PeerAssembly {
  private readonly addresses: MemberAddresses;
  private readonly peerOptions: PeerOptions;

  constructor(
    private readonly ports: EnsemblePorts,
    private readonly options: EnsembleOptions,
    private readonly host: PeerPartsHost,
  ) {
    const { id, config, isListeningOnAllAddresses: isOnAll, observerMaster, peer } = options;
    this.addresses = new MemberAddresses(id, config, isOnAll, observerMaster?.port);
    this.peerOptions = { ...defaultPeerOptions, ...peer };
  }

  assemble(): PeerParts {
    const { addresses, ports, host } = this;
    const { scheduler, logger } = ports;
    const disk = this.newDisk();
    const quorum = this.newQuorum();
    const elections = this.newElections();
    return {
      addresses,
      disk,
      syncs: new LogSyncs(scheduler, () => disk.sync()),
      logFeed: new LogFeed({ disk, quorum, scheduler, logger }, (input) => host.give(input)),
      elections,
      electionPort: this.newElectionPort(elections),
      quorum,
    };
  }

  private newDisk(): PeerDisk {
    const { host, options, ports } = this;
    const diskOptions = { ...options, recentCount: this.peerOptions.commitLogCount };
    return new PeerDisk(ports, diskOptions, {
      durable: (zxid) => host.give({ kind: 'durable', zxid }),
      written: (ticket, disk) => host.give({ kind: 'written', ticket, ...(disk === undefined ? {} : { disk }) }),
      writeFailed: (ticket, reason) => host.give({ kind: 'write-failed', ticket, reason }),
      logFailed: (error) => {
        ports.logger.error({ err: error }, 'the log refuses writes');
        host.give({ kind: 'log-failed' });
      },
      logRecovered: () => host.give({ kind: 'log-recovered' }),
      fatal: (error) => host.halt(UNEXPECTED_ERROR, error),
      quiesce: async () => ports.quiesce?.(),
    });
  }

  private newElections(): ElectionNetwork {
    const { addresses, host, options } = this;
    const { tickTimeMs, syncLimitTicks } = this.peerOptions;
    const { id, multiAddress, isElectionKeptAlive: keepAlive } = options;
    const electionHost: ElectionNetworkHost = {
      addressesOf: (server) => addresses.of(server, 'electionPort'),
      notified: (from, notification) => host.give({ kind: 'notification', from, notification }),
      reachable: (server, isReachable) => host.give({ kind: 'reachable', server, isReachable }),
    };
    const electionOptions: ElectionNetworkOptions = {
      id,
      dialling: { ...this.dialling, keepAlive },
      isMultiAddress: multiAddress.isEnabled,
      reachabilityTimeoutMs: multiAddress.isReachabilityChecked ? multiAddress.reachabilityTimeoutMs : 0,
      handshakeTimeoutMs: options.handshakeTimeoutMs ?? tickTimeMs * syncLimitTicks,
    };
    return new ElectionNetwork(this.electionPorts, electionOptions, electionHost);
  }

  private newElectionPort(elections: ElectionNetwork): BoundPort {
    const { addresses, host, options } = this;
    const portHost: BoundPortHost = {
      addresses: () => addresses.toListenOn('electionPort'),
      accept: (connection) => elections.accept(connection),
      givenUp: (error) => host.halt(CANNOT_LISTEN, error),
    };
    const { electionBindAttempts: maxAttempts, isElectionKeptAlive: keepAlive } = options;
    return new BoundPort(this.electionPorts, { maxAttempts, keepAlive }, portHost);
  }

  private newQuorum(): QuorumNetwork {
    const { addresses, host } = this;
    const quorumHost: QuorumNetworkHost = {
      addressesOf: (server, port) => addresses.of(server, MEMBER_PORTS[port]),
      listenAddresses: (port) => addresses.toListenOn(MEMBER_PORTS[port]),
      accepted: (link) => host.give({ kind: 'accepted', link }),
      connected: (attempt, link) => host.give({ kind: 'connected', attempt, link }),
      dialFailed: (attempt) => host.give({ kind: 'dial-failed', attempt }),
      closed: (link) => host.give({ kind: 'closed', link }),
      packets: (link, packets) => {
        if (packets.some(isPing)) host.heartbeat();
        host.give({ kind: 'packets', link, packets });
      },
      snapshotProgress: (link) => host.give({ kind: 'snapshot-progress', link }),
      snapshotReceived: (link) => host.give({ kind: 'snapshot-received', link }),
    };
    const { maxQueuedBytes: learners, maxPacketBytes, observerMaster } = this.options;
    const quorumOptions: QuorumNetworkOptions = {
      dialling: this.dialling,
      maxQueuedBytes: { learners, observers: observerMaster?.maxQueuedBytes ?? learners },
      maxPacketBytes,
    };
    return new QuorumNetwork(this.ports, quorumOptions, quorumHost);
  }

  private get electionPorts(): ElectionNetworkPorts {
    const { transport, scheduler, random, logger } = this.ports;
    return { transport: transport.elections ?? transport, scheduler, random, logger };
  }

  private get dialling(): DiallingOptions {
    const { connectTimeoutMs: timeoutMs, multiAddress } = this.options;
    return { timeoutMs, isInTurn: !multiAddress.isReachabilityChecked };
  }
}

function isPing({ type }: QuorumPacket): boolean {
  return type === PacketType.PING;
}
