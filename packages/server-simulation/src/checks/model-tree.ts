import { RecordReader, type TxnBody, readLoggedTxn, readTxnParts, utf8Text } from '@zk/jute';
import { EventType, OpCode } from '@zk/model';
import { CONFIG_PATH } from '../clients/znodes.js';
import { Violation } from './violation.js';

/** A znode as a transaction left it; `data` undefined once it is deleted. */
export interface ZnodeVersion {
  readonly zxid: bigint;
  readonly data: string | undefined;
  readonly version: number;
  readonly czxid: bigint;
  readonly mzxid: bigint;
  readonly ephemeralOwner: bigint;
  /** Wall clock of the leader when it was created or written, in ms. */
  readonly mtimeMs: number;
  /** In ms; 0 for a container, undefined for what nobody removes but clients. */
  readonly ttlMs: number | undefined;
}

/** A change that a watch may be told of. */
export interface Change {
  readonly zxid: bigint;
  readonly type: number;
}

/** A change of a znode, with where it happened. */
export interface PathChange extends Change {
  readonly path: string;
}

export interface KnownTxn {
  readonly zxid: bigint;
  readonly session: bigint;
  readonly cxid: number;
  readonly type: number;
  /** 0, or why nothing was changed. */
  readonly error: number;
}

/** Of a transaction that changes something. */
interface TxnMoment {
  readonly zxid: bigint;
  readonly session: bigint;
  /** Wall clock of the leader, in ms. */
  readonly timeMs: number;
}

const LAST_ZXID = 2n ** 63n - 1n;

interface Znode {
  readonly versions: ZnodeVersion[];
  /** Of the znode itself. */
  readonly changes: Change[];
  /** Of its children, with its deletion. */
  readonly childChanges: Change[];
  /** Names of all children that have ever been, with the zxids of their last creation. */
  readonly children: Map<string, bigint>;
}

export interface ModelSession {
  readonly createdZxid: bigint;
  readonly timeoutMs: number;
  closedZxid: bigint | undefined;
  /** Whether its client has asked for its end. */
  isClosedByClient: boolean;
}

/**
 * What the committed transactions lead to, znode by znode and for every zxid: written a second time, and simply, so that the
 * servers have something to be held against.
 */
export class ModelTree {
  readonly txns = new Map<bigint, KnownTxn>();
  /** Whatever a watch may be told of, in the order in which it happened. */
  readonly changes: PathChange[] = [];
  readonly sessions = new Map<bigint, ModelSession>();
  private readonly znodes = new Map<string, Znode>();
  private readonly ephemerals = new Map<bigint, Set<string>>();

  /** @param config the text of the first configuration of the ensemble */
  constructor(config: string) {
    const zxids = { zxid: 0n, czxid: 0n, mzxid: 0n };
    const first = { ...zxids, data: '', version: 0, ephemeralOwner: 0n, mtimeMs: 0, ttlMs: undefined };
    this.znode('/').versions.push(first);
    this.znode(CONFIG_PATH).versions.push({ ...first, data: config, version: -1 });
  }

  /** The text of the configuration that was committed last. */
  get config(): string {
    return this.znode(CONFIG_PATH).versions.at(-1)!.data!;
  }

  /** @throws Violation when a transaction does not fit the state before it */
  apply(bytes: Uint8Array): KnownTxn {
    const { header, body } = readLoggedTxn(new RecordReader(bytes));
    const { zxid, clientId: session, cxid, type } = header;
    const txn = { zxid, session, cxid, type, error: body.kind === 'error' ? body.err : 0 };
    this.txns.set(zxid, txn);
    this.change(body, { zxid, session, timeMs: Number(header.time) });
    return txn;
  }

  /** The znode at a zxid; undefined while it does not exist. */
  at(path: string, zxid: bigint): ZnodeVersion | undefined {
    const found = this.znodes.get(path)?.versions.findLast((version) => version.zxid <= zxid);
    return found?.data === undefined ? undefined : found;
  }

