import { counterOf, epochOf, hex64 } from '@zk/model';
import type { EnsembleConfig, ServerId } from '@zk/quorum';
import type { Peer, PeerRole } from '@zk/zab';
import { ConfigChecker } from './config-checker.js';
import type { SimulatedDisk } from './disk.js';
import type { History } from './history.js';
import { type InvariantName, Violation } from './violation.js';

/** What is looked at of a server. */
export interface CheckedHost {
  readonly number: number;
  readonly id: ServerId;
  readonly disk: SimulatedDisk;
  readonly peer: Peer | undefined;
  readonly state: History;
  readonly role: PeerRole;
  readonly isServing: boolean;
  readonly epoch: number;
}

/** Watches all hosts, from outside: it knows every disk and every proposal. */
export class Checkers {
  /** The committed history, by length. */
  private readonly line: History[];
  private readonly proposals = new Map<bigint, number>();
  private readonly leaders = new Map<number, number>();
  private readonly epochs = new Map<number, { accepted: number; current: number }>();
  private readonly positions = new Map<number, number>();
  private readonly floors = new Map<number, number>();
  private readonly sessions = new Map<number, number>();
  private readonly lastOfSession = new Map<number, number>();
  private readonly configs: ConfigChecker;
  private acknowledgedUpTo = 0;
  acknowledgedCount = 0;

  constructor(
    config: EnsembleConfig,
    private readonly hosts: () => readonly CheckedHost[],
    empty: History,
  ) {
    this.line = [empty];
    this.configs = new ConfigChecker(config);
  }

  get committedCount(): number {
    return this.line.length - 1;
  }

  get head(): History {
    return this.line[this.line.length - 1]!;
  }

  proposed(host: CheckedHost, zxid: bigint, id: number): void {
    const other = this.proposals.get(zxid);
    if (other !== undefined) fail('UniqueZxid', `${name(host)} proposes ${hex64(zxid)}, which is ${other}, as ${id}`);
    this.proposals.set(zxid, id);
  }

  /** The host's state is committed up to its end. */
  committed(host: CheckedHost): void {
    this.checkLine(host, host.state);
    if (host.role === 'leader') this.checkDurable(host);
  }

  serves(host: CheckedHost): void {
    if (host.role === 'leader') {
      const other = this.leaders.get(host.epoch);
      if (other !== undefined) fail('OneLeader', `${name(host)} leads epoch ${host.epoch}, which ${other} has led`);
      this.leaders.set(host.epoch, host.number);
      // What a later leader has committed meanwhile, one that was paused need not have: nobody listens to it.
      let earlier = this.head;
      while (earlier.parent !== undefined && epochOf(earlier.zxid) >= host.epoch) earlier = earlier.parent;
      if (host.state.length < earlier.length || host.state.prefix(earlier.length) !== earlier) {
        fail('PrimaryIntegrity', `${name(host)} leads with ${show(host.state)}, committed is ${show(earlier)}`);
      }
      this.checkAccepted(host);
      for (let length = this.line.length; length <= host.state.length; length++) this.extend(host.state.prefix(length));
    }
    this.checkLine(host, host.state);
  }

  /** A learner's word to its leader. */
  acknowledges(host: CheckedHost, zxid: bigint): void {
    const { disk } = host;
    if (counterOf(zxid) === 0) {
      if ((disk.current ?? 0) < epochOf(zxid))
        fail('AckIsDurable', `${name(host)} acknowledges a leader it may forget`);
      return;
    }
    const id = this.proposals.get(zxid);
    if (id === undefined || !disk.holds(zxid, id)) {
      fail('AckIsDurable', `${name(host)} acknowledges ${hex64(zxid)}, which is not on its disk`);
    }
  }

  wrote(host: CheckedHost): void {
    const { accepted = 0, current = 0 } = host.disk;
    const before = this.epochs.get(host.number) ?? { accepted: 0, current: 0 };
    if (accepted < before.accepted || current < before.current || accepted < current) {
      const now = `${accepted}/${current}`;
      fail('EpochsGrow', `${name(host)} has epochs ${now} after ${before.accepted}/${before.current}`);
    }
    this.epochs.set(host.number, { accepted, current });
  }

  restarted(host: CheckedHost, restored: { accepted: number; current: number }): void {
    const before = this.epochs.get(host.number);
    if (before === undefined) return;
    if (restored.accepted < before.accepted || restored.current < before.current) {
      const now = `${restored.accepted}/${restored.current}`;
      fail('EpochsGrow', `${name(host)} starts with epochs ${now} after ${before.accepted}/${before.current}`);
    }
  }

