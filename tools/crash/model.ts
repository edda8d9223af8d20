/**
 * What a subtree must look like. One worker owns the subtree and its session keeps its requests in order, so the outcome
 * of every request is known when it is sent: its error, the version it produces, the name a sequential create gets. The
 * model is that prediction, written as plainly as possible.
 */
import type { Stat } from '../lib/wire.js';

export interface ModelNode {
  data: string;
  version: number;
  /** Session that owns an ephemeral; 0n for others. */
  owner: bigint;
  /** Children ever created: the source of sequence numbers. */
  createCount: number;
  /** Unknown (undefined) after a request that was in flight when the server died. */
  czxid: bigint | undefined;
  mzxid: bigint | undefined;
  pzxid: bigint | undefined;
}

export interface ActualNode {
  readonly data: string;
  readonly stat: Stat;
}

export class SubtreeModel {
  private constructor(
    readonly root: string,
    private readonly nodes: Map<string, ModelNode>,
    private readonly childCounts: Map<string, number>,
  ) {}

  static fresh(root: string, zxid: bigint): SubtreeModel {
    const node = { data: '', version: 0, owner: 0n, createCount: 0, czxid: zxid, mzxid: zxid, pzxid: zxid };
    return new SubtreeModel(root, new Map([[root, node]]), new Map());
  }

  clone(): SubtreeModel {
    const nodes = new Map([...this.nodes].map(([path, node]) => [path, { ...node }] as const));
    return new SubtreeModel(this.root, nodes, new Map(this.childCounts));
  }

  get size(): number {
    return this.nodes.size;
  }

  get(path: string): ModelNode | undefined {
    return this.nodes.get(path);
  }

  paths(): string[] {
    return [...this.nodes.keys()];
  }

  childCount(path: string): number {
    return this.childCounts.get(path) ?? 0;
  }

  create(path: string, data: string, owner: bigint, zxid: bigint | undefined): void {
    const parent = parentOf(path);
    const above = this.nodes.get(parent);
    if (above === undefined || this.nodes.has(path)) throw new Error(`model: create ${path} cannot succeed`);
    above.createCount++;
    above.pzxid = zxid;
    this.childCounts.set(parent, this.childCount(parent) + 1);
    this.nodes.set(path, { data, version: 0, owner, createCount: 0, czxid: zxid, mzxid: zxid, pzxid: zxid });
  }

  set(path: string, data: string, zxid: bigint | undefined): void {
    const node = this.nodes.get(path);
    if (node === undefined) throw new Error(`model: setData ${path} cannot succeed`);
    node.data = data;
    node.version++;
    node.mzxid = zxid;
  }

  delete(path: string, zxid: bigint | undefined): void {
    if (!this.nodes.delete(path)) throw new Error(`model: delete ${path} cannot succeed`);
    const parent = parentOf(path);
    this.childCounts.set(parent, this.childCount(parent) - 1);
    const above = this.nodes.get(parent);
    if (above !== undefined) above.pzxid = zxid;
  }

  /** What the end of a session does. */
  closeSession(session: bigint, zxid: bigint | undefined): void {
    for (const [path, node] of [...this.nodes]) if (node.owner === session) this.delete(path, zxid);
  }

  ephemeralsOf(session: bigint): string[] {
    return [...this.nodes].filter(([, node]) => node.owner === session).map(([path]) => path);
  }

  /** The first difference in words, or undefined where the server holds exactly this state. */
  difference(actual: ReadonlyMap<string, ActualNode>): string | undefined {
    for (const [path, node] of this.nodes) {
      const found = actual.get(path);
      if (found === undefined) return `${path} is missing (version ${node.version}, data "${node.data}")`;
      if (found.data !== node.data) return `${path} holds "${found.data}", not "${node.data}"`;
      const { stat } = found;
      const children = this.childCount(path);
      const pairs: readonly (readonly [string, number | bigint, number | bigint | undefined])[] = [
        ['version', stat.version, node.version],
        ['cversion', stat.cversion, 2 * node.createCount - children],
        ['numChildren', stat.numChildren, children],
        ['dataLength', stat.dataLength, Buffer.byteLength(node.data)],
        ['ephemeralOwner', stat.ephemeralOwner, node.owner],
        ['czxid', stat.czxid, node.czxid],
        ['mzxid', stat.mzxid, node.mzxid],
        ['pzxid', stat.pzxid, node.pzxid],
      ];
      for (const [name, got, wanted] of pairs) {
        if (wanted !== undefined && got !== wanted) return `${path} has ${name} ${got}, not ${wanted}`;
      }
    }
    for (const path of actual.keys()) if (!this.nodes.has(path)) return `${path} should not exist`;
    return undefined;
  }

  /** Fills in what was unknown after a crash, from a state already found equal. */
  learn(actual: ReadonlyMap<string, ActualNode>): void {
    for (const [path, node] of this.nodes) {
      const stat = actual.get(path)?.stat;
      if (stat === undefined) continue;
      node.czxid = stat.czxid;
      node.mzxid = stat.mzxid;
      node.pzxid = stat.pzxid;
    }
  }
}

export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

export function sequenceSuffix(createCount: number): string {
  return String(createCount).padStart(10, '0');
}
