/**
 * An ensemble of real processes, each of them ours (`zk`) or Apache ZooKeeper 3.9 (`apache`), with a zoo.cfg, a data
 * directory and ports of its own. Whatever was started is killed, and whatever was written removed, when the tool ends.
 */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  LOCALHOST,
  Member,
  type MemberSpec,
  type MemberState,
  type PeerAddress,
  type ZooConfig,
} from './ensemble-member.js';
import { freePort, LaunchError, removeDirectory, temporaryDirectory } from './launch.js';

export type { MemberSpec, MemberState, Mode, PeerAddress, UnexpectedEnd, ZooConfig } from './ensemble-member.js';
export { Member } from './ensemble-member.js';

export interface EnsembleOptions {
  /** Server numbers count from 1 in this order. */
  readonly members: readonly MemberSpec[];
  /** zoo.cfg keys of every member. */
  readonly config?: ZooConfig;
  /** Where everything is kept and stays; without it a fresh directory, removed when the tool ends. */
  readonly directory?: string;
  /** The ports of a member; without it free ones. */
  readonly portsOf?: (id: number) => MemberPorts;
  /** Where `from` finds `to`, if not at its own address: for a network between them that can be cut. */
  readonly peerSeenBy?: (from: number, to: number, own: PeerAddress) => PeerAddress;
}

export interface MemberPorts {
  readonly client: number;
  readonly quorum: number;
  readonly election: number;
}

/** How one member stands; `state` is undefined while it does not serve. */
export interface MemberStatus {
  readonly member: Member;
  readonly state: MemberState | undefined;
}

const defaults: ZooConfig = {
  tickTime: 2_000,
  initLimit: 10,
  syncLimit: 5,
  maxClientCnxns: 0,
  'admin.enableServer': 'false',
  '4lw.commands.whitelist': '*',
  extendedTypesEnabled: 'true',
};

const POLL_MS = 20;

export class EnsembleProcesses {
  readonly members: Member[] = [];

  private constructor(
    readonly directory: string,
    private readonly options: EnsembleOptions,
  ) {}

  /** Directories, ports and configurations; nothing runs yet. */
  static async prepare(options: EnsembleOptions): Promise<EnsembleProcesses> {
    const ensemble = new EnsembleProcesses(options.directory ?? temporaryDirectory('zk-ensemble-'), options);
    for (const spec of options.members) await ensemble.addMember(spec);
    for (const member of ensemble.members) ensemble.writeConfig(member);
    return ensemble;
  }

  /** Prepares an ensemble, starts it, and waits until every member serves. */
  static async start(options: EnsembleOptions, deadlineMs = 60_000): Promise<EnsembleProcesses> {
    const ensemble = await EnsembleProcesses.prepare(options);
    ensemble.startAll();
    await ensemble.waitAllServing(deadlineMs);
    return ensemble;
  }

  /** A member more, whose configuration lists all there are; it is not started, and the others are not told. */
  async add(spec: MemberSpec): Promise<Member> {
    const member = await this.addMember(spec);
    this.writeConfig(member);
    return member;
  }

  /** The member of that number. Throws RangeError where there is none. */
  member(id: number): Member {
    const member = this.members[id - 1];
    if (member === undefined) throw new RangeError(`no server.${id}`);
    return member;
  }

  /** Comma-separated `host:port` of all members, or of those given, as clients want them. */
  hosts(members: readonly Member[] = this.members): string {
    return members.map((member) => member.host).join(',');
  }

  startAll(): void {
    for (const member of this.members) member.start();
  }

  async stopAll(): Promise<void> {
    await Promise.all(this.members.map((member) => member.stop()));
  }

  async killAll(): Promise<void> {
    await Promise.all(this.members.map((member) => member.kill()));
  }

  /** Kills what runs and removes all files, but for those of a directory that was given. */
  async dispose(): Promise<void> {
    await this.killAll();
    if (this.options.directory === undefined) removeDirectory(this.directory);
  }

  /** Copies configurations, data and logs of all members to `directory`, as evidence. */
  keep(directory: string): void {
    cpSync(this.directory, directory, { recursive: true });
  }

