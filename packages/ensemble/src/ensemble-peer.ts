import { ByteArena } from '@zk/jute';
import { type Zxid, int64 } from '@zk/model';
import type { ReconfigSituation } from '@zk/quorum';
import { Peer, type PeerOutput, type PeerStatus, type WritePoint, restoreEpochs } from '@zk/zab';
import { BehaviorSubject, type Observable } from 'rxjs';
import type { EnsembleEvent, EnsembleRequest, PeerEvent } from './events.js';
import type { LinkStatus } from './link-traffic.js';
import { type EnsembleOptions, defaultEnsembleOptions } from './options.js';
import { PeerAssembly, type PeerParts, UNEXPECTED_ERROR } from './peer-assembly.js';
import { PeerLoop } from './peer-loop.js';
import type { EnsemblePorts } from './ports.js';
import { type EnsembleRole, changedRole, initialRole, isSameRole } from './role.js';

export interface EnsembleStatus {
  readonly peer: PeerStatus;
  readonly isServing: boolean;
  /** Servers with an open election connection. */
  readonly electionConnections: readonly string[];
  readonly quorumConnections: number;
  /** Between leader and learners; {@link LearnerStatus} says whose each is. */
  readonly links: readonly LinkStatus[];
}

/**
 * One server of an ensemble: elects, leads or follows, and keeps its state and its disk in agreement with the others. It is
 * the shell around `Peer` of `@zk/zab`, which decides everything; here, what the peer wants is done, in its order, and what
 * comes of it is told to the peer, one thing at a time.
 */
export class EnsemblePeer {
  /**
   * For the request pipeline of a leader. What it proposes when this server no longer leads is dropped: `stop-serving` tells
   * it to abandon what is on its way.
   */
  readonly proposer = {
    /** Takes a copy of the bytes. */
    propose: (zxidHi: number, zxidLo: number, bytes: Uint8Array, start: number, end: number): void => {
      this.propose(int64(zxidHi, zxidLo), this.arena.copy(bytes, start, end));
    },
  };
  private readonly options: EnsembleOptions;
  private readonly parts: PeerParts;
  private readonly loop: PeerLoop;
  private readonly arena = new ByteArena();
  private readonly roles = new BehaviorSubject<EnsembleRole>(initialRole);
  private peer: Peer | undefined;

  /** @param onEvent called in order; a `deliver` after the state has taken the transaction */
  constructor(
    private readonly ports: EnsemblePorts,
    options: Pick<EnsembleOptions, 'id' | 'config'> & Partial<EnsembleOptions>,
    private readonly onEvent: (event: EnsembleEvent) => void = () => undefined,
  ) {
    this.options = { ...defaultEnsembleOptions, ...options };
    this.loop = new PeerLoop(ports.clock, ports.scheduler, {
      perform: (output) => this.perform(output),
      failed: (error) => this.halt(UNEXPECTED_ERROR, error),
    });
    const assembly = new PeerAssembly(ports, this.options, {
      give: (input) => this.loop.give(input),
      heartbeat: () => this.onEvent({ kind: 'heartbeat' }),
      halt: (code, error) => this.halt(code, error),
    });
    this.parts = assembly.assemble();
  }

  /** The role this server plays, as it is now and then at each change; completes when the server stops. */
  get role$(): Observable<EnsembleRole> {
    return this.roles.asObservable();
  }

  get role(): EnsembleRole {
    return this.roles.value;
  }

