import type { Clock, HandshakeCounts, Storage } from '@zk/contracts';
import type { SessionId, Zxid } from '@zk/model';
import type { ClientPipeline } from '@zk/request-pipeline';
import type { SessionTracker } from '@zk/session';
import type { Admission } from './admission.js';
import type { ClientConnection } from './client-connection.js';
import type { BoundAddress } from './client-listeners.js';
import type { Database, LoadReport } from './database.js';
import type { EnsembleReplica } from './ensemble-replica.js';
import type { EnsembleView } from './ensemble-view.js';
import type { ServerOptions } from './options.js';
import type { Latencies } from './replica.js';
import type { Snapshotter } from './snapshotter.js';
import type { ServerStats } from './stats.js';

/** A server as whoever reports on it sees it, with the little that can be done from there. */
export interface InspectedServer {
  readonly options: ServerOptions;
  readonly isServing: boolean;
  readonly lastZxid: Zxid;
  readonly stats: ServerStats;
  readonly database: Database;
  readonly loadReport: LoadReport | undefined;
  readonly snapshotter: Snapshotter;
  readonly admission: Admission;
  /** The one that serves, or served last; undefined before the first one does. */
  readonly pipeline: ClientPipeline | undefined;
  /** Of requests so far. */
  readonly latencies: Latencies;
  readonly sessions: SessionTracker;
  readonly connections: ReadonlySet<ClientConnection>;
  /** Everywhere clients connect. */
  readonly addresses: readonly BoundAddress[];
  /** Of clients, as they are now. */
  readonly handshakes: HandshakeCounts;
  /** Its part in its ensemble; undefined for a server on its own. */
  readonly ensemble: EnsembleReplica | undefined;
  /** What `stmk` set; nothing here is traced by it. */
  traceMask: bigint;
  /** The id of the session behind a number of the watch table; 0 when there is none. */
  sessionOfWatcher(watcher: number): SessionId;
  /** As {@link ZkServer.restore}. */
  restore(pieces: AsyncIterable<Uint8Array>): Promise<Zxid>;
}

/** What whoever reports on a server looks at: four-letter words, and other front ends to the same facts. */
export interface Inspection {
  readonly server: InspectedServer;
  readonly storage: Storage;
  readonly options: ServerOptions;
  readonly clock: Clock;
  /** Its part in an ensemble, as it is now; undefined for a server on its own. */
  readonly view: EnsembleView | undefined;
}
