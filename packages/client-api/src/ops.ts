import type { Acl } from '@zk/model';
import { type Duration, durationMs } from './duration.js';
import type { CreateModeName, ReadOp, WriteOp } from './operations.js';

type Op<K extends WriteOp['kind']> = Extract<WriteOp, { readonly kind: K }>;
type Read<K extends ReadOp['kind']> = Extract<ReadOp, { readonly kind: K }>;

const ANY_VERSION = -1;

/** The operations of `client.multi`, as values. */
export const op = Object.freeze({
  create(
    path: string,
    data: Uint8Array | null = null,
    options: {
      readonly mode?: CreateModeName | undefined;
      readonly acl?: readonly Acl[] | undefined;
      readonly ttl?: Duration | undefined;
    } = {},
  ): Op<'create'> {
    const { mode = 'persistent', acl, ttl } = options;
    return { kind: 'create', path, data, mode, acl, ttlMs: ttl === undefined ? undefined : durationMs(ttl) };
  },
  set(path: string, data: Uint8Array | null, version = ANY_VERSION): Op<'set'> {
    return { kind: 'set', path, data, version };
  },
  delete(path: string, version = ANY_VERSION): Op<'delete'> {
    return { kind: 'delete', path, version };
  },
  /** The znode exists, and has this version; with -1, the default, it only has to exist. */
  check(path: string, version = ANY_VERSION): Op<'check'> {
    return { kind: 'check', path, version };
  },
});

/** The operations of `client.multiRead`, as values. */
export const read = Object.freeze({
  get(path: string): Read<'get'> {
    return { kind: 'get', path };
  },
  children(path: string): Read<'children'> {
    return { kind: 'children', path };
  },
});
