import type { Acl, Stat } from '@zk/model';
import type { Codec } from './codec.js';
import type { Duration } from './duration.js';

/** Options of every call. */
export interface CallOptions {
  /** Cancels the call: it rejects with a CancelledError, which says whether the request may have been applied. */
  readonly signal?: AbortSignal | undefined;
  /** Time for the whole call, waiting for a connection included; default: the client's `requestTimeout`. */
  readonly timeout?: Duration | undefined;
}

export interface ReadOptions extends CallOptions {
  /**
   * Preceded by a `sync`, so that it sees every write that was acknowledged before the call, on whatever server.
   * Costs a round trip to the leader. Default false: it sees this client's own writes, and perhaps not yet others'.
   */
  readonly linearizable?: boolean | undefined;
}

export interface GetOptions<T> extends ReadOptions {
  /** How bytes become a value; default: bytes as they are. */
  readonly codec?: Codec<T> | undefined;
}

export interface NodeData<T> {
  readonly data: T;
  readonly stat: Stat;
}

export interface NodeChildren {
  /** Names, not paths; in no particular order. */
  readonly children: readonly string[];
  readonly stat: Stat;
}

/** Kinds of znodes that a create can make. */
export type CreateModeName =
  | 'persistent'
  | 'persistentSequential'
  | 'ephemeral'
  | 'ephemeralSequential'
  | 'container'
  | 'persistentWithTtl'
  | 'persistentSequentialWithTtl';

export interface CreateOptions<T = Uint8Array> extends CallOptions {
  /** Default `persistent`. */
  readonly mode?: CreateModeName | undefined;
  /** Default: the client's, which is open to the world unless configured. */
  readonly acl?: readonly Acl[] | undefined;
  /** For the modes with a time to live: 1 ms to about 34.8 years. */
  readonly ttl?: Duration | undefined;
  readonly codec?: Codec<T> | undefined;
  /**
   * Creates missing parents, without data: as containers where the server knows them (they go when they are empty), or
   * persistent. Default: none are created, and NONODE is the answer.
   */
  readonly parents?: 'container' | 'persistent' | undefined;
  /** What to do when the znode exists: reject with NODEEXISTS (default), leave it as it is, or set its data. */
  readonly ifExists?: 'fail' | 'keep' | 'set' | undefined;
  /**
   * Survives a lost reply. `true` puts `_c_<uuid>-` in front of the name, as Curator does; an object puts its own unique
   * prefix. When the connection breaks, the client looks for a child with that prefix before it creates again, and takes
   * one that belongs to the present session only. When the call ends without an answer (cancelled, out of time), what it
   * may have created is removed in the background.
   */
  readonly protection?: boolean | { readonly prefix: string } | undefined;
}

export interface Created {
  /** The actual path, with whatever the server or {@link CreateOptions.protection} added. */
  readonly path: string;
  readonly stat: Stat;
}

export interface SetOptions<T = Uint8Array> extends CallOptions {
  /** Only if the znode has this version; default: any. */
  readonly version?: number | undefined;
  readonly codec?: Codec<T> | undefined;
}

export interface DeleteOptions extends CallOptions {
  /** Only if the znode has this version; default: any. */
  readonly version?: number | undefined;
  /** What to do when there is none: reject with NONODE (default), or be content. */
  readonly ifMissing?: 'fail' | 'ignore' | undefined;
  /** With everything below it, deepest first; not atomic. */
  readonly recursive?: boolean | undefined;
  /**
   * When the connection breaks or the call is cancelled or times out, goes on trying in the background until the znode
   * is gone or the client is closed. The call itself still rejects.
   */
  readonly guaranteed?: boolean | undefined;
}

export interface UpdateOptions<T> extends CallOptions {
  readonly codec?: Codec<T> | undefined;
  /** Attempts when others keep changing it; default: until the timeout. */
  readonly maxAttempts?: number | undefined;
  /** Value to start from when the znode does not exist; without it that is NONODE. It is then created. */
  readonly initial?: T | undefined;
  /** Create options for that. */
  readonly create?: Pick<CreateOptions, 'mode' | 'acl' | 'parents' | 'ttl'> | undefined;
}

/** One operation of a multi. Made by {@link op}. */
export type WriteOp =
  | {
      readonly kind: 'create';
      readonly path: string;
      readonly data: Uint8Array | null;
      readonly mode: CreateModeName;
      readonly acl: readonly Acl[] | undefined;
      readonly ttlMs: number | undefined;
    }
  | { readonly kind: 'set'; readonly path: string; readonly data: Uint8Array | null; readonly version: number }
  | { readonly kind: 'delete'; readonly path: string; readonly version: number }
  | { readonly kind: 'check'; readonly path: string; readonly version: number };

/** What an operation of a multi gives. */
export type WriteResult<O extends WriteOp> = O extends { readonly kind: 'create' }
  ? { readonly kind: 'create'; readonly path: string; readonly stat: Stat | undefined }
  : O extends { readonly kind: 'set' }
    ? { readonly kind: 'set'; readonly stat: Stat }
    : { readonly kind: O['kind'] };

export type WriteResults<O extends readonly WriteOp[]> = { readonly [I in keyof O]: WriteResult<O[I]> };

export type ReadOp =
  { readonly kind: 'get'; readonly path: string } | { readonly kind: 'children'; readonly path: string };

export type ReadResult<O extends ReadOp> =
  | (O extends { readonly kind: 'get' }
      ? { readonly kind: 'get'; readonly data: Uint8Array | null; readonly stat: Stat }
      : { readonly kind: 'children'; readonly children: readonly string[] })
  | { readonly kind: 'error'; readonly error: Error & { readonly code: number } };

export type ReadResults<O extends readonly ReadOp[]> = { readonly [I in keyof O]: ReadResult<O[I]> };
