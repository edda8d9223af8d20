import type { Clock, Storage } from '@zk/contracts';
import type { ServerOptions } from '../options.js';
import type { ZkServer } from '../zk-server.js';

/** What a four-letter word looks at. */
export interface WordContext {
  readonly server: ZkServer;
  readonly storage: Storage;
  readonly options: ServerOptions;
  readonly clock: Clock;
}