  /** A host has done all that followed from an input. */
  performed(host: CheckedHost): void {
    const defect = this.configs.activated(host.number, host.disk.config);
    if (defect !== undefined) fail('ConfigIsCommitted', `${name(host)} ${defect}`);
  }

  halted(host: CheckedHost, reason: string): void {
    fail('Agreement', `${name(host)} halts: ${reason}`);
  }

  /** A client begins a write; ids grow. @param session of a client at one server, until it goes elsewhere */
  began(id: number, session: number): void {
    this.floors.set(id, this.acknowledgedUpTo);
    this.sessions.set(id, session);
  }

  /** A client is told that its write is done. */
  acknowledged(id: number): void {
    const position = this.positions.get(id);
    if (position === undefined) fail('AcknowledgedIsCommitted', `write ${id} is acknowledged and not committed`);
    this.acknowledgedCount++;
    if (position! > this.acknowledgedUpTo) this.acknowledgedUpTo = position!;
  }

  /** Everything has been well for a while. */
  checkQuiet(): void {
    const versions = new Set<string>();
    for (const host of this.hosts()) {
      if (!host.isServing) fail('Liveness', `${name(host)} does not serve`);
      if (host.state !== this.head) fail('Liveness', `${name(host)} has ${show(host.state)}, not ${show(this.head)}`);
      versions.add(host.peer!.status().configVersion);
    }
    if (versions.size > 1) fail('Liveness', `there are configurations ${[...versions].join(', ')}`);
  }

  private checkLine(host: CheckedHost, state: History): void {
    const known = this.line[state.length];
    if (known === state) return;
    if (known !== undefined || state.parent !== this.head) {
      fail('Agreement', `${name(host)} has ${show(state)} where ${show(known ?? this.head)} is committed`);
    }
    this.extend(state);
  }

  private extend(state: History): void {
    const { parent, zxid, id } = state;
    if (this.proposals.get(zxid) !== id)
      fail('Integrity', `${hex64(zxid)} is committed as ${id}, nobody proposed that`);
    const isNext =
      epochOf(zxid) === epochOf(parent!.zxid)
        ? zxid === parent!.zxid + 1n
        : zxid > parent!.zxid && counterOf(zxid) === 1;
    if (!isNext) fail('PrimaryOrder', `${hex64(zxid)} is committed after ${hex64(parent!.zxid)}`);
    if (this.positions.has(id)) fail('Integrity', `write ${id} is committed twice`);
    const floor = this.floors.get(id) ?? 0;
    if (state.length <= floor)
      fail('RealTimeOrder', `write ${id} is number ${state.length}, ${floor} was acknowledged before`);
    const session = this.sessions.get(id) ?? 0;
    const previous = this.lastOfSession.get(session) ?? 0;
    if (session > 0 && id < previous)
      fail('SessionOrder', `write ${id} is committed after ${previous} of the same client`);
    this.lastOfSession.set(session, id);
    this.positions.set(id, state.length);
    this.line.push(state);
    this.configs.extended(state);
  }

  /** What a new leader begins with is committed by being on the disks of a quorum, with the claim to have it. */
  private checkAccepted(leader: CheckedHost): void {
    const { zxid, id, length } = leader.state;
    const holders = new Set<bigint>();
    for (const { disk, id: server } of this.hosts()) {
      if ((disk.current ?? 0) >= leader.epoch && (length === 0 || disk.holds(zxid, id))) holders.add(server);
    }
    if (this.configs.isQuorumSince(this.head, leader.state, holders)) return;
    const text = [...holders].join(', ') || 'nobody';
    fail('CommitIsDurable', `${name(leader)} broadcasts in epoch ${leader.epoch} with the history of ${text}`);
  }

  private checkDurable(leader: CheckedHost): void {
    const { zxid, id } = leader.state;
    const holders = new Set<bigint>();
    for (const host of this.hosts()) if (host.disk.holds(zxid, id)) holders.add(host.id);
    if (this.configs.isQuorumForLast(leader.state, holders)) return;
    fail(
      'CommitIsDurable',
      `${name(leader)} commits ${hex64(zxid)}, which is on the disks of ${[...holders].join(', ') || 'nobody'}`,
    );
  }
}

function fail(invariantName: InvariantName, detail: string): void {
  throw new Violation(invariantName, detail);
}

function name(host: CheckedHost): string {
  return `server ${host.number}`;
}

function show(state: History): string {
  return `${hex64(state.zxid)} (number ${state.length}, write ${state.id})`;
}
