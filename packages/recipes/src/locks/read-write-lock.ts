import type { CallOptions, ZkClient } from '@zk/client-api';
import {
  CallScope,
  type Dialect,
  LockLostError,
  OwnNode,
  type RankedName,
  identityBytes,
  textBehind,
  uniquePrefix,
  requireRecipe,
} from '../support/index.js';
import { type Entered, type HoldMaker, LockHold, candidateOf } from './lock-hold.js';
import { QueueLock } from './mutex.js';
import { type AcquireOptions, type LockOptions, lockRules } from './options.js';
import type { Participant } from './participants.js';
import { type QueueRules, endOf, nearest } from './queue.js';
import type { Candidate } from './revocation.js';

/** Whoever has the read lock cannot wait for the write lock: it would wait for itself, for ever. Release it first. */
export class UpgradeNotAllowedError extends Error {
  override readonly name = 'UpgradeNotAllowedError';

  constructor(readonly path: string) {
    super(`the owner holds the read lock of ${path}: it would wait for itself. Release it before acquiring to write`);
  }
}

/**
 * Many readers or one writer, in the order of arrival, so that a waiting writer holds back the readers behind it:
 * Curator's InterProcessReadWriteLock, or kazoo's ReadLock and WriteLock (spec: recipes, sections 3.3 and 13.1).
 *
 * A writer may become a reader without letting go: `hold.downgrade()`, or `read.acquire` with the same owner. The other
 * way round throws {@link UpgradeNotAllowedError} at once where both name their owner.
 *
 * Suspended, lost, cancelled: as Mutex.
 */
export class ReadWriteLock {
  readonly path: string;
  readonly read: ReadLock;
  readonly write: WriteLock;

  constructor(client: ZkClient, path: string, options: LockOptions = {}) {
    requireRecipe('a ReadWriteLock', client, path, options, lockRules);
    this.path = path;
    this.read = new ReadLock(client, path, options, () => this.write);
    this.write = new WriteLock(client, path, options, this.read);
  }

  /** Readers and writers in the order of arrival; every reader before the first writer holds. */
  participants(options?: CallOptions): Promise<Participant[]> {
    return this.read.participants(options);
  }
}

const NAMES: Readonly<Record<Dialect, { readonly read: string; readonly write: string }>> = {
  // Of equal length, so that Curator's names sort.
  curator: { read: '__READ__', write: '__WRIT__' },
  kazoo: { read: '__rlock__', write: '__lock__' },
};

const READ_MARKERS = new Set(['__READ__', '__rlock__']);

/** The write lock, held. */
export class WriteHold extends LockHold {
  #downgrade: ((options: AcquireOptions) => Promise<LockHold>) | undefined;

  /** @internal */
  set downgrader(downgrade: (options: AcquireOptions) => Promise<LockHold>) {
    this.#downgrade = downgrade;
  }

  /**
   * Takes the read lock, for the same owner, then releases this: nobody writes in between. The token stays the same.
   * @throws LockLostError when this is not held any more; otherwise, when it throws, this is still held
   */
  async downgrade(options: AcquireOptions = {}): Promise<LockHold> {
    this.assertHeld();
    const hold = await this.#downgrade!(options);
    await this.release();
    return hold;
  }
}

/** The reading half. */
export class ReadLock extends QueueLock<LockHold> {
  readonly #write: () => WriteLock;

  /** @internal */
  constructor(client: ZkClient, path: string, options: LockOptions, write: () => WriteLock) {
    const { dialect = 'curator' } = options;
    super(client, rules(path, dialect, NAMES[dialect].read, nearestWriter), options);
    this.#write = write;
  }

  protected override makeHold: HoldMaker<LockHold> = (client, candidate, options) =>
    new LockHold(client, candidate, options);

  protected override isHolderAt(index: number, all: readonly RankedName[]): boolean {
    return isServed(index, all);
  }

  /** A reader for whoever has the write lock: at once, in the place of the writer. */
  async inheritFrom(writer: Candidate, options: AcquireOptions): Promise<LockHold> {
    using scope = new CallScope(this.client.runtime, options);
    const hold = await this.owners.acquire(
      options.owner,
      scope.signal,
      () => this.#inherit(writer, options, scope),
      this.makeHold,
    );
    return hold!;
  }

  protected override enter(options: AcquireOptions, scope: CallScope, once: boolean): Promise<Entered | undefined> {
    const writer = this.#write().owners.candidateOf(options.owner);
    return writer === undefined ? super.enter(options, scope, once) : this.#inherit(writer, options, scope);
  }