  /** Names, sorted. */
  childrenAt(path: string, zxid: bigint): string[] {
    const prefix = path === '/' ? '/' : `${path}/`;
    const names = [...(this.znodes.get(path)?.children.keys() ?? [])];
    return names.filter((name) => this.at(prefix + name, zxid) !== undefined).sort();
  }

  /** The first change of a znode, or of its children, behind `after` and up to `upTo`. */
  changeIn(path: string, isOfChildren: boolean, after: bigint, upTo: bigint): Change | undefined {
    const znode = this.znodes.get(path);
    const changes = isOfChildren ? znode?.childChanges : znode?.changes;
    return changes?.find(({ zxid }) => zxid > after && zxid <= upTo);
  }

  /** Every znode that exists now, but for the root and the system's. */
  *paths(): Iterable<string> {
    for (const [path, { versions }] of this.znodes)
      if (path !== '/' && path !== CONFIG_PATH && versions.at(-1)?.data !== undefined) yield path;
  }

  /** Containers without children, and TTL znodes: from when on they are to be removed, by the clock of a leader in ms. */
  *due(): Iterable<{ readonly path: string; readonly sinceMs: number }> {
    for (const path of this.paths()) {
      const { ttlMs, mtimeMs } = this.znodes.get(path)!.versions.at(-1)!;
      if (ttlMs !== undefined && this.isUnused(path)) yield { path, sinceMs: ttlMs === 0 ? 0 : mtimeMs + ttlMs };
    }
  }

  private change(body: TxnBody, at: TxnMoment): void {
    const { zxid, session } = at;
    switch (body.kind) {
      case 'createSession':
        if (!this.sessions.has(session)) {
          const timeoutMs = body.timeOut;
          this.sessions.set(session, { createdZxid: zxid, timeoutMs, closedZxid: undefined, isClosedByClient: false });
        }
        return;
      case 'closeSession':
        return this.close(session, zxid);
      case 'create':
      case 'create2':
        return this.create(body, body.ephemeral ? session : 0n, undefined, at);
      case 'createContainer':
        return this.create(body, 0n, 0, at);
      case 'createTTL':
        return this.create(body, 0n, Number(body.ttl), at);
      case 'deleteContainer':
        this.checkDue(body.path, at);
        return this.delete(body.path, zxid);
      case 'delete':
        return this.delete(body.path, zxid);
      case 'setData':
        return this.setData(body.path, textOf(body.data), body.version, at);
      case 'reconfig':
        return this.reconfigure(textOf(body.data), at);
      case 'multi':
        return this.multi(body, at);
      case 'error':
      case 'check':
        return;
      default:
        throw new Error(`the model knows no ${body.kind}`);
    }
  }

  private multi(body: TxnBody & { readonly kind: 'multi' }, at: TxnMoment): void {
    const parts = readTxnParts(body.txns ?? [], (data) => new RecordReader(data));
    if (parts.some(({ kind }) => kind === 'error')) return;
    for (const part of parts) this.change(part, at);
  }

  private close(session: bigint, zxid: bigint): void {
    const known = this.sessions.get(session);
    if (known !== undefined) known.closedZxid ??= zxid;
    for (const path of [...(this.ephemerals.get(session) ?? [])]) this.delete(path, zxid);
  }

  private create(
    { path, data }: { readonly path: string; readonly data: Uint8Array | null },
    ephemeralOwner: bigint,
    ttlMs: number | undefined,
    { zxid, timeMs: mtimeMs }: TxnMoment,
  ): void {
    if (this.at(path, zxid) !== undefined) throw new Violation('OneHistory', `${path} is created where it exists`);
    const znode = this.znode(path);
    const zxids = { zxid, czxid: zxid, mzxid: zxid };
    znode.versions.push({ ...zxids, data: textOf(data), version: 0, ephemeralOwner, mtimeMs, ttlMs });
    this.changed(path, { zxid, type: EventType.nodeCreated });
    const [parent, name] = split(path);
    this.znode(parent).children.set(name, zxid);
    this.childrenChanged(parent, zxid);
    if (ephemeralOwner === 0n) return;
    if (this.sessions.get(ephemeralOwner)?.closedZxid !== undefined)
      throw new Violation('SessionIsServedAlive', `${path} is created in a session that has ended`);
    const owned = this.ephemerals.get(ephemeralOwner);
    if (owned === undefined) this.ephemerals.set(ephemeralOwner, new Set([path]));
    else owned.add(path);
  }