  /**
   * Opens the storage, loads the state and begins to look for a leader. Resolves without waiting for one.
   * @throws CorruptionError when the disk cannot be read; Error when its epochs contradict each other, or this server is
   *   not in the configuration
   */
  async start(): Promise<void> {
    const { id, config } = this.options;
    if (!config.servers.has(id)) throw new Error(`server.${id} is not in the configuration`);
    try {
      await this.begin();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Leaves the ensemble: closes every connection, waits for the disk, closes the storage. Idempotent. */
  async stop(): Promise<void> {
    if (this.loop.isStopped) return;
    const { disk, elections, electionPort, quorum, syncs } = this.parts;
    this.loop.stop();
    syncs.stop();
    elections.stop();
    await Promise.all([quorum.stop(), electionPort.close()]);
    await disk.close();
    this.roles.complete();
  }

  /** Undefined before the start. A plain copy, ready for JSON. */
  status(): EnsembleStatus | undefined {
    if (this.peer === undefined) return undefined;
    const { elections, quorum } = this.parts;
    return {
      peer: this.peer.status(),
      isServing: this.role.isServing,
      electionConnections: elections.connected.map(String),
      quorumConnections: quorum.linkCount,
      links: quorum.status(),
    };
  }

  /** What quorum connections have carried is counted anew. */
  resetTraffic(): void {
    this.parts.quorum.resetTraffic();
  }

  /** Whether this server's log has everything up to this zxid for good. */
  isDurable(zxid: Zxid): boolean {
    return this.parts.disk.isDurable(zxid);
  }

  /** How a leader stands for a change of its members; undefined before the start. */
  reconfigSituation(): Omit<ReconfigSituation, 'isStandaloneEnabled'> | undefined {
    return this.peer?.reconfigSituation();
  }

  /** What a server that serves clients wants of the ensemble; ignored while the peer does not serve. */
  request(request: EnsembleRequest): void {
    if (this.role.isServing) this.loop.give(request);
  }

  /**
   * Proposes a transaction, as the leader; it is delivered once it is committed.
   * @param zxid the one after the last proposed, which `serve` tells at first
   * @param txn header, record and digest; taken over
   * @returns false when this server does not lead: the transaction is not proposed
   */
  propose(zxid: Zxid, txn: Uint8Array): boolean {
    if (this.role.role !== 'leader' || !this.role.isServing) return false;
    this.loop.give({ kind: 'propose', zxid, txn });
    return true;
  }

  private async begin(): Promise<void> {
    const { id, config, observerMaster, isOtherVoterLost } = this.options;
    const { disk, electionPort } = this.parts;
    const options = {
      ...this.options.peer,
      hasObserverMasters: observerMaster !== undefined,
      hasOracle: isOtherVoterLost !== undefined,
    };
    const { epochs: stored, contents } = await disk.open();
    const epochs = restoreEpochs(stored);
    await disk.keepEpochs(stored, epochs);
    await electionPort.open();
    if (this.loop.isStopped) return;
    this.peer = new Peer({ id, config, epochs, disk: contents, options });
    this.loop.begin(this.peer);
  }

  // What the peer wants

  private perform(output: PeerOutput): void {
    const { disk, elections, logFeed, quorum } = this.parts;
    switch (output.kind) {
      case 'notify':
        return elections.send(output.to, output.notification);
      case 'ask-oracle':
        return void this.askOracle();
      case 'listen':
        return quorum.listen(output.port);
      case 'unlisten':
        return quorum.unlisten(output.port);
      case 'dial':
        return quorum.dial(output.to, output.port, output.attempt);
      case 'send':
        return quorum.send(output.link, output.packets);
      case 'send-snapshot':
        return quorum.sendSnapshot(output.link);
      case 'close':
        return quorum.close(output.link, output.reason, output.isWarning);
      case 'append':
        disk.append(output.entry);
        return this.onEvent(output);
      case 'sync':
        return this.planSync(output.point);
      case 'write':
        return disk.write(output.ticket, output.write);
      case 'read-log':
        return void logFeed.read(output.link, output.after, output.upTo);
      case 'phase':
        return this.changeRole(output);
      default:
        return this.tell(output);
    }
  }

  private async askOracle(): Promise<void> {
    let isOtherLost = false;
    try {
      isOtherLost = (await this.options.isOtherVoterLost?.()) === true;
    } catch (error) {
      this.ports.logger.warn({ err: error }, 'the oracle cannot be asked: that is a no');
    }
    this.loop.give({ kind: 'oracle', isOtherLost });
  }

  /** Nobody waits for the disk of an observer, once it is up to date. */
  private planSync(point: WritePoint): void {
    const { syncs } = this.parts;
    if (point === 'broadcast.log' && this.role.role === 'observer') syncs.whenever();
    else syncs.atTurnEnd();
  }

  private tell(event: PeerEvent): void {
    const { logger, state } = this.ports;
    if (event.kind === 'deliver') state.apply(event.entry.txn, event.entry.zxid, event.cause);
    else if (event.kind === 'serve' || event.kind === 'stop-serving') this.changeRole(event);
    else if (event.kind === 'config') this.changeConfig(event);
    else if (event.kind === 'halt') {
      logger.fatal({ code: event.code, reason: event.reason }, 'this server cannot go on');
    }
    this.onEvent(event);
    if (event.kind === 'halt') void this.stop();
  }

  /** The addresses of this server may be other ones now. */
  private changeConfig({ config, status }: Extract<PeerEvent, { kind: 'config' }>): void {
    const { addresses, electionPort, quorum } = this.parts;
    addresses.changed(config, status);
    void electionPort.refresh();
    quorum.refresh();
  }

  private changeRole(output: Extract<PeerOutput, { kind: 'phase' | 'serve' | 'stop-serving' }>): void {
    const role = changedRole(this.roles.value, output);
    if (isSameRole(role, this.roles.value)) return;
    this.ports.logger.info({ ...role, leader: role.leader?.toString() }, 'the role in the ensemble has changed');
    this.roles.next(role);
  }

  private halt(code: number, error: unknown): void {
    if (this.loop.isStopped) return;
    const reason = error instanceof Error ? error.message : String(error);
    this.ports.logger.fatal({ err: error }, 'this server cannot go on');
    this.onEvent({ kind: 'halt', code, reason });
    void this.stop();
  }
}
