import type { Storage } from '@zk/contracts';

/** A storage over a medium of its own, and the means to break it. */
export interface StorageHarness {
  /** Not open yet. */
  readonly storage: Storage;
  /** Closes what is open, and gives the storage a new process would find: not open yet. */
  restart(): Promise<Storage>;
  /** Ends the process without a farewell: what no sync has covered may be gone. Gives the next one, not open yet. */
  crash(): Promise<Storage>;
  /** Syncs of the log that begin from now on do not end until {@link releaseSyncs}. */
  holdSyncs(): void;
  /** Resolves when a sync of the log has begun and is being held. */
  heldSync(): Promise<void>;
  releaseSyncs(): void;
  /** The log's medium refuses writes, as a full disk does, until {@link allowWrites}. */
  failWrites(error: Error): void;
  allowWrites(): void;
  /** The next sync of the log fails. */
  failNextSync(error: Error): void;
  /** Closes whatever is open and removes the medium. */
  dispose(): Promise<void>;
}

export interface StorageFactory {
  create(): Promise<StorageHarness>;
}
