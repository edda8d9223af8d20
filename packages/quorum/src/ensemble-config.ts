import { hex64, parseHex64 } from '@zk/model';
import { parseProperties } from './properties.js';
import { type ServerSpec, formatServerSpec, parseServerSpec } from './server-spec.js';
import {
  type Groups,
  HierarchicalVerifier,
  MajorityVerifier,
  type QuorumVerifier,
  type ServerId,
} from './verifiers.js';

/**
 * Who belongs to the ensemble, and in which role. It travels as text: in notifications, in NEWLEADER, in reconfig
 * transactions and in `/zookeeper/config` (spec: election, section 2.1).
 */
export class EnsembleConfig {
  readonly verifier: QuorumVerifier;
  private textOf: string | undefined;

  /** @throws Error when groups are incomplete; see {@link HierarchicalVerifier} */
  constructor(
    readonly servers: ReadonlyMap<ServerId, ServerSpec>,
    /** A zxid; 0 for a configuration that was never changed. */
    readonly version: bigint = 0n,
    readonly groups: Groups = new Map(),
    readonly weights: ReadonlyMap<ServerId, number> = new Map(),
  ) {
    const voters = [...servers.values()].filter((spec) => spec.role === 'participant').map((spec) => spec.id);
    this.verifier =
      groups.size > 0 || weights.size > 0
        ? new HierarchicalVerifier(voters, groups, weights)
        : new MajorityVerifier(voters);
  }

  /** @throws Error which names the line */
  static parse(text: string): EnsembleConfig {
    return EnsembleConfig.fromEntries(parseProperties(text));
  }

  /** Takes `server.*`, `group.*`, `weight.*` and `version`, and leaves other keys alone. */
  static fromEntries(entries: Iterable<readonly [string, string]>): EnsembleConfig {
    const servers = new Map<ServerId, ServerSpec>();
    const groups = new Map<bigint, Set<ServerId>>();
    const weights = new Map<ServerId, number>();
    let version = 0n;
    for (const [key, value] of entries) {
      const [kind, number] = [key.slice(0, key.indexOf('.')), key.slice(key.indexOf('.') + 1)];
      if (key === 'version') version = versionOf(value);
      else if (kind === 'server') servers.set(idOf(key, number), parseServerSpec(idOf(key, number), value));
      else if (kind === 'group') groups.set(idOf(key, number), new Set(value.split(':').map((id) => idOf(key, id))));
      else if (kind === 'weight') weights.set(idOf(key, number), Number(value));
    }
    return new EnsembleConfig(servers, version, groups, weights);
  }

  get voters(): ReadonlySet<ServerId> {
    return this.verifier.voters;
  }

  /** As Apache prints it, without a newline at the end. */
  get text(): string {
    return (this.textOf ??= this.format());
  }

  withVersion(version: bigint): EnsembleConfig {
    return new EnsembleConfig(this.servers, version, this.groups, this.weights);
  }

  /** Equal versions, or the same members; texts are not compared, since their order is not defined. */
  isSameAs(other: EnsembleConfig): boolean {
    return this.version === other.version || this.memberText() === other.memberText();
  }

  /** With groups every participant has a weight, and Apache prints them all. */
  private allWeights(): ReadonlyMap<ServerId, number> {
    if (this.verifier instanceof MajorityVerifier) return this.weights;
    return new Map([...[...this.voters].map((id): [ServerId, number] => [id, 1]), ...this.weights]);
  }

  private memberText(): string {
    return this.lines().sort().join('\n');
  }

  private format(): string {
    return [...this.lines(), `version=${hex64(this.version)}`].join('\n');
  }

  private lines(): string[] {
    const lines = [...this.servers.values()]
      .sort((a, b) => compare(a.id, b.id))
      .map((spec) => `server.${spec.id}=${formatServerSpec(spec)}`);
    for (const [group, members] of sortedByKey(this.groups)) {
      lines.push(`group.${group}=${[...members].sort(compare).join(':')}`);
    }
    for (const [id, weight] of sortedByKey(this.allWeights())) lines.push(`weight.${id}=${weight}`);
    return lines;
  }
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function sortedByKey<V>(map: ReadonlyMap<bigint, V>): [bigint, V][] {
  return [...map].sort(([a], [b]) => compare(a, b));
}

function idOf(key: string, text: string): bigint {
  if (!/^-?\d{1,19}$/.test(text.trim())) throw new Error(`${key}: "${text}" is not a number`);
  return BigInt(text.trim());
}

function versionOf(text: string): bigint {
  const version = parseHex64(text.trim());
  if (version === undefined) throw new Error(`version=${text} is not hexadecimal`);
  return version;
}
