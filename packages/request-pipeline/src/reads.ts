import type { AuthProviders } from '@zk/contracts';
import type { DataTree, WatchTable } from '@zk/data-tree';
import { RecordWriter, copyBytes, utf8Text, writeInt32 } from '@zk/jute';
import { type Acl, ErrorCode, OpCode, Perms, STAT_BYTES } from '@zk/model';
import { writeAclList } from './acl-list.js';
import type { AclGuard } from './acl-guard.js';
import type { Client } from './client.js';
import type { FrameReader } from './frame-reader.js';
import { MultiRead } from './multi-read.js';
import { WatchRequests } from './watch-requests.js';

/** The type of a request that was refused already and is only answered in its turn; its body is the error code. */
export const REFUSAL = -1000;

/**
 * Requests that change nothing. Each is answered from the tree straight into the client's outbox. A path that is
 * malformed simply does not exist, as in Apache ZooKeeper; a null path cannot be decoded.
 */
export class Reads {
  private readonly watchRequests: WatchRequests;
  private readonly multi: MultiRead;

  constructor(
    private readonly tree: DataTree,
    private readonly watches: WatchTable,
    private readonly guard: AclGuard,
    private readonly providers: AuthProviders,
    private readonly reader: FrameReader,
  ) {
    this.watchRequests = new WatchRequests(tree, watches, reader);
    this.multi = new MultiRead(tree, guard, reader);
  }

  /** Answers the request whose body the reader stands at. */
  answer(client: Client, xid: number, type: number): void {
    const code = this.dispatch(client, xid, type);
    if (code !== ErrorCode.OK) this.refuse(client, xid, code);
  }

  /** An error reply without a body. */
  refuse(client: Client, xid: number, code: number): void {
    client.outbox.beginReply(xid, this.tree.lastZxidHi, this.tree.lastZxidLo, code, 0);
  }

  /** Replies and returns OK, or returns why not. */
  private dispatch(client: Client, xid: number, type: number): number {
    switch (type) {
      case OpCode.getData:
        return this.getData(client, xid);
      case OpCode.exists:
        return this.exists(client, xid);
      case OpCode.getChildren:
      case OpCode.getChildren2:
        return this.getChildren(client, xid, type);
      case OpCode.ping:
        client.outbox.beginReply(-2, this.tree.lastZxidHi, this.tree.lastZxidLo, ErrorCode.OK, 0);
        return ErrorCode.OK;
      case OpCode.sync:
        return this.sync(client, xid);
      case OpCode.getACL:
        return this.getAcl(client, xid);
      case OpCode.getAllChildrenNumber:
        return this.getAllChildrenNumber(client, xid);
      case OpCode.getEphemerals:
        return this.getEphemerals(client, xid);
      case OpCode.multiRead:
        return this.multiRead(client, xid);
      case OpCode.whoAmI:
        return this.whoAmI(client, xid);
      case OpCode.setWatches:
      case OpCode.setWatches2:
      case OpCode.addWatch:
      case OpCode.removeWatches:
      case OpCode.checkWatches:
        return this.watchRequests.answer(client, xid, type);
      case REFUSAL:
        return this.reader.int32();
      default:
        return ErrorCode.MARSHALLINGERROR;
    }
  }

  private begin(client: Client, xid: number, bodyBytes: number): number {
    return client.outbox.beginReply(xid, this.tree.lastZxidHi, this.tree.lastZxidLo, ErrorCode.OK, bodyBytes);
  }

  private getData(client: Client, xid: number): number {
    const { tree, reader } = this;
    reader.range();
    const { start, end, isNull } = reader;
    const watch = reader.boolean();
    if (reader.failed || isNull) return ErrorCode.MARSHALLINGERROR;
    const node = tree.find(reader.bytes, start, end);
    if (node < 0) return ErrorCode.NONODE;
    if (!this.guard.allows(tree.aclKey(node), Perms.read, client.ids)) return ErrorCode.NOAUTH;
    if (watch) this.watches.addData(client.watcher, node, reader.bytes, start, end);
    const length = tree.dataLength(node);
    const dataBytes = length > 0 ? length : 0;
    const at = this.begin(client, xid, 4 + dataBytes + STAT_BYTES);
    const out = client.outbox.bytes;
    writeInt32(out, at, length);
    if (dataBytes > 0) tree.copyData(node, out, at + 4);
    tree.writeStat(node, out, at + 4 + dataBytes);
    return ErrorCode.OK;
  }

  /** The watch is set whether or not there is a znode: on an absent one it waits for its creation. */
  private exists(client: Client, xid: number): number {
    const { tree, reader } = this;
    reader.range();
    const { start, end, isNull } = reader;
    const watch = reader.boolean();
    if (reader.failed || isNull) return ErrorCode.MARSHALLINGERROR;
    const path = reader.bytes;
    for (let i = start; i < end; i++) if (path[i] === 0) return ErrorCode.BADARGUMENTS;
    const node = tree.find(path, start, end);
    if (node >= 0 && !this.guard.allows(tree.aclKey(node), Perms.read, client.ids)) return ErrorCode.NOAUTH;
    if (watch) this.watches.addData(client.watcher, node, path, start, end);
    if (node < 0) return ErrorCode.NONODE;
    const at = this.begin(client, xid, STAT_BYTES);
    tree.writeStat(node, client.outbox.bytes, at);
    return ErrorCode.OK;
  }

