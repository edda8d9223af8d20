/**
 * Quotas (spec: server semantics, section 7). For a path P, `/zookeeper/quota/P/zookeeper_limits` says what is allowed
 * and `/zookeeper/quota/P/zookeeper_stats` what is used. Every server keeps the second by itself as transactions are
 * applied: its data changes in place, without a transaction, a Stat or a watched event.
 *
 * Only the deepest path with limits above a znode is charged. While no znode has limits, all this costs one test of a
 * flag per transaction.
 */
import { ErrorCode } from '@zk/model';
import { equalBytes, utf8Bytes, utf8Text } from '@zk/jute';
import { Flag } from './znodes/fields.js';
import type { ZnodeStore } from './znodes/znode-store.js';

const QUOTA_ROOT = utf8Bytes('/zookeeper/quota');
const LIMITS_NAME = utf8Bytes('zookeeper_limits');
const STATS_NAME = utf8Bytes('zookeeper_stats');
const SLASH = 0x2f;

const COUNT_LABEL = utf8Bytes('count=');
const BYTES_LABEL = utf8Bytes(',bytes=');
/** Two labels and two numbers of up to 20 characters. */
const MAX_STATS_BYTES = 64;

/** What a limit or a usage of -1, or one that is not there, means. */
const NONE = -1;

interface Quota {
  readonly path: Uint8Array;
  readonly hash: number;
  /** Znode ids; -1 when there is no such znode. */
  limits: number;
  stats: number;
  softCount: number;
  hardCount: number;
  softBytes: number;
  hardBytes: number;
  usedCount: number;
  usedBytes: number;
  /** What the stats znode says behind count and bytes. */
  suffix: Uint8Array;
  /** The next quota with the same hash. */
  next: Quota | undefined;
}

/** A limit that was passed: a hard one refuses, a soft one only warns. */
export interface LimitExceeded {
  readonly path: string;
  readonly what: 'count' | 'bytes';
  readonly value: number;
  readonly limit: number;
}

/** Numbers by key, as in `count=10,bytes=-1=;countHardLimit=20`; anything that is no number is -1. */
export function parseQuota(text: string): Map<string, number> {
  const values = new Map<string, number>();
  for (const pair of text.split(/[,;]+/)) {
    const [key = '', value = ''] = pair.split('=');
    if (key !== '') values.set(key, /^[+-]?\d{1,19}$/.test(value) ? Number(value) : NONE);
  }
  return values;
}

export class Quotas {
  /** Whether any path has limits. */
  isActive = false;
  /** Called by {@link check}. */
  onSoftLimitExceeded: ((event: LimitExceeded) => void) | undefined;
  onHardLimitExceeded: ((event: LimitExceeded) => void) | undefined;
  private readonly byHash = new Map<number, Quota>();
  private readonly text = new Uint8Array(MAX_STATS_BYTES);

  constructor(
    private readonly tree: ZnodeStore,
    private readonly hashStart: number,
    private readonly multiplier: number,
  ) {}

  /**
   * Whether a change may happen, by what is used now (spec: server semantics, section 7.3); for servers that enforce
   * quotas. `path` is that of the znode that is created or changed.
   * @returns 0 or QUOTAEXCEEDED
   */
  check(path: Uint8Array, start: number, end: number, countDelta: number, bytesDelta: number): number {
    if (!this.isActive) return ErrorCode.OK;
    const quota = this.deepest(path, start, end);
    if (quota === undefined || quota.stats === -1) return ErrorCode.OK;
    if (countDelta !== 0) {
      const { hardCount, softCount, usedCount } = quota;
      if (this.isExceeded(quota, 'count', usedCount + countDelta, hardCount, softCount)) return ErrorCode.QUOTAEXCEEDED;
    }
    if (bytesDelta !== 0) {
      const { hardBytes, softBytes, usedBytes } = quota;
      if (this.isExceeded(quota, 'bytes', usedBytes + bytesDelta, hardBytes, softBytes)) return ErrorCode.QUOTAEXCEEDED;
    }
    return ErrorCode.OK;
  }

