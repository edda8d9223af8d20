import type { QuorumPacket } from '@zk/jute';
import type { EnsembleConfig, ServerId } from '@zk/quorum';
import {
  type DiskContents,
  type LearnerPort,
  type LogEntry,
  type Notification,
  PacketType,
  packetName,
  Peer,
  type PeerInput,
  type PeerOptions,
  type PeerOutput,
  type PeerRole,
  type ZabRules,
} from '@zk/zab';
import type { Agenda } from './agenda.js';
import type { Checkers } from './checkers.js';
import { SimulatedDisk } from './disk.js';
import { type History, encodeId, encodeReconfig, idOf } from './history.js';
import { HostClock } from './host-clock.js';
import type { NetworkHost, SimulatedNetwork } from './network.js';
import type { SeededRandom } from './random.js';
import { Snapshots } from './snapshots.js';

export interface HostWorld {
  readonly agenda: Agenda;
  readonly random: SeededRandom;
  readonly network: SimulatedNetwork;
  readonly checkers: Checkers;
  readonly config: EnsembleConfig;
  readonly options: Partial<PeerOptions>;
  readonly rules: ZabRules;
  readonly empty: History;
  /** Whether snapshots have some of what was committed while they were taken. */
  readonly isFuzzy: boolean;
  /** A transaction was applied on a host that serves clients. */
  applied(host: Host, id: number): void;
  /** Clients of this host must look for another one. */
  stopped(host: Host): void;
  restartLater(host: Host): void;
  note(host: Host, text: () => string): void;
  /** Something rare happened: how often it does tells what a run is worth. */
  count(what: string): void;
}

/** One server: a peer, what performs its outputs, and a state machine that remembers what it was given. */
export class Host implements NetworkHost {
  readonly disk: SimulatedDisk;
  readonly clock: HostClock;
  peer: Peer | undefined;
  state: History;
  role: PeerRole = 'looking';
  isServing = false;
  private readonly listening = new Set<LearnerPort>();
  epoch = 0;
  private nextZxid = 0n;
  private life = 0;
  private wakeAtMs = Infinity;
  private readonly snapshots: Snapshots;
  private pausedUntilMs = 0;
  private readonly backlog: PeerInput[] = [];

  constructor(
    readonly number: number,
    private readonly world: HostWorld,
  ) {
    this.state = world.empty;
    this.disk = new SimulatedDisk(world.agenda, world.random, world.empty, {
      durable: (zxid) => this.give({ kind: 'durable', zxid }),
      written: (ticket, disk, state) => this.written(ticket, disk, state),
      writeFailed: (ticket, reason) => this.give({ kind: 'write-failed', ticket, reason }),
      logFailed: () => {
        world.count('log failure');
        this.give({ kind: 'log-failed' });
      },
      logRecovered: () => this.give({ kind: 'log-recovered' }),
      crash: (reason) => this.crash(reason, false),
    });
    this.clock = new HostClock(world.agenda);
    this.snapshots = new Snapshots(world.agenda, world.random, this.disk, world.isFuzzy, () => this.state);
  }

  get id(): ServerId {
    return BigInt(this.number);
  }

  get isUp(): boolean {
    return this.peer !== undefined;
  }

  // Life and death

  start(): void {
    const { world } = this;
    const { epochs, contents, state } = this.disk.load();
    this.state = state;
    const restored = world.rules.restoreEpochs(epochs);
    world.checkers.restarted(this, restored);
    this.disk.accepted = restored.accepted;
    this.disk.current = restored.current;
    const { options, rules } = world;
    const config = this.disk.config ?? world.config;
    this.peer = new Peer({ id: this.id, config, epochs: restored, disk: contents, options, rules });
    world.note(
      this,
      () => `starts with ${contents.lastZxid.toString(16)}, epochs ${restored.accepted}/${restored.current}`,
    );
    world.network.appear(this.number);
    this.perform(this.peer.start(this.clock.nowMs));
  }

  /** @param isSilent as when the power fails: nobody is told that connections are gone */
  crash(reason: string, isSilent: boolean): void {
    if (!this.isUp) return;
    this.world.note(this, () => `crashes: ${reason}`);
    this.world.count('crash');
    this.life++;
    this.peer = undefined;
    this.listening.clear();
    this.snapshots.abandon();
    this.wakeAtMs = Infinity;
    this.backlog.length = 0;
    this.pausedUntilMs = 0;
    this.stopServing();
    this.role = 'looking';
    this.disk.crash();
    this.world.network.vanish(this.number, isSilent);
    this.world.restartLater(this);
  }