  private getChildren(client: Client, xid: number, type: number): number {
    const { tree, reader } = this;
    const withStat = type === OpCode.getChildren2;
    reader.range();
    const { start, end, isNull } = reader;
    const watch = reader.boolean();
    if (reader.failed || isNull) return ErrorCode.MARSHALLINGERROR;
    const node = tree.find(reader.bytes, start, end);
    if (node < 0) return ErrorCode.NONODE;
    if (!this.guard.allows(tree.aclKey(node), Perms.read, client.ids)) return ErrorCode.NOAUTH;
    if (watch) this.watches.addChild(client.watcher, node, reader.bytes, start, end);
    const listBytes = tree.childNamesBytes(node);
    const at = this.begin(client, xid, listBytes + (withStat ? STAT_BYTES : 0));
    tree.writeChildNames(node, client.outbox.bytes, at);
    if (withStat) tree.writeStat(node, client.outbox.bytes, at + listBytes);
    return ErrorCode.OK;
  }

  /** Everything before it on this server is applied by now; the path is echoed and means nothing. */
  private sync(client: Client, xid: number): number {
    const { reader } = this;
    reader.range();
    if (reader.failed) return ErrorCode.MARSHALLINGERROR;
    const { start, end, isNull } = reader;
    const at = this.begin(client, xid, 4 + end - start);
    writeInt32(client.outbox.bytes, at, isNull ? -1 : end - start);
    copyBytes(reader.bytes, start, end, client.outbox.bytes, at + 4);
    return ErrorCode.OK;
  }

  private getAcl(client: Client, xid: number): number {
    const { tree, reader } = this;
    reader.range();
    if (reader.failed || reader.isNull) return ErrorCode.MARSHALLINGERROR;
    const node = tree.find(reader.bytes, reader.start, reader.end);
    if (node < 0) return ErrorCode.NONODE;
    const key = tree.aclKey(node);
    if (!this.guard.allows(key, Perms.read | Perms.admin, client.ids)) return ErrorCode.NOAUTH;
    let encoded = tree.acls.encoded(key);
    if (!this.guard.allows(key, Perms.admin, client.ids)) {
      const masked = new RecordWriter(encoded.length);
      writeAclList(masked, tree.acls.entries(key).map(maskDigest));
      encoded = masked.bytes();
    }
    const at = this.begin(client, xid, encoded.length + STAT_BYTES);
    copyBytes(encoded, 0, encoded.length, client.outbox.bytes, at);
    tree.writeStat(node, client.outbox.bytes, at + encoded.length);
    return ErrorCode.OK;
  }

  private getAllChildrenNumber(client: Client, xid: number): number {
    const { tree, reader } = this;
    reader.range();
    if (reader.failed || reader.isNull) return ErrorCode.MARSHALLINGERROR;
    const node = tree.find(reader.bytes, reader.start, reader.end);
    if (node < 0) return ErrorCode.NONODE;
    if (!this.guard.allows(tree.aclKey(node), Perms.read, client.ids)) return ErrorCode.NOAUTH;
    const at = this.begin(client, xid, 4);
    writeInt32(client.outbox.bytes, at, tree.descendantCount(node));
    return ErrorCode.OK;
  }

  /** Paths of the caller's own ephemerals that begin with a text, not a path: /a/e also finds /a/e2. */
  private getEphemerals(client: Client, xid: number): number {
    const { tree, reader } = this;
    reader.range();
    if (reader.failed) return ErrorCode.MARSHALLINGERROR;
    const { bytes, start, end, isNull } = reader;
    const prefix = isNull || meansEveryPath(bytes, start, end) ? '' : utf8Text(bytes, start, end);
    const { session } = client;
    const found: string[] = [];
    const owned = session === null ? undefined : tree.ephemeralsOf(session.idHi, session.idLo);
    if (owned !== undefined) {
      for (const node of owned) {
        const path = tree.pathOf(node);
        if (path.startsWith(prefix)) found.push(path);
      }
    }
    const writer = new RecordWriter(256);
    writer.int32(found.length);
    for (const path of found) writer.ustring(path);
    this.replyWith(client, xid, writer);
    return ErrorCode.OK;
  }

  private multiRead(client: Client, xid: number): number {
    const bytes = this.multi.measure(client.ids);
    if (bytes < 0) return ErrorCode.MARSHALLINGERROR;
    const at = this.begin(client, xid, bytes);
    this.multi.write(client.ids, client.outbox.bytes, at);
    return ErrorCode.OK;
  }

  private whoAmI(client: Client, xid: number): number {
    const writer = new RecordWriter(128);
    writer.int32(client.ids.length);
    for (const { scheme, id } of client.ids) {
      writer.ustring(scheme).ustring(this.providers.get(scheme)?.userName(id) ?? '');
    }
    this.replyWith(client, xid, writer);
    return ErrorCode.OK;
  }

  private replyWith(client: Client, xid: number, writer: RecordWriter): void {
    const body = writer.bytes();
    const at = this.begin(client, xid, body.length);
    copyBytes(body, 0, body.length, client.outbox.bytes, at);
  }
}

const SLASH = 0x2f;
const SPACE = 0x20;

/** Whether a prefix is blank or the root; blanks are Java's: all up to the space, and none beyond. */
function meansEveryPath(bytes: Uint8Array, start: number, end: number): boolean {
  let from = start;
  let to = end;
  while (from < to && bytes[from]! <= SPACE) from++;
  while (from < to && bytes[to - 1]! <= SPACE) to--;
  return from === to || (to - from === 1 && bytes[from] === SLASH);
}

/** Hides the hash of a digest id from somebody who may read but not administer. */
function maskDigest(entry: Acl): Acl {
  if (entry.scheme !== 'digest') return entry;
  const colon = entry.id.indexOf(':');
  return colon < 0 ? entry : { ...entry, id: `${entry.id.slice(0, colon)}:x` };
}
