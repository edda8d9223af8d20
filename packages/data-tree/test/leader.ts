import type { Acl } from '@zk/model';
import type { Op, Txn } from './txns.js';
import { ModelTree } from './model-tree.js';

/** Longer than what an encoder writes between two looks at the clock: a step writes one such znode. */
const LONG = 'x'.repeat(17_000);

/** What somebody would like to happen; a leader makes a transaction of it, or nothing. */
export interface Wish {
  readonly kind: 'create' | 'create2' | 'ephemeral' | 'container' | 'delete' | 'setData' | 'setAcl' | 'closeSession';
  readonly path: string;
  readonly size: 'long' | 'short' | 'null';
  readonly acl: readonly Acl[];
  readonly session: bigint;
}

/** Turns wishes into the transactions a leader would have logged: valid against the state before each. */
export class Leader {
  readonly model = new ModelTree();
  private zxid = 0x1_0000_0000n;

  /** Undefined when all wishes were refused. Several wishes make a multi. */
  transaction(wishes: readonly Wish[]): Txn | undefined {
    const zxid = this.zxid + 1n;
    const timeMs = 1_795_228_097_809 + Number(zxid & 0xffffn);
    const session = wishes[0]?.session ?? 0n;
    const ops: Op[] = [];
    for (const wish of wishes) {
      const op = this.op(wish, session);
      if (op === undefined || (wishes.length > 1 && (op.kind === 'closeSession' || op.kind === 'setAcl'))) continue;
      this.model.apply({ session, zxid, timeMs, op });
      ops.push(op);
    }
    if (ops.length === 0) return undefined;
    this.zxid = zxid;
    return { session, zxid, timeMs, op: ops.length === 1 ? ops[0]! : { kind: 'multi', ops } };
  }

  private op({ kind, path, size, acl }: Wish, session: bigint): Op | undefined {
    const { model } = this;
    const data = size === 'null' ? null : size === 'long' ? LONG : `${this.zxid}`;
    const node = model.nodes.get(path);
    const parent = model.nodes.get(path.slice(0, path.lastIndexOf('/')));
    switch (kind) {
      case 'create':
      case 'create2':
      case 'ephemeral':
      case 'container': {
        if (node !== undefined || parent === undefined || model.kind(parent) === 'ephemeral') return undefined;
        const parentCversion = parent.cversion + 1;
        if (kind === 'container') return { kind: 'createContainer', path, data, acl, parentCversion };
        const type = kind === 'create2' ? 15 : 1;
        return { kind: 'create', type, path, data, acl, ephemeral: kind === 'ephemeral', parentCversion };
      }
      case 'delete':
        return node === undefined || model.children(path).length > 0 ? undefined : { kind, path };
      case 'setData':
        return node && { kind, path, data, version: node.version + 1 };
      case 'setAcl':
        return node && { kind, path, acl, version: node.aversion + 1 };
      case 'closeSession': {
        const owned = [...model.nodes].filter(([, { owner }]) => owner === session).map(([at]) => at);
        return { kind, paths: owned };
      }
    }
  }
}