  /** Charges a change that has been applied to the deepest path with limits, and writes its stats. @internal */
  account(path: Uint8Array, start: number, end: number, countDelta: number, bytesDelta: number): void {
    const quota = this.deepest(path, start, end);
    if (quota === undefined || quota.stats === -1) return;
    // Written even where nothing is added: a client may have set the stats to something else, as in Apache ZooKeeper.
    quota.usedCount += countDelta;
    quota.usedBytes += bytesDelta;
    this.writeStats(quota);
  }

  /** Finds all quotas and counts afresh what they use: after a snapshot was loaded. @internal */
  recompute(): void {
    this.byHash.clear();
    this.isActive = false;
    const top = this.tree.find(QUOTA_ROOT, 0, QUOTA_ROOT.length);
    if (top === -1) return;
    for (let id = this.tree.following(top, top); id !== -1; id = this.tree.following(id, top)) this.register(id);
    for (const first of this.byHash.values()) {
      for (let quota: Quota | undefined = first; quota !== undefined; quota = quota.next) {
        if (quota.limits !== -1 && quota.stats !== -1) this.countAfresh(quota);
      }
    }
  }

  /** A znode below /zookeeper/ has been put in. @internal */
  systemNodeCreated(id: number): void {
    const quota = this.register(id);
    if (quota !== undefined && quota.stats === id) this.countAfresh(quota);
  }

  /** A znode with the quota flag is about to go. @internal */
  systemNodeDeleted(id: number): void {
    const quota = this.quotaOf(id);
    if (quota === undefined) return;
    if (quota.limits === id) quota.limits = -1;
    if (quota.stats === id) quota.stats = -1;
    if (quota.limits === -1 && quota.stats === -1) this.forget(quota);
    this.isActive = this.hasLimits();
  }

  /** The data of a znode with the quota flag was set by a transaction. @internal */
  systemNodeChanged(id: number): void {
    const quota = this.quotaOf(id);
    if (quota === undefined) return;
    if (quota.limits === id) this.readLimits(quota);
    if (quota.stats === id) this.readStats(quota);
  }

  private isExceeded(quota: Quota, what: 'count' | 'bytes', value: number, hard: number, soft: number): boolean {
    const limit = hard > NONE ? hard : soft;
    if (limit <= NONE || value <= limit) return false;
    const isRefused = hard > NONE;
    const notify = isRefused ? this.onHardLimitExceeded : this.onSoftLimitExceeded;
    notify?.({ path: utf8Text(quota.path), what, value, limit });
    return isRefused;
  }

  private deepest(path: Uint8Array, start: number, end: number): Quota | undefined {
    let found: Quota | undefined;
    let hash = this.hashStart;
    for (let i = start; ; i++) {
      if (i === end || (path[i] === SLASH && i > start)) {
        let quota = this.byHash.get(hash);
        while (quota !== undefined && !equalBytes(quota.path, 0, quota.path.length, path, start, i)) quota = quota.next;
        if (quota !== undefined && quota.limits !== -1) found = quota;
        if (i === end) return found;
      }
      hash = Math.imul(hash ^ path[i]!, this.multiplier);
    }
  }

  /** Enters a limits or stats znode; undefined for any other. */
  private register(id: number): Quota | undefined {
    const isLimits = this.hasName(id, LIMITS_NAME);
    if (!isLimits && !this.hasName(id, STATS_NAME)) return undefined;
    const path = this.quotaPath(id);
    if (path === undefined) return undefined;
    const quota = this.lookUp(path) ?? this.enter(path);
    this.tree.setFlag(id, Flag.quota);
    if (isLimits) {
      quota.limits = id;
      this.readLimits(quota);
      this.isActive = true;
    } else {
      quota.stats = id;
      this.readStats(quota);
    }
    return quota;
  }

  private quotaOf(id: number): Quota | undefined {
    const path = this.quotaPath(id);
    return path && this.lookUp(path);
  }

  /** What `/zookeeper/quota/P/<name>` is about: P with its slash; undefined elsewhere, and for the root. */
  private quotaPath(id: number): Uint8Array | undefined {
    const parent = this.tree.parent(id);
    const full = new Uint8Array(this.tree.pathLength(parent));
    this.tree.copyPath(parent, full, 0);
    const length = QUOTA_ROOT.length;
    if (full.length <= length || full[length] !== SLASH || !equalBytes(full, 0, length, QUOTA_ROOT, 0, length)) {
      return undefined;
    }
    return full.subarray(length);
  }

