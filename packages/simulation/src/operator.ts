import { type EnsembleConfig, type Reconfig, planReconfig } from '@zk/quorum';
import { errorName } from '@zk/model';
import type { Host } from './host.js';
import type { SeededRandom } from './random.js';

export interface OperatorWorld {
  readonly random: SeededRandom;
  readonly hosts: readonly Host[];
  note(text: () => string): void;
  count(what: string): void;
}

/** Numbers of transactions that are no client's. */
const FIRST_ID = 900_000_000;

type Change = (config: EnsembleConfig, leader: Host) => Partial<Reconfig> | undefined;

/** Somebody who changes the membership, through the leader, and takes a refusal for an answer. */
export class Operator {
  private nextId = FIRST_ID;
  private moves = 0;

  constructor(private readonly world: OperatorWorld) {}

  /** Something of all that can be changed. */
  changeSomething(): void {
    const { hosts, random } = this.world;
    const leader = hosts.find((host) => host.isServing && host.role === 'leader' && !host.isPaused);
    if (leader === undefined) return this.world.count('reconfiguration without a leader');
    const change = random.pick(this.changes)(leader.peer!.reconfigSituation().committed, leader);
    if (change !== undefined) this.change(leader, change);
  }

  /** @returns whether it was proposed */
  change(leader: Host, change: Partial<Reconfig>): boolean {
    const { world } = this;
    const request = { joiningServers: null, leavingServers: null, newMembers: null, curConfigId: -1n, ...change };
    const situation = { ...leader.peer!.reconfigSituation(), isStandaloneEnabled: false };
    const planned = planReconfig(request, situation, leader.plannedZxid);
    if ('code' in planned) {
      world.count(`reconfiguration refused: ${errorName(planned.code)}`);
      return false;
    }
    world.count('reconfiguration');
    world.note(() => `reconfiguration to ${planned.config.text.replaceAll('\n', ' ')}`);
    leader.reconfigure(this.nextId++, planned.config);
    return true;
  }

  private readonly changes: readonly Change[] = [
    (config) => this.join(config, 'participant'),
    (config) => this.join(config, 'participant'),
    (config) => this.join(config, 'observer'),
    (config) => this.leave(config),
    (config, leader) => (config.servers.has(leader.id) ? { leavingServers: `${leader.id}` } : undefined),
    (config) => ({ ...this.leave(config), ...this.join(config, 'participant') }),
    (config) => this.changeRole(config),
    (config) => this.move(config),
    () => this.replaceAll(),
  ];

  private join(config: EnsembleConfig, role: string): Partial<Reconfig> | undefined {
    const others = this.world.hosts.filter((host) => !config.servers.has(host.id));
    if (others.length === 0) return undefined;
    return { joiningServers: serverLine(this.world.random.pick(others).id, role) };
  }

  private leave(config: EnsembleConfig): Partial<Reconfig> {
    return { leavingServers: `${this.world.random.pick([...config.servers.keys()])}` };
  }

  private changeRole(config: EnsembleConfig): Partial<Reconfig> {
    const { id, role } = this.world.random.pick([...config.servers.values()]);
    return { joiningServers: serverLine(id, role === 'observer' ? 'participant' : 'observer') };
  }

  /** To another port: to its learners, it is elsewhere. */
  private move(config: EnsembleConfig): Partial<Reconfig> {
    const { id, role } = this.world.random.pick([...config.servers.values()]);
    return { joiningServers: serverLine(id, role, 3000 + this.moves++) };
  }

  private replaceAll(): Partial<Reconfig> {
    const { random, hosts } = this.world;
    const members = hosts.filter(() => random.chance(0.6));
    const lines = members.map((host) => serverLine(host.id, random.chance(0.8) ? 'participant' : 'observer'));
    return { newMembers: lines.join(',') };
  }
}

/** A line of a configuration. In the simulation, hosts are called by their number. */
export function serverLine(id: bigint, role: string, quorumPort = 2888): string {
  return `server.${id}=s${id}:${quorumPort}:3888:${role};2181`;
}
