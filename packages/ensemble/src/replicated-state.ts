import type { Clock } from '@zk/contracts';
import type { Zxid } from '@zk/model';

/**
 * What an ensemble agrees on, as the driver sees it: transactions go in, snapshots go in and out. An ensemble's snapshots
 * are fuzzy: a transaction may be applied to a state that has it already, and must leave it as it is.
 */
export interface ReplicatedState {
  /** Becomes empty. */
  clear(): void;
  /**
   * @param cause `recovery` for what nobody may be told of: it may yet be taken back. A leader's request pipeline takes over
   *   what is a `commit`, and answers; on `stop-serving` it abandons what is left, part of which comes here as `recovery`
   */
  apply(txn: Uint8Array, zxid: Zxid, cause: 'commit' | 'recovery'): void;
  /** The text of the configuration that is part of the state, where it is: what was agreed on last. */
  configText?(): string | undefined;
  /** Reads a snapshot; the state becomes what was read when that is complete, and not before. */
  load(source: StateSource): StateLoader;
  /**
   * Writes a snapshot of the state, in slices, while transactions go on being applied.
   * @param form `stream` is what a leader sends: without header and seals, and with a signature at its end
   */
  dump(form: SnapshotForm, sink: StateSink): StateDump;
}

export type SnapshotForm = 'file' | 'stream';

export interface StateSource {
  readonly form: SnapshotForm;
  /** How the snapshot is called in messages. */
  readonly name: string;
  /** Everything up to it is in the snapshot. */
  readonly zxid: Zxid;
  readonly sizeBytes?: number;
}

export interface StateLoader {
  /** @throws CorruptionError */
  push(piece: Uint8Array): void;
  /** Whether the end of a stream has been seen. */
  readonly isComplete: boolean;
  /** Bytes pushed that lie behind the end of the stream. */
  readonly surplusBytes: number;
  /** @throws CorruptionError when something is missing */
  finish(): void;
}

export interface StateSink {
  /** Takes over `piece`, which owns its whole ArrayBuffer. */
  write(piece: Uint8Array<ArrayBuffer>): void;
  seal(): void;
}

export interface StateDump {
  /** Writes on for about `budgetMs`; true when everything is written. */
  step(budgetMs: number, clock: Clock): boolean;
  /** Idempotent. */
  cancel(): void;
}
