import type { Zxid } from '@zk/model';
import type { Request } from '../machine/request.js';

/** What watches need of the connection. */
export interface WatchPort {
  readonly isConnected: boolean;
  /** The latest state that a reply has shown. */
  readonly lastZxid: Zxid;
  /** Sends a request behind all others. */
  submit(request: Request): void;
  /** Sends one in front of all others; while a connection is being established only. */
  submitFirst(request: Request): void;
}
