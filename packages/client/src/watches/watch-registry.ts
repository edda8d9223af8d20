import type { ClientLogger } from '../options.js';
import { type RecordReader, readWatcherEvent } from '@zk/jute';
import type { Zxid } from '@zk/model';
import { Request } from '../machine/request.js';
import { setWatches2Kind, setWatchesKind } from '../wire/kinds.js';
import { eventTypeOf } from './events.js';
import { OneShotWatches } from './one-shot-watches.js';
import type { PersistentWatch } from './persistent-watch.js';
import { PersistentWatches, isUnsupported } from './persistent-watches.js';
import { type WatchPacket, watchPackets } from './watch-packets.js';
import type { WatchPort } from './watch-port.js';

/**
 * All watches of a client: where events go, and what must be set again on a new connection. Servers keep watches by
 * connection; to users they belong to the session (one-shot) or to the client (persistent).
 */
export class WatchRegistry {
  readonly oneShot: OneShotWatches;
  readonly persistent: PersistentWatches;
  /** Set again on this connection; their subscribers are told when the state has been. */
  private interrupted: PersistentWatch[] = [];

  constructor(
    private readonly port: WatchPort,
    private readonly logger: ClientLogger,
  ) {
    this.oneShot = new OneShotWatches(port, { covers: (table, path) => this.persistent.covers(table, path) });
    this.persistent = new PersistentWatches(port, this.oneShot, logger);
  }

  get count(): number {
    return this.oneShot.count + this.persistent.count;
  }

  notified(reader: RecordReader, zxid: Zxid): void {
    const { type: code, path } = readWatcherEvent(reader);
    const type = eventTypeOf(code);
    if (type === undefined) {
      this.logger.warn({ type: code, path }, 'a watched event of an unknown type');
      return;
    }
    const event = { type, path, zxid };
    this.oneShot.fire(event);
    this.persistent.fire(event);
  }

  /** Sends what sets everything again, in front of all that waits: nothing that is read from now on can change unseen. */
  established(lastZxid: Zxid): void {
    const persistent = this.persistent.onServers;
    this.interrupted = this.persistent.all.filter((watch) => watch.hasBeenSet);
    const byPath = (isRecursive: boolean): PersistentWatch[] =>
      persistent.filter((watch) => watch.isRecursive === isRecursive);
    for (const watch of persistent) watch.isOnServer = true;
    const packets = watchPackets(this.oneShot.paths, byPath(false), byPath(true));
    for (const packet of packets.reverse()) this.send(packet, lastZxid);
  }

  announced(isSameSession: boolean): void {
    const { interrupted } = this;
    this.interrupted = [];
    for (const watch of interrupted) watch.reset(isSameSession ? 'reconnected' : 'newSession');
  }

  connectionLost(): void {
    this.persistent.connectionLost();
  }

  sessionLost(): void {
    this.persistent.connectionLost();
    this.oneShot.endAll({ type: 'sessionLost' });
  }

  ended(error: Error): void {
    this.oneShot.endAll({ type: 'cancelled' });
    this.persistent.completeAll(error);
  }

  private send(packet: WatchPacket, lastZxid: Zxid): void {
    const isPersistent = packet.persistent.length + packet.recursive.length > 0;
    const request = new Request(isPersistent ? setWatches2Kind : setWatchesKind, '', '');
    request.extra = {
      relativeZxid: lastZxid,
      dataWatches: packet.data,
      existWatches: packet.exist,
      childWatches: packet.children,
      persistentWatches: packet.persistent.map((watch) => watch.path),
      persistentRecursiveWatches: packet.recursive.map((watch) => watch.path),
    };
    request.sizeBytes = packet.sizeBytes;
    request.promise.then(
      () => {
        for (const watch of packet.persistent) watch.wasSet();
        for (const watch of packet.recursive) watch.wasSet();
      },
      (error: unknown) => {
        if (isPersistent && isUnsupported(error)) this.persistent.isUnknownToServer();
        else this.logger.debug({ err: error }, 'watches could not be set again; the next connection tries');
      },
    );
    this.port.submitFirst(request);
  }
}
