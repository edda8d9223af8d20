/**
 * Quorum systems. A quorum is a set of servers such that any two of them share a member: whoever asks a quorum hears of
 * everything an earlier quorum was told. The usual system is the majority. The hierarchical one puts servers into
 * groups, weighs them, and wants a majority of weight in a majority of groups, so that a quorum can be had without
 * asking the far-away half of everybody.
 *
 * Verifiers look at plain ids and sets and know nothing of leaders or votes.
 */

/** A server's number (`myid`), a signed 64-bit value; -2^63 stands for "nobody" in a vote. */
export type ServerId = bigint & { readonly __brand?: 'ServerId' };

export interface QuorumVerifier {
  /** Those whose word counts. */
  readonly voters: ReadonlySet<ServerId>;
  /** Whether the set, as far as it consists of voters, is a quorum. */
  isQuorum(servers: ReadonlySet<ServerId>): boolean;
  /** 0 for a server that must not lead. A majority system weighs everybody 1, as Apache's does, voters or not. */
  weightOf(server: ServerId): number;
}

export class MajorityVerifier implements QuorumVerifier {
  readonly voters: ReadonlySet<ServerId>;
  private readonly needed: number;

  constructor(voters: Iterable<ServerId>) {
    this.voters = new Set(voters);
    this.needed = Math.floor(this.voters.size / 2) + 1;
  }

  isQuorum(servers: ReadonlySet<ServerId>): boolean {
    if (servers.size < this.needed) return false;
    let count = 0;
    for (const server of servers) if (this.voters.has(server)) count++;
    return count >= this.needed;
  }

  weightOf(_server: ServerId): number {
    return 1;
  }
}

/**
 * One of two voters, of which the other one is known to be lost: the survivor alone is a quorum. Two quorums need no longer
 * share a voter: who says that the other one is lost answers for that.
 */
class SurvivorVerifier implements QuorumVerifier {
  constructor(
    private readonly both: MajorityVerifier,
    private readonly survivor: ServerId,
  ) {}

  get voters(): ReadonlySet<ServerId> {
    return this.both.voters;
  }

  isQuorum(servers: ReadonlySet<ServerId>): boolean {
    return servers.has(this.survivor);
  }

  weightOf(server: ServerId): number {
    return this.both.weightOf(server);
  }
}

/**
 * What counts while the other voter of an ensemble of two is lost, as Apache's oracle has it. Any other system, groups with
 * weights among them, stays as it is.
 */
export function withSurvivor(verifier: QuorumVerifier, survivor: ServerId): QuorumVerifier {
  const isOneOfTwo = verifier.voters.size === 2 && verifier.voters.has(survivor);
  return isOneOfTwo && verifier instanceof MajorityVerifier ? new SurvivorVerifier(verifier, survivor) : verifier;
}

/** A group and the servers in it. */
export type Groups = ReadonlyMap<bigint, ReadonlySet<ServerId>>;

export class HierarchicalVerifier implements QuorumVerifier {
  readonly voters: ReadonlySet<ServerId>;
  private readonly groupOf = new Map<ServerId, bigint>();
  private readonly neededWeight = new Map<bigint, number>();
  private readonly neededGroups: number;

  /**
   * @param weights of voters; 1 where absent
   * @throws Error unless every voter is in exactly one group, and weights are integers from 0
   */
  constructor(
    voters: Iterable<ServerId>,
    groups: Groups,
    private readonly weights: ReadonlyMap<ServerId, number>,
  ) {
    this.voters = new Set(voters);
    for (const [group, members] of groups) this.addGroup(group, members);
    for (const voter of this.voters) {
      if (!this.groupOf.has(voter)) throw new Error(`server ${voter} is a participant and in no group`);
    }
    this.neededGroups = Math.floor(this.neededWeight.size / 2) + 1;
  }

  isQuorum(servers: ReadonlySet<ServerId>): boolean {
    const weightOfGroup = new Map<bigint, number>();
    for (const server of servers) {
      const group = this.groupOf.get(server);
      if (group === undefined) continue;
      weightOfGroup.set(group, (weightOfGroup.get(group) ?? 0) + this.weightOf(server));
    }
    let won = 0;
    for (const [group, weight] of weightOfGroup) {
      const needed = this.neededWeight.get(group);
      if (needed !== undefined && weight >= needed) won++;
    }
    return won >= this.neededGroups;
  }

  /** Apache's verifier fails for a server nobody configured; nobody asks, and 0 keeps it from leading. */
  weightOf(server: ServerId): number {
    return this.voters.has(server) ? (this.weights.get(server) ?? 1) : 0;
  }

  private addGroup(group: bigint, members: ReadonlySet<ServerId>): void {
    let total = 0;
    for (const member of members) {
      if (this.groupOf.has(member)) throw new Error(`server ${member} is in two groups`);
      this.groupOf.set(member, group);
      const weight = this.weights.get(member) ?? 1;
      if (!Number.isInteger(weight) || weight < 0) throw new Error(`weight.${member}=${weight}, allowed: 0, 1, 2, …`);
      if (this.voters.has(member)) total += weight;
    }
    // A group without weight does not count among the groups (spec: election, section 8).
    if (total > 0) this.neededWeight.set(group, Math.floor(total / 2) + 1);
  }
}