  /** Nothing happens here for a while; then everything that came meanwhile, at once. */
  pause(durationMs: number): void {
    if (!this.isUp) return;
    const { agenda } = this.world;
    this.pausedUntilMs = agenda.nowMs + durationMs;
    const { life } = this;
    agenda.in(durationMs, () => {
      if (life !== this.life) return;
      this.pausedUntilMs = 0;
      for (const input of this.backlog.splice(0)) this.give(input);
      this.give({ kind: 'tick' });
    });
  }

  /** Its clock runs otherwise, or leaps ahead: what was planned comes at another time. */
  changeClock(change: (clock: HostClock) => void): void {
    change(this.clock);
    this.wakeAtMs = Infinity;
    this.give({ kind: 'tick' });
  }

  // What clients do

  /** Takes a write; false when it was not taken. */
  submit(id: number): boolean {
    if (!this.isServing || this.isPaused) return false;
    if (this.role === 'leader') this.propose(id);
    else {
      const request = { sessionId: 1n, cxid: id, opcode: 1, body: encodeId(id), ids: null };
      this.give({ kind: 'forward', request });
    }
    return true;
  }

  get isPaused(): boolean {
    return this.pausedUntilMs > 0;
  }

  /** The zxid that the next transaction of this leader gets. */
  get plannedZxid(): bigint {
    return this.nextZxid + 1n;
  }

  /** Takes a new configuration, whose version is {@link plannedZxid}. */
  reconfigure(id: number, config: EnsembleConfig): void {
    this.proposeTxn(id, encodeReconfig(id, this.plannedZxid, config));
  }

  private propose(id: number): void {
    if (this.isServing && this.role === 'leader') this.proposeTxn(id, encodeId(id));
  }

  private proposeTxn(id: number, txn: Uint8Array): void {
    const zxid = ++this.nextZxid;
    this.world.checkers.proposed(this, zxid, id);
    this.give({ kind: 'propose', zxid, txn });
  }

  // What the network brings

  isListening(port: LearnerPort): boolean {
    return this.listening.has(port);
  }

  notified(from: number, notification: Notification): void {
    this.give({ kind: 'notification', from: BigInt(from), notification });
  }

  reachable(server: number, isReachable: boolean): void {
    this.give({ kind: 'reachable', server: BigInt(server), isReachable });
  }

  accepted(link: number): void {
    if (this.role === 'follower') this.world.count('observer at a master');
    this.give({ kind: 'accepted', link });
  }

  connected(attempt: number, link: number): void {
    this.give({ kind: 'connected', attempt, link });
  }

  dialFailed(attempt: number): void {
    this.give({ kind: 'dial-failed', attempt });
  }

  closed(link: number): void {
    this.give({ kind: 'closed', link });
  }

  packets(link: number, packets: readonly QuorumPacket[]): void {
    this.give({ kind: 'packets', link, packets });
  }

  snapshot(link: number, state: History): void {
    this.give({ kind: 'snapshot-received', link }, state);
  }

  private written(ticket: number, disk: DiskContents | undefined, state: History | undefined): void {
    this.world.checkers.wrote(this);
    this.give({ kind: 'written', ticket, disk }, state);
  }

  // The driver

  /** @param state what the state machine becomes with this input, if anything */
  private give(input: PeerInput, state?: History): void {
    if (this.peer === undefined) return;
    if (this.isPaused && input.kind !== 'tick') {
      // States ride along with their inputs: they are rare enough to be waited for.
      this.backlog.push(input);
      if (state !== undefined) this.statesInBacklog.set(input, state);
      return;
    }
    if (this.isPaused) return;
    const newState = state ?? this.statesInBacklog.get(input);
    if (newState !== undefined) this.state = newState;
    if (input.kind === 'log-recovered') this.disk.reopenLog();
    this.perform(this.peer.step(input, this.clock.nowMs));
  }

  private readonly statesInBacklog = new Map<PeerInput, History>();

  private perform(outputs: readonly PeerOutput[]): void {
    const { life } = this;
    for (const output of outputs) {
      this.performOne(output);
      // A disk may crash its host in the middle of this: what is left is never done.
      if (life !== this.life) return;
    }
    this.world.checkers.performed(this);
    this.planWake();
  }

