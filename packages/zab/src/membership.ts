import { OpCode, type Zxid } from '@zk/model';
import { RecordReader, readInt32, readSetDataTxn, utf8Text } from '@zk/jute';
import type { EnsembleConfig, QuorumVerifier, ServerId } from '@zk/quorum';
import type { LogEntry } from './log-entry.js';
import type { DiskContents } from './messages.js';
import { parsedConfig } from './packets.js';
import type { ZabRules } from './rules.js';

/**
 * Which configuration counts (spec: learner protocol, section 9). There is the committed one and, between the proposal of
 * a reconfiguration and its commit, a pending one: whoever has it in its history needs quorums of both, for whatever it
 * decides. So the old members cannot decide anything any more without some that know of the new ones, and the new ones
 * nothing before the old ones let them.
 *
 * A configuration is part of the history: its version is the zxid of the transaction that brought it. What is in the log
 * when a peer starts is pending until somebody says that it is committed.
 */
export class Membership {
  committed: EnsembleConfig;
  pending: EnsembleConfig | undefined;
  /** A pending one that is in others' history, not in this peer's. It says whom to talk to, and decides nothing. */
  private heard: EnsembleConfig | undefined;
  /** Of every configuration whose quorum is needed. */
  verifiers: readonly QuorumVerifier[];

  /** @param tell hears of every configuration that was seen or committed, and must be kept */
  constructor(
    config: EnsembleConfig,
    private readonly isReconfigEnabled: boolean,
    private readonly rules: ZabRules,
    private readonly tell: (config: EnsembleConfig, status: 'seen' | 'committed') => void,
  ) {
    this.committed = config;
    this.verifiers = [config.verifier];
  }

  /** Those whose vote counts, in the committed configuration or the pending one. */
  isVoter(server: ServerId): boolean {
    for (const verifier of this.verifiers) if (verifier.voters.has(server)) return true;
    return false;
  }

  /** Those whose vote may count elsewhere, so that it is worth passing on. */
  isKnown(server: ServerId): boolean {
    return this.isVoter(server) || this.heard?.voters.has(server) === true;
  }

  /** All of them. */
  get known(): ReadonlySet<ServerId> {
    const known = new Set(this.heard?.voters);
    for (const verifier of this.verifiers) for (const voter of verifier.voters) known.add(voter);
    return known;
  }

  /** What an election message carries: the committed configuration and, in comments, the pending one. */
  get announcement(): string {
    const { committed, pending } = this;
    if (pending === undefined) return committed.text;
    return `${committed.text}\n${NEXT}${pending.text.replaceAll('\n', `\n${NEXT}`)}`;
  }

  /**
   * Somebody who has a pending configuration announces it. Without it, who has not could not vote for a server that only
   * the new configuration has, nor follow it; and that one may be the only one that may lead.
   * @returns whether that is news
   */
  hear(announcement: string | null): boolean {
    if (!this.isReconfigEnabled || announcement?.includes(`\n${NEXT}`) !== true) return false;
    const lines = announcement.split('\n').filter((line) => line.startsWith(NEXT));
    const config = parsedConfig(lines.map((line) => line.slice(NEXT.length)).join('\n'));
    if (config === undefined || config.version <= (this.heard ?? this.lastSeen).version) return false;
    this.heard = config;
    this.tell(config, 'seen');
    return true;
  }

  /** What was heard in one election is no news in the next. */
  forgetHearsay(): void {
    this.heard = undefined;
  }

  /** The last one known, committed or not. */
  get lastSeen(): EnsembleConfig {
    return this.pending ?? this.committed;
  }

  /** An entry becomes part of this peer's history. */
  logged(entry: LogEntry): void {
    if (!this.isReconfigEnabled) return;
    const config = configOfTxn(entry.txn);
    if (config !== undefined && config.version > this.lastSeen.version) this.see(config);
  }

  /** An entry is committed: if it is the pending configuration, that counts from now on, alone. */
  delivered(zxid: Zxid): void {
    if (this.pending?.version === zxid) this.commit(this.pending);
  }

  /** A new leader gives a configuration that was never changed its first version. */
  begin(version: bigint): void {
    if (!this.isReconfigEnabled || this.lastSeen.version !== 0n) return;
    this.see(this.committed.withVersion(version));
  }

  /** What a leader says is the last one it has seen: its history becomes this peer's, and so does this. */
  follow(config: EnsembleConfig | undefined): void {
    if (!this.isReconfigEnabled || config === undefined || config.version === this.pending?.version) return;
    if (config.version > this.committed.version) this.see(config);
    else this.forget();
  }

  commit(config: EnsembleConfig): void {
    this.adopt(config);
    this.tell(config, 'committed');
  }

  /** As {@link commit}, for somebody who knows already. */
  adopt(config: EnsembleConfig): void {
    this.committed = config;
    this.setPending(this.pending !== undefined && this.pending.version > config.version ? this.pending : undefined);
  }

  see(config: EnsembleConfig): void {
    this.setPending(config);
    this.tell(config, 'seen');
    if (this.rules.activatesWhenSeen()) this.commit(config);
  }

  /** The history is what was found on the disk; what was seen otherwise is not part of it. */
  restore(disk: DiskContents): void {
    this.forgetAfter(disk.lastZxid);
    if (!this.isReconfigEnabled || !this.rules.restoresConfig()) return;
    if (disk.config !== undefined && disk.config.version > this.lastSeen.version) this.setPending(disk.config);
    for (const entry of disk.recent) this.logged(entry);
  }

  /** A configuration whose transaction got lost before it was acknowledged never was. */
  forgetAfter(lastZxid: Zxid): void {
    if (this.pending !== undefined && this.pending.version > lastZxid) this.forget();
  }

  private forget(): void {
    if (this.pending === undefined) return;
    this.setPending(undefined);
    this.tell(this.committed, 'seen');
  }

  private setPending(config: EnsembleConfig | undefined): void {
    this.pending = config;
    if (this.heard !== undefined && this.heard.version <= this.lastSeen.version) this.heard = undefined;
    this.verifiers = this.rules.quorumsNeeded(this.committed.verifier, config?.verifier);
  }
}

/** Java's Properties, which is how Apache reads a configuration, takes it for a comment. */
const NEXT = '#next ';

/** Where the type stands in a transaction's header, and where its record begins. */
const TYPE_AT = 28;
const HEADER_BYTES = 32;

/** The configuration in a reconfig transaction; undefined for any other. */
export function configOfTxn(txn: Uint8Array): EnsembleConfig | undefined {
  if (txn.length < HEADER_BYTES || readInt32(txn, TYPE_AT) !== OpCode.reconfig) return undefined;
  const { data } = readSetDataTxn(new RecordReader(txn, HEADER_BYTES));
  return data === null ? undefined : parsedConfig(utf8Text(data));
}
