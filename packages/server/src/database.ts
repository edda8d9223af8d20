import type { Clock, Logger, Storage } from '@zk/contracts';
import {
  DataTree,
  type DataTreeOptions,
  type DecodedSnapshot,
  FiredWatches,
  SnapshotDecoder,
  WatchTable,
} from '@zk/data-tree';
import { type StateSource, mayHideHole } from '@zk/ensemble';
import { DIGEST_INTERVAL } from '@zk/request-pipeline';
import { CorruptionError, OpCode, type Zxid, compare64, hex64, hexOf, hiOf, int64, loOf } from '@zk/model';
import { DigestHistory } from './digest-history.js';
import type { PersistedSession } from './snapshotter.js';

/** What was found on disk. */
export interface LoadReport {
  /** Name of the snapshot that was loaded; undefined when there was none. */
  readonly snapshot: string | undefined;
  /** How many newer ones are damaged. */
  readonly passedOver: number;
  readonly replayedTxns: number;
  readonly zxid: Zxid;
  readonly durationMs: number;
  /** The part of it that the snapshot took, and that of the transactions. */
  readonly snapshotMs: number;
  readonly replayMs: number;
}

/** What a database is made of once it was read. */
export type LoadedState = Pick<DecodedSnapshot, 'tree' | 'sessions' | 'nodesWithoutAcl'>;

/** A snapshot that is about to be read. */
export interface SnapshotSource extends Omit<StateSource, 'zxid'> {
  /** Absent: the one inside counts. */
  readonly zxid?: Zxid;
}

interface FoundSnapshot {
  readonly snapshot: string | undefined;
  /** Zxids of newer ones that are damaged. */
  readonly passedOver: readonly Zxid[];
  /** What is wrong with the newest of them. */
  readonly error: unknown;
}

export interface DatabaseOptions {
  readonly extendedTypesEnabled: boolean;
  readonly digestEnabled: boolean;
  readonly hashSeed: number;
}

function isRemembered(zxidLo: number): boolean {
  return (zxidLo & (DIGEST_INTERVAL - 1)) === 0;
}

/** The state of a server in memory: the tree, its watches, and the sessions that were read from disk. */
export class Database {
  tree: DataTree;
  watches: WatchTable;
  /** Counted by one table of watches after the other. */
  private readonly firedWatches = new FiredWatches();
  readonly digests = new DigestHistory();
  /** Transactions after which the digest was not the predicted one. */
  digestMismatches = 0;
  /** Timeouts in ms of the sessions that transactions and snapshots told of. A standalone server tracks them itself. */
  sessions = new Map<bigint, number>();
  /** Of the load at the start. */
  loadReport: LoadReport | undefined;

  constructor(
    private readonly storage: Storage,
    private readonly options: DatabaseOptions,
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly deliver: ConstructorParameters<typeof WatchTable>[1],
  ) {
    this.tree = this.newTree();
    this.watches = this.newWatches();
  }

  /**
   * Loads the newest snapshot that can be read and the transactions behind it, which must lead beyond those passed over.
   * @throws CorruptionError rather than lose anything that was acknowledged
   */
  async load(): Promise<LoadReport> {
    const startMs = this.clock.monotonicMs();
    const found = await this.loadSnapshot();
    const replayStartMs = this.clock.monotonicMs();
    const replayedTxns = await this.replayBehind(found);
    const replayMs = this.clock.monotonicMs() - replayStartMs;
    this.removeOrphans();
    this.loadReport = {
      snapshot: found.snapshot,
      passedOver: found.passedOver.length,
      replayedTxns,
      zxid: this.lastZxid,
      durationMs: this.clock.monotonicMs() - startMs,
      snapshotMs: replayStartMs - startMs,
      replayMs,
    };
    return this.loadReport;
  }

  /** Applies what the log has behind the snapshot. @returns how many transactions; throws what is wrong with one passed over */
  private async replayBehind({ passedOver, error }: FoundSnapshot): Promise<number> {
    const { tree } = this;
    let before = this.lastZxid;
    const { entries } = await this.storage.log.replay(before, (hi, lo, bytes, start, end) => {
      if (passedOver.length > 0) {
        // As it may be in the directory of a server that was a member of an ensemble before.
        const zxid = int64(hi, lo);
        if (mayHideHole(before, zxid, passedOver)) throw error;
        before = zxid;
      }
      tree.apply(bytes, start, end, null);
      this.applied();
    });
    tree.endLoading();
    const { lastZxid } = this;
    if (passedOver.some((zxid) => zxid > lastZxid)) throw error;
    return entries;
  }

  /** Of the newest transaction that the tree has. */
  get lastZxid(): Zxid {
    return int64(this.tree.lastZxidHi, this.tree.lastZxidLo);
  }

