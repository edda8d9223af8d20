import type { EnsembleConfig, Reconfig, Role, ServerId } from '@zk/quorum';
import type { SeededRandom } from './random.js';

/** What there is to choose from. */
export interface MembershipWorld {
  readonly random: SeededRandom;
  /** All that may belong to the ensemble. */
  readonly servers: readonly ServerId[];
  /** The line of a configuration for one of them. */
  readonly lineOf: (id: ServerId, role: Role, quorumPort?: number) => string;
}

/** A change, given the members of now and who leads them; undefined when there is nothing to change in that way. */
type Change = (config: EnsembleConfig, leader: ServerId) => Partial<Reconfig> | undefined;

/** Changes of the membership, by chance: who comes, goes, moves, votes or only observes. */
export class MembershipChanges {
  private moves = 0;

  constructor(private readonly world: MembershipWorld) {}

  /** Something of all that can be changed. */
  readonly something: Change = (config, leader) => this.world.random.pick(this.changes)(config, leader);

  private readonly changes: readonly Change[] = [
    (config) => this.join(config, 'participant'),
    (config) => this.join(config, 'participant'),
    (config) => this.join(config, 'observer'),
    (config) => this.leave(config),
    (config, leader) => (config.servers.has(leader) ? { leavingServers: `${leader}` } : undefined),
    (config) => ({ ...this.leave(config), ...this.join(config, 'participant') }),
    (config) => this.changeRole(config),
    (config) => this.move(config),
    () => this.replaceAll(),
  ];

  private join(config: EnsembleConfig, role: Role): Partial<Reconfig> | undefined {
    const { random, servers, lineOf } = this.world;
    const others = servers.filter((id) => !config.servers.has(id));
    return others.length === 0 ? undefined : { joiningServers: lineOf(random.pick(others), role) };
  }

  private leave(config: EnsembleConfig): Partial<Reconfig> {
    return { leavingServers: `${this.world.random.pick([...config.servers.keys()])}` };
  }

  private changeRole(config: EnsembleConfig): Partial<Reconfig> {
    const { id, role } = this.world.random.pick([...config.servers.values()]);
    return { joiningServers: this.world.lineOf(id, role === 'observer' ? 'participant' : 'observer') };
  }

  /** To another port: to its learners, it is elsewhere. */
  private move(config: EnsembleConfig): Partial<Reconfig> {
    const { id, role } = this.world.random.pick([...config.servers.values()]);
    return { joiningServers: this.world.lineOf(id, role, 3000 + this.moves++) };
  }

  private replaceAll(): Partial<Reconfig> {
    const { random, servers, lineOf } = this.world;
    const members = servers.filter(() => random.chance(0.6));
    return { newMembers: members.map((id) => lineOf(id, random.chance(0.8) ? 'participant' : 'observer')).join(',') };
  }
}