  /**
   * The node of a downgraded reader is not sequential: it bears the number of the writer, as Curator's has since 5.5,
   * so that a writer who queued in between does not overtake it when the write lock goes (CURATOR-621).
   */
  async #inherit(writer: Candidate, options: AcquireOptions, scope: CallScope): Promise<Entered> {
    const { dialect } = this.rules;
    let node: OwnNode | undefined;
    let isGranted = false;
    try {
      node = await OwnNode.create(this.client, this.path, {
        prefix: uniquePrefix(dialect, this.client.runtime.random),
        name: this.rules.marker + textBehind(writer.node.name, NAMES[dialect].write),
        mode: 'ephemeral',
        data: identityBytes(this.client.runtime, this.options.identity, options.purpose),
        acl: this.options.acl,
        signal: scope.signal,
      });
      const candidate = candidateOf(node);
      await node.watch(scope.signal);
      // It counts only if the writer was still there when it was made, which an event would have told us before.
      for (const { isOurs, signal, path } of [ours(writer.node), ours(node)]) {
        if (!isOurs) throw signal.aborted ? signal.reason : new LockLostError(path, 'sessionLost');
      }
      isGranted = true;
      // Readers are not fenced among themselves, but the writers behind must have a larger token than this one.
      return { candidate, token: writer.node.czxid };
    } catch (error) {
      throw endOf(scope, this.path, error);
    } finally {
      if (!isGranted) void node?.remove();
    }
  }
}

/** The writing half. */
export class WriteLock extends QueueLock<WriteHold> {
  readonly #read: ReadLock;

  /** @internal */
  constructor(client: ZkClient, path: string, options: LockOptions, read: ReadLock) {
    const { dialect = 'curator' } = options;
    super(client, rules(path, dialect, NAMES[dialect].write, nearest), options);
    this.#read = read;
  }

  /** @throws UpgradeNotAllowedError when the owner holds the read lock and not the write lock */
  override async acquire(options: AcquireOptions = {}): Promise<WriteHold> {
    this.#refuseUpgrade(options.owner);
    return super.acquire(options);
  }

  /** @throws UpgradeNotAllowedError as {@link acquire} */
  override async tryAcquire(options: AcquireOptions = {}): Promise<WriteHold | null> {
    this.#refuseUpgrade(options.owner);
    return super.tryAcquire(options);
  }

  protected override makeHold: HoldMaker<WriteHold> = (client, candidate, options) => {
    const hold = new WriteHold(client, candidate, options);
    const { owner } = options;
    hold.downgrader = (acquire) =>
      this.#read.inheritFrom(candidate, owner === undefined ? acquire : { owner, ...acquire });
    return hold;
  };

  protected override isHolderAt(index: number, all: readonly RankedName[]): boolean {
    return isServed(index, all);
  }

  #refuseUpgrade(owner: object | undefined): void {
    if (this.#read.owners.has(owner) && !this.owners.has(owner)) throw new UpgradeNotAllowedError(this.path);
  }
}

function ours(node: OwnNode): { isOurs: boolean; signal: AbortSignal; path: string } {
  return { isOurs: node.isOurs(), signal: node.signal, path: node.path };
}

function rules(path: string, dialect: Dialect, marker: string, blocker: QueueRules['blocker']): QueueRules {
  const { read, write } = NAMES[dialect];
  return { parent: path, dialect, marker, markers: [read, write], blocker };
}

/**
 * A reader waits for the nearest writer before it. Curator's waits for the first one, which comes to the same and wakes
 * more readers. Names of unknown kind hold back writers only, as with Curator.
 */
function nearestWriter(ahead: readonly RankedName[]): RankedName | undefined {
  return ahead.findLast(({ marker }) => marker !== undefined && !READ_MARKERS.has(marker));
}

/** Whether it is the turn of the one at this place: a reader's without a writer before it, a writer's without anybody. */
function isServed(index: number, all: readonly RankedName[]): boolean {
  const { key, marker } = all[index]!;
  // A downgraded reader has the number of its writer: neither is before the other.
  const ahead = all.slice(0, index).filter((other) => other.key !== key);
  const isReader = marker !== undefined && READ_MARKERS.has(marker);
  return (isReader ? nearestWriter(ahead) : nearest(ahead)) === undefined;
}