  /** Tries the snapshots from the newest on; a damaged one is passed over only when an older one exists. */
  private async loadSnapshot(): Promise<FoundSnapshot> {
    const candidates = await this.storage.snapshots.list();
    const passedOver: Zxid[] = [];
    let firstError: unknown;
    for (const info of candidates) {
      try {
        const { name, zxid, sizeBytes } = info;
        const decoder = this.newDecoder({ form: 'file', name, zxid, sizeBytes });
        for await (const piece of this.storage.snapshots.read(info)) decoder.push(piece);
        this.become(decoder.finish(), name);
        return { snapshot: name, passedOver, error: firstError };
      } catch (error) {
        if (!(error instanceof CorruptionError)) throw error;
        firstError ??= error;
        passedOver.push(info.zxid);
        this.logger.error(
          { snapshot: info.name, zxid: `0x${hex64(info.zxid)}`, err: error },
          'a snapshot is damaged; trying the one before it',
        );
      }
    }
    if (firstError !== undefined) throw firstError;
    return { snapshot: undefined, passedOver, error: undefined };
  }

  newDecoder({ form, name, zxid, sizeBytes }: SnapshotSource): SnapshotDecoder {
    return new SnapshotDecoder({
      file: name,
      form,
      tree: this.treeOptions(),
      ...(zxid === undefined ? {} : { zxid }),
      ...(sizeBytes === undefined ? {} : { sizeBytes }),
    });
  }

  /** @throws CorruptionError when it is not one snapshot, whole */
  async decode(pieces: AsyncIterable<Uint8Array>): Promise<DecodedSnapshot> {
    const decoder = this.newDecoder({ form: 'file', name: 'the snapshot' });
    for await (const piece of pieces) decoder.push(piece);
    return decoder.finish();
  }

  /** Takes over what was read. */
  become({ tree, sessions, nodesWithoutAcl }: LoadedState, snapshot?: string): void {
    if (nodesWithoutAcl > 0) {
      this.logger.warn({ snapshot, nodesWithoutAcl }, 'znodes whose ACL is missing deny everybody but a super user');
    }
    this.tree = tree;
    this.sessions = sessions;
    this.watches = this.newWatches();
  }

  /** Takes over a snapshot from elsewhere. Zxids never go back, so that the log and the clients can follow. */
  replaceWith(snapshot: DecodedSnapshot): void {
    const before = this.tree;
    const { tree } = snapshot;
    if (compare64(tree.lastZxidHi, tree.lastZxidLo, before.lastZxidHi, before.lastZxidLo) < 0) {
      [tree.lastZxidHi, tree.lastZxidLo] = [before.lastZxidHi, before.lastZxidLo];
    }
    this.become(snapshot);
    this.removeOrphans();
  }

  /** Becomes empty. */
  clear(): void {
    this.tree = this.newTree();
    this.sessions = new Map();
    this.watches = this.newWatches();
  }

  /** The tree has applied a transaction: what is kept beside it follows. */
  applied(): void {
    const { tree } = this;
    // Behind the snapshot of another server the tree may be ahead of the zxid in places.
    if (isRemembered(tree.lastZxidLo) && tree.hasDigestOfZxid) {
      this.digests.add(tree.lastZxidHi, tree.lastZxidLo, tree.digest);
    }
    if (tree.lastType === OpCode.createSession) {
      this.sessions.set(int64(tree.lastSessionHi, tree.lastSessionLo), tree.lastTimeoutMs);
    } else if (tree.lastType === OpCode.closeSession) {
      this.sessions.delete(int64(tree.lastSessionHi, tree.lastSessionLo));
    }
  }

  persistedSessions(): PersistedSession[] {
    return [...this.sessions].map(([id, timeoutMs]) => ({ id, timeoutMs }));
  }

  /** Ephemerals whose session is not known any more do not survive the load, as in Apache ZooKeeper. */
  private removeOrphans(): void {
    for (const owner of [...this.tree.ephemeralOwners()]) {
      if (this.sessions.has(owner)) continue;
      const removed = this.tree.deleteEphemeralsOf(hiOf(owner), loOf(owner));
      this.logger.warn(
        { session: `0x${hex64(owner)}`, removed },
        'removed ephemerals of a session that does not exist',
      );
    }
  }

  private newTree(): DataTree {
    return new DataTree(this.treeOptions());
  }

  private treeOptions(): DataTreeOptions {
    return {
      extendedTypes: this.options.extendedTypesEnabled,
      digestEnabled: this.options.digestEnabled,
      hashSeed: this.options.hashSeed,
      onDigestMismatch: (hi, lo) => {
        this.digestMismatches++;
        this.logger.error(
          { zxid: `0x${hexOf(hi, lo)}` },
          'the tree differs from the one its transactions were made for',
        );
      },
    };
  }

  private newWatches(): WatchTable {
    const watches = new WatchTable(this.tree, this.deliver, this.firedWatches);
    this.tree.listener = watches;
    return watches;
  }
}
