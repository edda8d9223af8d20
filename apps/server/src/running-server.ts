import type { Logger } from '@zk/contracts';
import type { BoundAddress } from '@zk/server';
import type { ServerConfig } from './config/server-config.js';

/** A server as the command line sees it. */
export interface RunningServer {
  /** Loads the data and listens. Rejects when either is impossible. */
  start(): Promise<void>;
  /** Answers what is in flight, makes everything durable, closes. */
  stop(): Promise<void>;
  /** Valid once started. */
  readonly clientAddress: BoundAddress;
  /** Everywhere clients connect. */
  readonly addresses: readonly BoundAddress[];
  /** Resolves when the server cannot go on by itself; the process then ends with an error. */
  readonly failed: Promise<Error>;
}

/** Makes a server from its configuration. Nothing is opened before {@link RunningServer.start}. */
export type ComposeServer = (config: ServerConfig, logger: Logger) => Promise<RunningServer>;