  private lookUp(path: Uint8Array): Quota | undefined {
    let quota = this.byHash.get(this.tree.hashPath(path, 0, path.length));
    while (quota !== undefined && !equalBytes(quota.path, 0, quota.path.length, path, 0, path.length))
      quota = quota.next;
    return quota;
  }

  private enter(path: Uint8Array): Quota {
    const hash = this.tree.hashPath(path, 0, path.length);
    const limits = { softCount: NONE, hardCount: NONE, softBytes: NONE, hardBytes: NONE };
    const next = this.byHash.get(hash);
    const suffix = new Uint8Array(0);
    const quota: Quota = { path, hash, limits: -1, stats: -1, ...limits, usedCount: 0, usedBytes: 0, suffix, next };
    this.byHash.set(hash, quota);
    return quota;
  }

  private forget(quota: Quota): void {
    const first = this.byHash.get(quota.hash);
    if (first !== quota) {
      for (let q = first; q !== undefined; q = q.next) if (q.next === quota) q.next = quota.next;
    } else if (quota.next === undefined) this.byHash.delete(quota.hash);
    else this.byHash.set(quota.hash, quota.next);
  }

  private hasLimits(): boolean {
    for (const first of this.byHash.values()) {
      for (let quota: Quota | undefined = first; quota !== undefined; quota = quota.next) {
        if (quota.limits !== -1) return true;
      }
    }
    return false;
  }

  private hasName(id: number, name: Uint8Array): boolean {
    if (this.tree.nameLength(id) !== name.length) return false;
    const found = new Uint8Array(name.length);
    this.tree.copyName(id, found, 0);
    return equalBytes(found, 0, found.length, name, 0, name.length);
  }

  private readLimits(quota: Quota): void {
    const values = parseQuota(utf8Text(this.tree.dataBytes(quota.limits) ?? new Uint8Array(0)));
    quota.softCount = values.get('count') ?? NONE;
    quota.softBytes = values.get('bytes') ?? NONE;
    quota.hardCount = values.get('countHardLimit') ?? NONE;
    quota.hardBytes = values.get('byteHardLimit') ?? NONE;
  }

  private readStats(quota: Quota): void {
    const values = parseQuota(utf8Text(this.tree.dataBytes(quota.stats) ?? new Uint8Array(0)));
    quota.usedCount = values.get('count') ?? NONE;
    quota.usedBytes = values.get('bytes') ?? NONE;
    values.delete('count');
    values.delete('bytes');
    const others = [...values].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => `;${key}=${value}`);
    // The sign in front keeps old readers, which split at '=', from taking the rest for a part of the bytes.
    quota.suffix = utf8Bytes(others.length === 0 ? '' : `=${others.join('')}`);
  }

  /** Walks everything below the path: the price of setting a quota, and of starting with one. */
  private countAfresh(quota: Quota): void {
    const { tree } = this;
    const top = tree.find(quota.path, 0, quota.path.length);
    quota.usedCount = 0;
    quota.usedBytes = 0;
    quota.suffix = new Uint8Array(0);
    for (let id = top; id !== -1; id = tree.following(id, top)) {
      quota.usedCount++;
      quota.usedBytes += Math.max(0, tree.dataLength(id));
    }
    this.writeStats(quota);
  }

  private writeStats(quota: Quota): void {
    let text = this.text;
    if (quota.suffix.length > 0) text = new Uint8Array(MAX_STATS_BYTES + quota.suffix.length);
    text.set(COUNT_LABEL, 0);
    let at = writeNumber(quota.usedCount, text, COUNT_LABEL.length);
    text.set(BYTES_LABEL, at);
    at = writeNumber(quota.usedBytes, text, at + BYTES_LABEL.length);
    text.set(quota.suffix, at);
    this.tree.replaceData(quota.stats, text, 0, at + quota.suffix.length);
  }
}

/** Decimal digits of a whole number; returns the position behind them. */
function writeNumber(value: number, out: Uint8Array, start: number): number {
  let at = start;
  let rest = value;
  if (rest < 0) {
    out[at++] = 0x2d;
    rest = -rest;
  }
  let end = at;
  for (let r = rest; end === at || r >= 1; r = Math.floor(r / 10)) end++;
  for (let i = end - 1; i >= at; i--, rest = Math.floor(rest / 10)) out[i] = 0x30 + (rest % 10);
  return end;
}
