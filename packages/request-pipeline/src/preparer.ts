import type { AuthProviders, Clock } from '@zk/contracts';
import {
  type DataTree,
  DigestSum,
  Field,
  type SubmittedAcl,
  ZnodeKind,
  crcOfPathAndData,
  crcOfPathDataChange,
  crcOfWord,
  fixupAcls,
  kindOfOwner,
} from '@zk/data-tree';
import { RecordWriter, equalBytes, utf8Bytes } from '@zk/jute';
import { type Acl, ErrorCode, type Id, Perms, SYSTEM_PATHS } from '@zk/model';
import { AclGuard } from './acl-guard.js';
import { readAclList, writeAclList } from './acl-list.js';
import { type ChangeRecord, clearWords, loadRecord } from './change-record.js';
import { FrameReader } from './frame-reader.js';
import { Overlay } from './overlay.js';
import type { TxnWriter } from './txn-writer.js';
import { WriteRequest } from './write-request.js';

/** What validation may be told to do differently. */
export interface PreparerOptions {
  /** Whether TTL nodes may be created. */
  readonly extendedTypes: boolean;
  /** Whether hard quotas refuse. */
  readonly enforceQuota: boolean;
  /** Disables every permission check. */
  readonly skipAcl: boolean;
  /**
   * The longest transaction that every server can read back from its log. A request may grow: `auth` in an ACL becomes
   * as many entries as the client has ids.
   */
  readonly maxTxnBytes: number;
  /** Whether transactions carry the digest of the tree they lead to. */
  readonly digestEnabled: boolean;
}

/** A request body that cannot be decoded. Not a code of the protocol: no transaction results from it. */
export const UNDECODABLE = 1;

/** Who asks, and when. Refilled for every request. */
export class RequestContext {
  sessionHi = 0;
  sessionLo = 0;
  cxid = 0;
  zxidHi = 0;
  zxidLo = 0;
  wallMs = 0;
  ids: readonly Id[] = [];
}

/** Of a list: how many entries there are. */
const COUNT_BYTES = 4;
/** Permissions and two lengths. */
const MIN_ACL_BYTES = 12;
const OPEN_LIST = new RecordWriter(64).int32(1).int32(Perms.all).ustring('world').ustring('anyone').bytes();

/**
 * The shared part of validation: looking up what a path will be, changing it in the overlay, and predicting the
 * digest. The rules of each operation stand in files of their own (`validate-*.ts`).
 */
export class Preparer {
  readonly reader = new FrameReader();
  /** The operation that was decoded last; its positions are those of {@link reader}'s bytes. */
  readonly request = new WriteRequest();
  readonly overlay = new Overlay();
  readonly digest = new DigestSum();
  readonly guard: AclGuard;
  readonly context = new RequestContext();

  /** The final list of the last {@link aclFixup}: encoded, and decoded unless it is the open list. */
  aclBytes: Uint8Array = OPEN_LIST;
  aclStart = 0;
  aclEnd = 0;
  aclEntries: readonly Acl[] | null = null;
  aclWorldPerms = 0;

  private readonly aclWriter = new RecordWriter(256);

  constructor(
    readonly tree: DataTree,
    readonly writer: TxnWriter,
    readonly providers: AuthProviders,
    readonly clock: Clock,
    readonly options: PreparerOptions,
  ) {
    this.guard = new AclGuard(tree, providers, options.skipAcl);
  }

  /**
   * The record of a path as it will be, present or absent. It belongs to the overlay only once it was touched: give
   * it to {@link Overlay.discardUnchanged} when the operation is over.
   */
  obtain(path: Uint8Array, start: number, end: number): ChangeRecord {
    if (end - start === 1 && path[start] === 0x2f) end = start;
    const hash = this.tree.hashPath(path, start, end);
    const known = this.overlay.find(hash, path, start, end);
    if (known !== null) return known;
    const record = this.overlay.add(hash, path, start, end);
    loadRecord(record, this.tree, this.tree.findHashed(hash, path, start, end));
    record.isCounted = this.options.digestEnabled && !isHidden(record);
    return record;
  }