  private delete(path: string, zxid: bigint): void {
    const old = this.at(path, zxid);
    if (old === undefined) throw new Violation('OneHistory', `${path} is deleted and does not exist`);
    const znode = this.znode(path);
    znode.versions.push({ ...old, zxid, data: undefined });
    const deleted = { zxid, type: EventType.nodeDeleted };
    this.changed(path, deleted);
    znode.childChanges.push(deleted);
    this.childrenChanged(split(path)[0], zxid);
    this.ephemerals.get(old.ephemeralOwner)?.delete(path);
  }

  private setData(path: string, data: string, version: number, { zxid, timeMs }: TxnMoment): void {
    const old = this.at(path, zxid);
    if (old === undefined) throw new Violation('OneHistory', `${path} is written and does not exist`);
    if (old.version + 1 !== version)
      throw new Violation('OneHistory', `${path} gets version ${version} after ${old.version}`);
    this.znode(path).versions.push({ ...old, zxid, data, version, mzxid: zxid, mtimeMs: timeMs });
    this.changed(path, { zxid, type: EventType.nodeDataChanged });
  }

  private reconfigure(data: string, { zxid, timeMs }: TxnMoment): void {
    const { versions } = this.znode(CONFIG_PATH);
    versions.push({ ...versions.at(-1)!, zxid, data, mzxid: zxid, mtimeMs: timeMs });
    this.changed(CONFIG_PATH, { zxid, type: EventType.nodeDataChanged });
  }

  /** The server removes it by itself. @throws Violation when it may not */
  private checkDue(path: string, { zxid, timeMs }: TxnMoment): void {
    const znode = this.at(path, zxid);
    if (znode?.ttlMs === undefined)
      throw new Violation('NoEarlyRemoval', `${path} is neither a container nor a TTL znode`);
    const ageMs = timeMs - znode.mtimeMs;
    // Clocks of leaders jump, and a container has no age.
    if (znode.ttlMs > 0 && ageMs < znode.ttlMs)
      throw new Violation(
        'NoEarlyRemoval',
        `${path} is removed ${ageMs} ms after it was written, and lives ${znode.ttlMs} ms`,
      );
    if (!this.isUnused(path)) throw new Violation('NoEarlyRemoval', `${path} has children, or never had any`);
  }

  /** Whether it has no children; a container must have had some. */
  private isUnused(path: string): boolean {
    const { versions, children } = this.znodes.get(path)!;
    const { ttlMs, czxid } = versions.at(-1)!;
    const isUsed = ttlMs !== 0 || [...children.values()].some((zxid) => zxid >= czxid);
    return isUsed && this.childrenAt(path, LAST_ZXID).length === 0;
  }

  private changed(path: string, change: Change): void {
    this.znode(path).changes.push(change);
    this.changes.push({ ...change, path });
  }

  private childrenChanged(path: string, zxid: bigint): void {
    const change = { zxid, type: EventType.nodeChildrenChanged };
    this.znode(path).childChanges.push(change);
    this.changes.push({ ...change, path });
  }

  private znode(path: string): Znode {
    const known = this.znodes.get(path);
    if (known !== undefined) return known;
    const znode: Znode = { versions: [], changes: [], childChanges: [], children: new Map() };
    this.znodes.set(path, znode);
    return znode;
  }
}

/** Whether a transaction ends a session. */
export function isSessionEnd({ type }: KnownTxn): boolean {
  return type === OpCode.closeSession;
}

function textOf(data: Uint8Array | null): string {
  return data === null ? '' : utf8Text(data, 0, data.length);
}

/** A path as its parent and its name. */
export function split(path: string): readonly [parent: string, name: string] {
  const at = path.lastIndexOf('/');
  return [at === 0 ? '/' : path.slice(0, at), path.slice(at + 1)];
}
