import { type Reconfig, planReconfig } from '@zk/quorum';
import { errorName } from '@zk/model';
import type { Host } from './host.js';
import { MembershipChanges } from './membership-changes.js';
import type { SeededRandom } from './random.js';

export interface OperatorWorld {
  readonly random: SeededRandom;
  readonly hosts: readonly Host[];
  note(text: () => string): void;
  count(what: string): void;
}

/** Numbers of transactions that are no client's. */
const FIRST_ID = 900_000_000;

/** Somebody who changes the membership, through the leader, and takes a refusal for an answer. */
export class Operator {
  private nextId = FIRST_ID;
  private readonly changes: MembershipChanges;

  constructor(private readonly world: OperatorWorld) {
    const { random, hosts } = world;
    this.changes = new MembershipChanges({ random, servers: hosts.map(({ id }) => id), lineOf: serverLine });
  }

  /** Something of all that can be changed. */
  changeSomething(): void {
    const { hosts } = this.world;
    const leader = hosts.find((host) => host.isServing && host.role === 'leader' && !host.isPaused);
    if (leader === undefined) return this.world.count('reconfiguration without a leader');
    const change = this.changes.something(leader.peer!.reconfigSituation().committed, leader.id);
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
}

/** A line of a configuration. In the simulation, hosts are called by their number. */
export function serverLine(id: bigint, role: string, quorumPort = 2888): string {
  return `server.${id}=s${id}:${quorumPort}:3888:${role};2181`;
}
