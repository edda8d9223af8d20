import type { Clock, Storage } from '@zk/contracts';
import type { EnsembleView } from '../ensemble-view.js';
import type { ServerOptions } from '../options.js';
import type { ZkServer } from '../zk-server.js';

/** What whoever reports on a server looks at: four-letter words, and other front ends to the same facts. */
export interface Inspection {
  readonly server: ZkServer;
  readonly storage: Storage;
  readonly options: ServerOptions;
  readonly clock: Clock;
  /** Its part in an ensemble, as it is now; undefined for a server on its own. */
  readonly view: EnsembleView | undefined;
}