  /** Turns a submitted ACL list into the one to store (spec: server semantics, section 12.2). */
  aclFixup(bytes: Uint8Array, start: number, end: number): number {
    if (isOpenList(bytes, start, end)) {
      this.aclBytes = OPEN_LIST;
      this.aclStart = 0;
      this.aclEnd = OPEN_LIST.length;
      this.aclEntries = null;
      this.aclWorldPerms = Perms.all;
      return ErrorCode.OK;
    }
    const submitted = readAclList(bytes, start, end);
    // As in Apache ZooKeeper, which looks at the id of this one scheme before it knows that there is one.
    if (submitted?.some(({ scheme, id }) => scheme === 'world' && id === null)) return ErrorCode.MARSHALLINGERROR;
    if (this.growsTooLong(submitted)) return ErrorCode.MARSHALLINGERROR;
    const final = fixupAcls(submitted, this.context.ids, this.providers);
    if (final === undefined) return ErrorCode.INVALIDACL;
    // Text that is no text is stored as what it was taken for.
    if (final === submitted && isAscii(bytes, start + COUNT_BYTES, end)) {
      this.aclBytes = bytes;
      this.aclStart = start;
      this.aclEnd = end;
    } else {
      this.aclWriter.reset();
      writeAclList(this.aclWriter, final);
      this.aclBytes = this.aclWriter.bytes();
      this.aclStart = 0;
      this.aclEnd = this.aclWriter.length;
    }
    this.aclEntries = final;
    this.aclWorldPerms = 0;
    for (const entry of final) {
      if (entry.scheme === 'world' && entry.id === 'anyone') this.aclWorldPerms |= entry.perms;
    }
    return ErrorCode.OK;
  }

  /**
   * Whether entries that stand for whoever asks would become more than any transaction holds: thousands of them times
   * thousands of ids are not to be multiplied first and counted afterwards.
   */
  private growsTooLong(submitted: readonly SubmittedAcl[] | null): boolean {
    const idCount = this.context.ids.length;
    if (submitted === null || submitted.length * idCount * MIN_ACL_BYTES <= this.options.maxTxnBytes) return false;
    let expanding = 0;
    for (const { scheme } of submitted) if (scheme === 'auth') expanding++;
    return expanding * idCount * MIN_ACL_BYTES > this.options.maxTxnBytes;
  }

  /** Notes the fixed-up list in a record. */
  assignAcl(record: ChangeRecord): void {
    record.aclKey = -1;
    record.aclEntries = this.aclEntries;
    record.aclWorldPerms = this.aclWorldPerms;
  }

  /** Starts again from a known digest. */
  setDigest(hi: number, lo: number): void {
    this.digest.hi = hi;
    this.digest.lo = lo;
  }

  /** Takes a record's share out of the digest: it is about to change or to go. */
  uncount(record: ChangeRecord): void {
    if (record.isCounted && record.exists) this.digest.subtract(record.words[Field.crc]!);
  }

  /** Puts a record's share into the digest after it changed: the last step of a change. */
  count(record: ChangeRecord): void {
    if (!record.isCounted) return;
    const { words } = record;
    const crc = words[Field.crc]!;
    this.digest.add(crc);
    this.overlay.log.setCrcs(crc, words[Field.crcPathData]!);
  }

  /** Changes a word of the Stat, and the record's share in the digest by what that makes of it. */
  change(record: ChangeRecord, field: number, value: number): void {
    const { words } = record;
    const difference = words[field]! ^ value;
    if (difference === 0) return;
    words[field] = value;
    if (record.isCounted) words[Field.crc]! ^= crcOfWord(field, difference);
  }

