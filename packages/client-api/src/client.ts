import type { Clock, RandomSource, Scheduler } from '@zk/contracts';
import type { Acl, Id, Stat } from '@zk/model';
import type { Observable } from 'rxjs';
import type { ClientSession, ConnectionState } from './connection-state.js';
import type {
  CallOptions,
  CreateOptions,
  Created,
  DeleteOptions,
  GetOptions,
  NodeChildren,
  NodeData,
  ReadOp,
  ReadOptions,
  ReadResults,
  SetOptions,
  UpdateOptions,
  WriteOp,
  WriteResults,
} from './operations.js';
import type { WatchOptions, WatchStream, Watched } from './watches.js';

/** Time and chance, as the client was given them. Whoever builds on a client uses these and no others. */
export interface ClientRuntime {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: RandomSource;
}

/**
 * A client of a ZooKeeper service: one session at a time, and a new one when it is lost.
 *
 * Requests are answered in the order in which they were made. While there is no connection they wait, up to the limits
 * of the client and the time each was given. A read that was on its way when the connection broke is sent again; a write
 * is not: it rejects with ConnectionLossError, and `maybeApplied` says that nobody knows.
 *
 * Paths are relative to the chroot of the connection string; results are too.
 *
 * Every method rejects with one of the errors of this package, never synchronously:
 * RefusedError (and its subclasses by code), SessionExpiredError, ConnectionLossError, OperationTimeoutError,
 * CancelledError, ClientClosedError, QueueFullError; BADARGUMENTS for a path that is not valid.
 */
export interface ZkClient extends AsyncDisposable {
  readonly runtime: ClientRuntime;

  /** The present state; see ConnectionState. */
  readonly state: ConnectionState;
  /** Hot; replays the present state, then every change in order; completes after `closed` or `authFailed`. */
  readonly state$: Observable<ConnectionState>;
  /** The session, also while suspended; undefined before the first one and after it was lost. */
  readonly session: ClientSession | undefined;
  /** Hot; replays; undefined when there is none. */
  readonly session$: Observable<ClientSession | undefined>;

  /** Resolves when connected. @throws when that becomes impossible, or time runs out */
  connected(options?: CallOptions): Promise<ClientSession>;
  /**
   * Ends the session (its ephemerals go), after what was requested before has been answered. Idempotent; rejects only with
   * a TypeError, for options that are none.
   * `keepSession` leaves the session to expire, or to be attached to from elsewhere.
   */
  close(options?: { readonly keepSession?: boolean | undefined }): Promise<void>;
  /** A view of this client below `path`; it shares the connection, and its `close` does nothing. */
  chroot(path: string): ZkClient;

  /** Data and Stat. @throws NoNodeError */
  get(path: string, options?: GetOptions<Uint8Array>): Promise<NodeData<Uint8Array>>;
  get<T>(path: string, options: GetOptions<T>): Promise<NodeData<T>>;
  /** The Stat, or null when there is no such znode. */
  exists(path: string, options?: ReadOptions): Promise<Stat | null>;
  /** Names of the children, not their paths, in no particular order, and the Stat of the parent. @throws NoNodeError */
  getChildren(path: string, options?: ReadOptions): Promise<NodeChildren>;