  private planWake(): void {
    const { agenda } = this.world;
    const wakeAtMs = this.peer!.wakeAtMs;
    if (wakeAtMs >= this.wakeAtMs || wakeAtMs === Infinity) return;
    this.wakeAtMs = wakeAtMs;
    const { life } = this;
    agenda.at(this.clock.whenShown(wakeAtMs), () => {
      if (life !== this.life || this.wakeAtMs !== wakeAtMs) return;
      this.wakeAtMs = Infinity;
      if (this.isPaused) return;
      this.give({ kind: 'tick' });
    });
  }

  private send(link: number, packet: QuorumPacket): void {
    const { network, checkers } = this.world;
    const { type, zxid } = packet;
    if (type === PacketType.ACK) checkers.acknowledges(this, zxid);
    else if (type >= PacketType.DIFF && type <= PacketType.SNAP) this.world.count(packetName(type));
    network.send(link, this.number, packet);
  }

  private performOne(output: PeerOutput): void {
    const { network } = this.world;
    switch (output.kind) {
      case 'notify':
        return network.notify(this.number, Number(output.to), output.notification);
      case 'listen':
        this.listening.add(output.port);
        return;
      case 'unlisten':
        this.listening.clear();
        return;
      case 'dial':
        return network.dial(this.number, Number(output.to), output.port, output.attempt);
      case 'send':
        for (const packet of output.packets) this.send(output.link, packet);
        return;
      case 'send-snapshot':
        return network.sendSnapshot(output.link, this.number, this.snapshots.stream());
      case 'close':
        return network.close(output.link, this.number);
      case 'append':
        return this.disk.append(output.entry);
      case 'sync':
        return this.disk.sync(output.point);
      case 'write':
        return this.disk.write(output.ticket, output.write, output.point, this.state);
      case 'read-log':
        this.world.count('log read');
        return this.readLog(output.link, output.after, output.upTo);
      case 'deliver':
        return this.deliver(output.entry, output.cause);
      default:
        return this.performRarer(output);
    }
  }

  private performRarer(output: PeerOutput): void {
    const { checkers } = this.world;
    switch (output.kind) {
      case 'phase':
        this.role = output.role;
        this.world.note(this, () => `${output.role} ${output.phase} epoch ${output.epoch}`);
        return;
      case 'serve':
        this.isServing = true;
        this.epoch = output.epoch;
        this.nextZxid = output.zxid;
        if (output.role === 'leader') this.world.count('leader');
        return checkers.serves(this);
      case 'stop-serving':
        this.world.note(this, () => `stops serving: ${output.reason}`);
        return this.stopServing();
      case 'config':
        if (output.status === 'committed') this.disk.config = output.config;
        this.world.note(this, () => `${output.status} configuration ${output.config.version.toString(16)}`);
        return;
      case 'activate':
        return this.world.count(output.leader === this.id ? 'activation' : 'handover');
      case 'request':
        return this.propose(output.request.cxid);
      case 'halt':
        return checkers.halted(this, output.reason);
      default:
        return;
    }
  }

  private stopServing(): void {
    if (!this.isServing) return;
    this.isServing = false;
    this.snapshots.abandon();
    this.world.stopped(this);
  }

  private deliver(entry: LogEntry, cause: 'commit' | 'recovery'): void {
    this.state = this.state.then(entry);
    if (cause !== 'commit') return;
    this.world.checkers.committed(this);
    this.world.applied(this, idOf(entry));
    this.snapshots.committed(entry, this.state);
  }

  /** In pieces, each in its own time, while the world goes on. */
  private readLog(link: number, after: bigint, upTo: bigint): void {
    const { agenda, random } = this.world;
    const { life } = this;
    const entries = this.disk.read(after, upTo);
    const say = (delayMs: number, input: PeerInput): void =>
      agenda.in(delayMs, () => {
        if (life === this.life) this.give(input);
      });
    if (entries === undefined || entries.length === 0) return say(0.1, { kind: 'log-unavailable', link });
    const half = random.between(1, entries.length);
    const rest = entries.slice(half);
    say(0.2, { kind: 'log-entries', link, entries: entries.slice(0, half), isLast: rest.length === 0 });
    if (rest.length > 0) say(random.duration(0.3, 20), { kind: 'log-entries', link, entries: rest, isLast: true });
  }
}
