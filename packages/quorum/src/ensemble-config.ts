import { hex64, parseHex64 } from '@zk/model';
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

  private memberText(): string {
    return this.lines().sort().join('\n');
  }

  private format(): string {
    return [...this.lines(), `version=${hex64(this.version)}`].join('\n');
  }

  private lines(): string[] {
    const lines = [...this.servers.values()]
      .sort((a, b) => (a.id < b.id ? -1 : 1))
      .map((spec) => `server.${spec.id}=${formatServerSpec(spec)}`);
    for (const [group, members] of this.groups) lines.push(`group.${group}=${[...members].join(':')}`);
    for (const [id, weight] of this.weights) lines.push(`weight.${id}=${weight}`);
    return lines;
  }
}

/** Java's Properties, as far as such files use them: `key=value` or `key: value`, comments, backslashes. */
function* parseProperties(text: string): Iterable<[string, string]> {
  for (const raw of text.replace(/\\\r?\n[ \t]*/g, '').split(/\r\n|\r|\n/)) {
    const line = raw.trimStart();
    if (line === '' || line.startsWith('#') || line.startsWith('!')) continue;
    const match = /^((?:\\.|[^\\=:\s])+)\s*[=:\s]\s*(.*)$/.exec(line);
    if (match === null) throw new Error(`"${line}" is not key=value`);
    yield [unescaped(match[1]!), unescaped(match[2]!.trimEnd())];
  }
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, '$1');
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