  async status(timeoutMs = 1_000): Promise<MemberStatus[]> {
    return Promise.all(this.members.map(async (member) => ({ member, state: await member.srvr(timeoutMs) })));
  }

  /** The member that says it leads, undefined where there is none. Of two (one deposed and not aware) the later epoch. */
  async leader(timeoutMs = 1_000): Promise<Member | undefined> {
    const leaders = (await this.status(timeoutMs)).filter(({ state }) => state?.mode === 'leader');
    leaders.sort((a, b) => ((a.state?.zxid ?? 0n) < (b.state?.zxid ?? 0n) ? 1 : -1));
    return leaders[0]?.member;
  }

  /** Throws LaunchError after the deadline. */
  async waitLeader(deadlineMs = 60_000): Promise<Member> {
    const deadline = performance.now() + deadlineMs;
    for (;;) {
      const leader = await this.leader();
      if (leader !== undefined) return leader;
      if (performance.now() > deadline) throw new LaunchError(`nobody leads:\n${this.outputs()}`);
      await delay(POLL_MS);
    }
  }

  /** Until all members that run and are not paused serve. Throws LaunchError after the deadline. */
  async waitAllServing(deadlineMs = 60_000): Promise<void> {
    const able = this.members.filter((member) => member.isRunning && !member.isPaused);
    await Promise.all(able.map((member) => member.waitServing(deadlineMs)));
  }

  /**
   * Until exactly one member leads and all others that run follow or observe: not only "serving", which a deposed leader
   * says as well. Throws LaunchError after the deadline.
   */
  async waitSettled(deadlineMs = 60_000): Promise<Member> {
    const deadline = performance.now() + deadlineMs;
    for (;;) {
      const status = (await this.status()).filter(({ member }) => member.isRunning && !member.isPaused);
      const leaders = status.filter(({ state }) => state?.mode === 'leader');
      const followers = status.filter(({ state }) => state?.mode === 'follower' || state?.mode === 'observer');
      if (leaders.length === 1 && followers.length === status.length - 1) return leaders[0]!.member;
      if (performance.now() > deadline) throw new LaunchError(`the ensemble does not settle:\n${this.outputs()}`);
      await delay(POLL_MS);
    }
  }

  /** The last lines of every member. */
  outputs(): string {
    return this.members.map((member) => `server.${member.id} (${member.kind}):\n${member.output}`).join('\n');
  }

  private async addMember(spec: MemberSpec): Promise<Member> {
    const id = this.members.length + 1;
    const directory = join(this.directory, String(id));
    mkdirSync(directory, { recursive: true });
    const ports = this.options.portsOf?.(id) ?? (await freePorts());
    const peer = {
      host: spec.peerAddress ?? spec.address ?? LOCALHOST,
      quorumPort: ports.quorum,
      electionPort: ports.election,
    };
    const member = new Member(id, spec, directory, ports.client, peer);
    this.members.push(member);
    return member;
  }

  private writeConfig(member: Member): void {
    const settings: ZooConfig = {
      ...defaults,
      ...this.options.config,
      dataDir: member.dataDir,
      clientPort: member.clientPort,
      clientPortAddress: member.address,
      ...(member.spec.isObserver === true ? { peerType: 'observer' } : {}),
      ...member.spec.config,
    };
    const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}`);
    for (const other of this.members) lines.push(this.serverLine(member, other));
    writeFileSync(member.configFile, `${lines.join('\n')}\n`);
  }

  private serverLine(from: Member, to: Member): string {
    const isSelf = from === to;
    const seen = isSelf ? to.peer : (this.options.peerSeenBy?.(from.id, to.id, to.peer) ?? to.peer);
    const role = to.spec.isObserver === true ? 'observer' : 'participant';
    const hosts = [seen.host, ...(to.spec.secondPeerAddress === undefined ? [] : [to.spec.secondPeerAddress])];
    const addresses = hosts.map((host) => `${host}:${seen.quorumPort}:${seen.electionPort}`).join('|');
    return `server.${to.id}=${addresses}:${role};${to.host}`;
  }
}

async function freePorts(): Promise<MemberPorts> {
  return { client: await freePort(), quorum: await freePort(), election: await freePort() };
}
