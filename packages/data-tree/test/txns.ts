import type { Acl } from '@zk/model';
import { OPEN_ACL_UNSAFE } from '@zk/model';

/** Builds transactions as they lie in the log; readable rather than fast. */

export type Op =
  | {
      readonly kind: 'create';
      type?: 1 | 15;
      path: string;
      data: string | null;
      acl?: readonly Acl[];
      ephemeral?: boolean;
      parentCversion: number;
    }
  | {
      readonly kind: 'createContainer';
      path: string;
      data: string | null;
      acl?: readonly Acl[];
      parentCversion: number;
    }
  | {
      readonly kind: 'createTtl';
      path: string;
      data: string | null;
      acl?: readonly Acl[];
      parentCversion: number;
      ttlMs: number;
    }
  | { readonly kind: 'delete'; path: string }
  | { readonly kind: 'setData'; path: string; data: string | null; version: number }
  | { readonly kind: 'setAcl'; path: string; acl: readonly Acl[]; version: number }
  | { readonly kind: 'check'; path: string; version: number }
  | { readonly kind: 'error'; error: number }
  | { readonly kind: 'createSession'; timeoutMs: number }
  | { readonly kind: 'closeSession'; paths: readonly string[] | undefined }
  | { readonly kind: 'multi'; ops: readonly Op[] };

export interface Txn {
  readonly session: bigint;
  readonly zxid: bigint;
  readonly timeMs: number;
  readonly op: Op;
}

const int32 = (value: number): Buffer => {
  const out = Buffer.alloc(4);
  out.writeInt32BE(value);
  return out;
};

const int64 = (value: bigint): Buffer => {
  const out = Buffer.alloc(8);
  out.writeBigInt64BE(value);
  return out;
};

const text = (value: string): Buffer => Buffer.concat([int32(Buffer.byteLength(value)), Buffer.from(value)]);

const data = (value: string | null): Buffer => (value === null ? int32(-1) : text(value));

export const acls = (list: readonly Acl[] = OPEN_ACL_UNSAFE): Buffer =>
  Buffer.concat([
    int32(list.length),
    ...list.flatMap(({ perms, scheme, id }) => [int32(perms), text(scheme), text(id)]),
  ]);

function body(op: Op): Buffer {
  switch (op.kind) {
    case 'create':
      return Buffer.concat([
        text(op.path),
        data(op.data),
        acls(op.acl),
        Buffer.from([op.ephemeral === true ? 1 : 0]),
        int32(op.parentCversion),
      ]);
    case 'createContainer':
      return Buffer.concat([text(op.path), data(op.data), acls(op.acl), int32(op.parentCversion)]);
    case 'createTtl':
      return Buffer.concat([
        text(op.path),
        data(op.data),
        acls(op.acl),
        int32(op.parentCversion),
        int64(BigInt(op.ttlMs)),
      ]);
    case 'delete':
      return text(op.path);
    case 'setData':
      return Buffer.concat([text(op.path), data(op.data), int32(op.version)]);
    case 'setAcl':
      return Buffer.concat([text(op.path), acls(op.acl), int32(op.version)]);
    case 'check':
      return Buffer.concat([text(op.path), int32(op.version)]);
    case 'error':
      return int32(op.error);
    case 'createSession':
      return int32(op.timeoutMs);
    case 'closeSession':
      return op.paths === undefined ? Buffer.alloc(0) : Buffer.concat([int32(op.paths.length), ...op.paths.map(text)]);
    case 'multi':
      return Buffer.concat([
        int32(op.ops.length),
        ...op.ops.flatMap((sub) => {
          const bytes = body(sub);
          return [int32(typeOf(sub)), int32(bytes.length), bytes];
        }),
      ]);
  }
}

function typeOf(op: Op): number {
  switch (op.kind) {
    case 'create':
      return op.type ?? 1;
    case 'createContainer':
      return 19;
    case 'createTtl':
      return 21;
    case 'delete':
      return 2;
    case 'setData':
      return 5;
    case 'setAcl':
      return 7;
    case 'check':
      return 13;
    case 'error':
      return -1;
    case 'createSession':
      return -10;
    case 'closeSession':
      return -11;
    case 'multi':
      return 14;
  }
}

export function txnBytes({ session, zxid, timeMs, op }: Txn, digest?: bigint): Uint8Array {
  const parts = [int64(session), int32(0), int64(zxid), int64(BigInt(timeMs)), int32(typeOf(op)), body(op)];
  if (digest !== undefined) parts.push(int32(2), int64(BigInt.asIntN(64, digest)));
  return new Uint8Array(Buffer.concat(parts));
}