  /** Changes two words: a zxid, or a time. `field` is that of the upper one. */
  change64(record: ChangeRecord, field: number, hi: number, lo: number): void {
    this.change(record, field, hi);
    this.change(record, field + 1, lo);
  }

  /** Notes new data in a record: its length, and what it makes of the digest. Null data is an empty range. */
  assignData(record: ChangeRecord, data: Uint8Array, start: number, end: number): void {
    record.dataLength = end - start;
    if (!record.isCounted) return;
    const crc = crcOfPathAndData(record.path, 0, record.pathLength, data, start, end);
    const { words } = record;
    words[Field.crc]! ^= crcOfPathDataChange(words[Field.crcPathData]! ^ crc);
    words[Field.crcPathData] = crc;
  }

  /** The data of a znode is set, to what {@link assignData} takes. */
  dataWritten(record: ChangeRecord, version: number, data: Uint8Array, start: number, end: number): void {
    const { zxidHi, zxidLo, wallMs } = this.context;
    this.overlay.touch(record);
    this.uncount(record);
    this.change(record, Field.version, version);
    this.change64(record, Field.mzxidHi, zxidHi, zxidLo);
    this.change64(record, Field.mtimeHi, Math.floor(wallMs / 0x1_0000_0000), wallMs | 0);
    this.assignData(record, data, start, end);
    this.count(record);
  }

  /** A child was removed: the parent's count and pzxid (which only moves up). */
  childRemoved(parent: ChangeRecord): void {
    const { zxidHi, zxidLo } = this.context;
    this.overlay.touch(parent);
    this.uncount(parent);
    parent.childCount--;
    this.change64(parent, Field.pzxidHi, zxidHi, zxidLo);
    this.count(parent);
  }

  /** The record is removed; its parent must have been told. */
  removed(record: ChangeRecord): void {
    this.overlay.touch(record);
    this.uncount(record);
    record.exists = false;
    clearWords(record.words);
    record.aclKey = -1;
    record.aclEntries = null;
    record.aclWorldPerms = 0;
    record.dataLength = record.childCount = 0;
  }

  isEphemeral(record: ChangeRecord): boolean {
    const { words } = record;
    return (
      kindOfOwner(words[Field.ownerHi]!, words[Field.ownerLo]!, this.options.extendedTypes) === ZnodeKind.ephemeral
    );
  }
}

/** Where the text before the last slash ends; -1 when the path has no slash, or holds a NUL. */
export function parentEnd(path: Uint8Array, start: number, end: number): number {
  let slash = -1;
  for (let i = start; i < end; i++) {
    const byte = path[i]!;
    if (byte === 0x2f) slash = i;
    else if (byte === 0) return -1;
  }
  return slash;
}

/** The version after a change, or undefined when the expected one does not match. */
export function nextVersion(current: number, expected: number): number | undefined {
  return expected === -1 || expected === current ? (current + 1) | 0 : undefined;
}

const undeletable = Object.values(SYSTEM_PATHS).map(utf8Bytes);

export function isUndeletable(path: Uint8Array, start: number, end: number): boolean {
  return undeletable.some((fixed) => equalBytes(fixed, 0, fixed.length, path, start, end));
}

const ZOOKEEPER_PREFIX = utf8Bytes('/zookeeper/');

/** Znodes below /zookeeper do not count in the digest. */
function isHidden(record: ChangeRecord): boolean {
  if (record.pathLength < ZOOKEEPER_PREFIX.length || record.path[1] !== 0x7a) return false;
  for (let i = 0; i < ZOOKEEPER_PREFIX.length; i++) if (record.path[i] !== ZOOKEEPER_PREFIX[i]) return false;
  return true;
}

function isOpenList(bytes: Uint8Array, start: number, end: number): boolean {
  return equalBytes(OPEN_LIST, 0, OPEN_LIST.length, bytes, start, end);
}

function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i]! >= 0x80) return false;
  return true;
}
