import type { DataTree, WatchTable } from '@zk/data-tree';
import { writeInt32 } from '@zk/jute';
import { AddWatchMode, ErrorCode, EventType, OpCode, compare64 } from '@zk/model';
import type { Client } from './client.js';
import { writeEvent } from './events.js';
import type { FrameReader } from './frame-reader.js';

/** What a list of setWatches does with one of its paths. */
type SetOne = (node: number, start: number, end: number) => void;

/**
 * Requests about watches themselves: setWatches, setWatches2, addWatch, removeWatches, checkWatches (spec: client
 * protocol, sections 11 and 12). No path is validated and no permission checked; events are filtered at delivery.
 */
export class WatchRequests {
  constructor(
    private readonly tree: DataTree,
    private readonly watches: WatchTable,
    private readonly reader: FrameReader,
  ) {}

  answer(client: Client, xid: number, type: number): number {
    switch (type) {
      case OpCode.addWatch:
        return this.addWatch(client, xid);
      case OpCode.setWatches:
      case OpCode.setWatches2:
        return this.setWatches(client, xid, type);
      default:
        return this.selectWatches(client, xid, type);
    }
  }

  private reply(client: Client, xid: number, bodyBytes: number): number {
    return client.outbox.beginReply(xid, this.tree.lastZxidHi, this.tree.lastZxidLo, ErrorCode.OK, bodyBytes);
  }

  private addWatch(client: Client, xid: number): number {
    const { reader } = this;
    reader.range();
    const { bytes, start, end, isNull } = reader;
    const mode = reader.int32();
    const isKnownMode = mode === AddWatchMode.persistent || mode === AddWatchMode.persistentRecursive;
    if (reader.failed || !isKnownMode) return ErrorCode.MARSHALLINGERROR;
    // A null path is accepted, as in Apache ZooKeeper; nothing ever happens to it.
    if (!isNull) this.registerPersistent(client, mode, bytes, start, end);
    const at = this.reply(client, xid, 4);
    writeInt32(client.outbox.bytes, at, ErrorCode.OK);
    return ErrorCode.OK;
  }

  private registerPersistent(client: Client, mode: number, bytes: Uint8Array, start: number, end: number): void {
    const { watches } = this;
    if (mode === AddWatchMode.persistent) watches.addPersistent(client.watcher, bytes, start, end);
    else watches.addRecursive(client.watcher, bytes, start, end);
  }

  private selectWatches(client: Client, xid: number, type: number): number {
    const { reader, watches } = this;
    reader.range();
    const { bytes, start, end, isNull } = reader;
    const kind = reader.int32();
    if (reader.failed || kind < 1 || kind > 5) return ErrorCode.MARSHALLINGERROR;
    // As in Apache ZooKeeper, a null path is one that nobody watches.
    if (isNull) return ErrorCode.NOWATCHER;
    const isThere =
      type === OpCode.checkWatches
        ? watches.check(client.watcher, bytes, start, end, kind)
        : watches.remove(client.watcher, bytes, start, end, kind);
    if (!isThere) return ErrorCode.NOWATCHER;
    this.reply(client, xid, 0);
    return ErrorCode.OK;
  }

  /**
   * Every list is decoded before the first watch is set. A null among them ends the request where it stands, as in Apache
   * ZooKeeper: what came before it is done.
   */
  private setWatches(client: Client, xid: number, type: number): number {
    const { reader } = this;
    const hasPersistent = type === OpCode.setWatches2;
    const relativeHi = reader.int32();
    const relativeLo = reader.int32();
    const lists = reader.at;
    for (let i = hasPersistent ? 5 : 3; i > 0; i--) this.skipPaths();
    if (reader.failed) return ErrorCode.MARSHALLINGERROR;
    reader.at = lists;
    const isDone =
      this.forEachPath((node, start, end) => this.setData(client, node, start, end, relativeHi, relativeLo)) &&
      this.forEachPath((node, start, end) => this.setExists(client, node, start, end)) &&
      this.forEachPath((node, start, end) => this.setChild(client, node, start, end, relativeHi, relativeLo)) &&
      (!hasPersistent || this.setPersistent(client));
    if (!isDone) return ErrorCode.MARSHALLINGERROR;
    this.reply(client, xid, 0);
    return ErrorCode.OK;
  }

  /** A null path among them is accepted, as by addWatch. */
  private setPersistent({ watcher }: Client): boolean {
    const { reader, watches } = this;
    return (
      this.forEachPath((_, start, end) => watches.addPersistent(watcher, reader.bytes, start, end), true) &&
      this.forEachPath((_, start, end) => watches.addRecursive(watcher, reader.bytes, start, end), true)
    );
  }

  private skipPaths(): void {
    const { reader } = this;
    const count = reader.int32();
    for (let i = 0; i < count && !reader.failed; i++) reader.range();
  }

  /** Reads one vector of paths; false when it is null, or at a null path unless those are passed over. */
  private forEachPath(visit: SetOne, passesOverNull = false): boolean {
    const { reader, tree } = this;
    const count = reader.int32();
    for (let i = 0; i < count; i++) {
      reader.range();
      const { start, end, isNull } = reader;
      if (!isNull) visit(tree.find(reader.bytes, start, end), start, end);
      else if (!passesOverNull) return false;
    }
    return count !== -1;
  }

  private setData(client: Client, node: number, start: number, end: number, hi: number, lo: number): void {
    const { tree } = this;
    if (node < 0) this.fire(client, EventType.nodeDeleted, start, end);
    else if (compare64(tree.mzxidHi(node), tree.mzxidLo(node), hi, lo) > 0) {
      this.fire(client, EventType.nodeDataChanged, start, end);
    } else this.watches.addData(client.watcher, node, this.reader.bytes, start, end);
  }

  private setExists(client: Client, node: number, start: number, end: number): void {
    if (node >= 0) this.fire(client, EventType.nodeCreated, start, end);
    else this.watches.addData(client.watcher, node, this.reader.bytes, start, end);
  }

  private setChild(client: Client, node: number, start: number, end: number, hi: number, lo: number): void {
    const { tree } = this;
    if (node < 0) this.fire(client, EventType.nodeDeleted, start, end);
    else if (compare64(tree.pzxidHi(node), tree.pzxidLo(node), hi, lo) > 0) {
      this.fire(client, EventType.nodeChildrenChanged, start, end);
    } else this.watches.addChild(client.watcher, node, this.reader.bytes, start, end);
  }

  /** Such an event has no transaction, hence no zxid. */
  private fire(client: Client, eventType: number, start: number, end: number): void {
    writeEvent(client.outbox, eventType, this.reader.bytes, start, end, -1, -1);
  }
}