  /**
   * Makes a znode: persistent and without data unless told otherwise. The path in the answer has the number of a
   * sequential one. As in `create('/jobs/job-', bytes, { mode: 'ephemeralSequential', parents: 'container' })`.
   *
   * @throws NodeExistsError (see `ifExists`), NoNodeError without a parent (see `parents`), NoChildrenForEphemeralsError
   */
  create(path: string, data?: Uint8Array | null, options?: CreateOptions): Promise<Created>;
  create<T>(
    path: string,
    data: T,
    options: CreateOptions<T> & { readonly codec: NonNullable<CreateOptions<T>['codec']> },
  ): Promise<Created>;
  /** Replaces the data, of whatever version unless told otherwise. @throws NoNodeError, BadVersionError */
  set(path: string, data: Uint8Array | null, options?: SetOptions): Promise<Stat>;
  set<T>(
    path: string,
    data: T,
    options: SetOptions<T> & { readonly codec: NonNullable<SetOptions<T>['codec']> },
  ): Promise<Stat>;
  /** @throws NoNodeError (see `ifMissing`), NotEmptyError (see `recursive`), BadVersionError */
  delete(path: string, options?: DeleteOptions): Promise<void>;
  /**
   * Compare and set until it holds: reads, calls `change`, and writes on the condition that nobody wrote in between.
   * Returning the very value that was read writes nothing.
   */
  update(
    path: string,
    change: (data: Uint8Array) => Uint8Array | Promise<Uint8Array>,
    options?: UpdateOptions<Uint8Array>,
  ): Promise<NodeData<Uint8Array>>;
  update<T>(
    path: string,
    change: (data: T) => T | Promise<T>,
    options: UpdateOptions<T> & { readonly codec: NonNullable<UpdateOptions<T>['codec']> },
  ): Promise<NodeData<T>>;

  /** All or nothing. @throws MultiError when an operation is refused */
  multi<const O extends readonly WriteOp[]>(operations: O, options?: CallOptions): Promise<WriteResults<O>>;
  /** Reads of one moment; each gives a value or an error of its own. */
  multiRead<const O extends readonly ReadOp[]>(operations: O, options?: CallOptions): Promise<ReadResults<O>>;

  /** Who may do what with a znode. @throws NoNodeError */
  getAcl(path: string, options?: CallOptions): Promise<{ readonly acl: readonly Acl[]; readonly stat: Stat }>;
  /** Replaces the whole list; `version` is the `aversion` of the Stat. @throws NoNodeError, InvalidAclError, BadVersionError */
  setAcl(
    path: string,
    acl: readonly Acl[],
    options?: CallOptions & { readonly version?: number | undefined },
  ): Promise<Stat>;
  /** What this server has not seen yet of what was committed before the call, it has seen when this resolves. */
  sync(path?: string, options?: CallOptions): Promise<void>;
  /** Paths of ephemerals of this session that begin with the prefix; default: all. */
  getEphemerals(prefix?: string, options?: CallOptions): Promise<readonly string[]>;
  /** Znodes below the path, at any depth. */
  countDescendants(path: string, options?: CallOptions): Promise<number>;
  /** As whom the server knows this session. */
  whoAmI(options?: CallOptions): Promise<readonly Id[]>;
  /** Adds credentials, now and on every later connection. @throws AuthFailedError, after which the client is useless */
  addAuth(scheme: string, auth: Uint8Array | string, options?: CallOptions): Promise<void>;
  /** The dynamic configuration of the ensemble. */
  getConfig(options?: ReadOptions): Promise<NodeData<Uint8Array>>;
  /** Changes the members of the ensemble; gives the new configuration. @throws ReconfigDisabledError, NoAuthError */
  reconfig(
    change: {
      readonly joining?: readonly string[] | undefined;
      readonly leaving?: readonly string[] | undefined;
      readonly newMembers?: readonly string[] | undefined;
      /** Version of the configuration that this change is based on; default: any. */
      readonly fromConfig?: bigint | undefined;
    },
    options?: CallOptions,
  ): Promise<NodeData<Uint8Array>>;

  /** A persistent watch; see WatchStream. */
  watch(path: string, options?: WatchOptions): WatchStream;
  /** Reads, and sets a one-shot watch on data and deletion. NONODE sets none. */
  getAndWatch(path: string, options?: CallOptions): Promise<Watched<NodeData<Uint8Array>>>;
  /** Looks, and sets a one-shot watch on creation, data and deletion. */
  existsAndWatch(path: string, options?: CallOptions): Promise<Watched<Stat | null>>;
  /** Lists, and sets a one-shot watch on children and deletion. NONODE sets none. */
  getChildrenAndWatch(path: string, options?: CallOptions): Promise<Watched<NodeChildren>>;
}

export const ZK_CLIENT = Symbol.for('@zk/ZkClient');
