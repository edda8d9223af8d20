import { counterOf } from '@zk/model';
import type { EnsembleConfig } from '@zk/quorum';
import type { History } from './history.js';

/** Knows which configurations are committed, and which quorums a history needs because of them. */
export class ConfigChecker {
  private readonly committed = new Map<bigint, EnsembleConfig>();
  private readonly active = new Map<number, EnsembleConfig>();

  constructor(private readonly initial: EnsembleConfig) {}

  /** A transaction was committed. */
  extended(state: History): void {
    const { config, zxid, parent } = state;
    if (config !== undefined && config !== parent?.config) this.committed.set(zxid, config);
  }

  /** @returns what is wrong with the configuration that counts on a host from now on */
  activated(host: number, config: EnsembleConfig | undefined): string | undefined {
    const before = this.active.get(host);
    if (config === undefined || config === before) return undefined;
    this.active.set(host, config);
    if (before !== undefined && config.version < before.version) {
      return `goes from configuration ${before.version.toString(16)} back to ${config.version.toString(16)}`;
    }
    // The first version of the first configuration comes with a leader, and changes nothing.
    const committed =
      counterOf(config.version) === 0 ? this.initial.withVersion(config.version) : this.committed.get(config.version);
    if (committed?.text === config.text) return undefined;
    return `activates configuration ${config.version.toString(16)}, which is not committed`;
  }

  /** Whether the servers are a quorum for the last transaction of a history. */
  isQuorumForLast(state: History, servers: ReadonlySet<bigint>): boolean {
    return state.configs(this.initial).every((config) => config.verifier.isQuorum(servers));
  }

  /** Whether the servers are a quorum for all that a history has after what is committed. */
  isQuorumSince(committed: History, state: History, servers: ReadonlySet<bigint>): boolean {
    const isQuorum = ({ verifier }: EnsembleConfig): boolean => verifier.isQuorum(servers);
    for (let at = state; at.length > committed.length; at = at.parent!) {
      if (!at.configs(this.initial).every(isQuorum)) return false;
    }
    return isQuorum(state.prefix(Math.min(committed.length, state.length)).config ?? this.initial);
  }
}
