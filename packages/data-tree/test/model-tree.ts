import type { Acl } from '@zk/model';
import { ErrorCode, OPEN_ACL_UNSAFE } from '@zk/model';
import { crc32 } from '@zk/jute';
import type { Op, Txn } from './txns.js';

/**
 * The tree again, as a map from path to plain objects, written for reading: what the real one is compared with.
 * Follows the replay rules of spec: disk format, section 6.
 */
export interface ModelNode {
  data: string | null;
  acl: readonly Acl[];
  czxid: bigint;
  mzxid: bigint;
  pzxid: bigint;
  ctime: number;
  mtime: number;
  version: number;
  cversion: number;
  aversion: number;
  owner: bigint;
}

const CONTAINER = -(2n ** 63n);
const TTL = BigInt.asIntN(64, 0xff00_0000_0000_0000n);

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));

function newNode(data: string | null, acl: readonly Acl[], zxid: bigint, timeMs: number, owner: bigint): ModelNode {
  const zxids = { czxid: zxid, mzxid: zxid, pzxid: zxid, ctime: timeMs, mtime: timeMs };
  return { data, acl, ...zxids, version: 0, cversion: 0, aversion: 0, owner };
}

export class ModelTree {
  /** The root is at ''. */
  readonly nodes = new Map<string, ModelNode>();
  readonly events: string[] = [];

  constructor() {
    for (const path of ['', '/zookeeper', '/zookeeper/quota']) this.nodes.set(path, newNode('', [], 0n, 0, 0n));
    const config = newNode('', [{ perms: 1, scheme: 'world', id: 'anyone' }], 0n, 0, 0n);
    this.nodes.set('/zookeeper/config', { ...config, aversion: -1 });
  }

  apply(txn: Txn): number {
    const { op } = txn;
    if (op.kind !== 'multi') return this.applyOp(txn, op);
    const failed = op.ops.find((sub) => sub.kind === 'error');
    if (failed !== undefined) return failed.kind === 'error' ? failed.error : 0;
    return op.ops.map((sub) => this.applyOp(txn, sub)).find((code) => code !== 0) ?? 0;
  }

  children(path: string): string[] {
    return [...this.nodes.keys()].filter((other) => other !== '' && parentOf(other) === path);
  }

  kind(node: ModelNode): 'persistent' | 'ephemeral' | 'container' | 'ttl' {
    if (node.owner === 0n) return 'persistent';
    if (node.owner === CONTAINER) return 'container';
    return BigInt.asUintN(64, node.owner) >> 40n === 0xff0000n ? 'ttl' : 'ephemeral';
  }

  digest(): bigint {
    let sum = 0n;
    for (const [path, node] of this.nodes) {
      if (path.startsWith('/zookeeper/')) continue;
      const stat = Buffer.alloc(60);
      [node.czxid, node.mzxid, node.pzxid, BigInt(node.ctime), BigInt(node.mtime)].forEach((word, i) =>
        stat.writeBigInt64BE(word, i * 8),
      );
      [node.version, node.cversion, node.aversion].forEach((word, i) => stat.writeInt32BE(word, 40 + i * 4));
      stat.writeBigInt64BE(node.owner, 52);
      const all = new Uint8Array(Buffer.concat([Buffer.from(path), Buffer.from(node.data ?? ''), stat]));
      sum += BigInt(crc32(all) >>> 0);
    }
    return BigInt.asUintN(64, sum);
  }

  private applyOp(txn: Txn, op: Op): number {
    switch (op.kind) {
      case 'create':
        return this.create(txn, op, op.ephemeral === true ? txn.session : 0n, (op.type ?? 1) === 1);
      case 'createContainer':
        return this.create(txn, op, CONTAINER, false);
      case 'createTtl':
        return this.create(txn, op, TTL | BigInt(op.ttlMs), false);
      case 'delete':
        return this.delete(op.path, txn.zxid);
      case 'setData': {
        const node = this.node(op.path);
        if (node === undefined) return ErrorCode.NONODE;
        Object.assign(node, { data: op.data, version: op.version, mzxid: txn.zxid, mtime: txn.timeMs });
        this.events.push(`changed ${op.path}`);
        return 0;
      }
      case 'setAcl': {
        const node = this.node(op.path);
        if (node === undefined) return ErrorCode.NONODE;
        Object.assign(node, { acl: op.acl, aversion: op.version });
        return 0;
      }
      case 'closeSession':
        for (const path of op.paths ?? []) this.delete(path, txn.zxid);
        for (const [path, node] of [...this.nodes]) {
          if (node.owner === txn.session && this.kind(node) === 'ephemeral') this.delete(path, txn.zxid);
        }
        return 0;
      case 'error':
        return op.error;
      default:
        return 0;
    }
  }

  private node(path: string): ModelNode | undefined {
    return this.nodes.get(path === '/' ? '' : path);
  }

  private create(
    { zxid, timeMs }: Txn,
    op: { path: string; data: string | null; acl?: readonly Acl[]; parentCversion: number },
    owner: bigint,
    raisesOnConflict: boolean,
  ): number {
    const parent = this.nodes.get(parentOf(op.path));
    if (parent === undefined) return ErrorCode.NONODE;
    const acl = op.acl ?? OPEN_ACL_UNSAFE;
    const wanted = op.parentCversion === -1 ? parent.cversion + 1 : op.parentCversion;
    const present = this.nodes.get(op.path);
    if (present !== undefined) present.acl = acl;
    if ((present === undefined || raisesOnConflict) && wanted > parent.cversion) {
      parent.cversion = wanted;
      parent.pzxid = zxid;
    }
    if (present !== undefined) return ErrorCode.NODEEXISTS;
    this.nodes.set(op.path, newNode(op.data, acl, zxid, timeMs, owner));
    this.events.push(`created ${op.path}`);
    return 0;
  }

  private delete(path: string, zxid: bigint): number {
    const parent = this.nodes.get(parentOf(path));
    if (parent === undefined || path === '/') return ErrorCode.NONODE;
    if (zxid > parent.pzxid) parent.pzxid = zxid;
    if (!this.nodes.has(path)) return ErrorCode.NONODE;
    // Only a fuzzy snapshot shows children here; the log creates them again.
    const below = [...this.nodes.keys()].filter((other) => other.startsWith(`${path}/`));
    for (const gone of [...below, path]) {
      this.nodes.delete(gone);
      this.events.push(`deleted ${gone}`);
    }
    return 0;
  }
}
