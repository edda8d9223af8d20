/** One of many programs that run one after the other as the peer `others`. */
import type { PeerContext } from '../peers.ts';

/** One run against servers, `host:port,…`. */
export type ProgramRun = (context: PeerContext, servers: string) => Promise<void>;

export interface Program {
  /** What it is, with its version. */
  readonly title: string;
  /** Installs what is needed and returns the run; throws MissingPeerError when that is impossible here. */
  readonly install: () => Promise<ProgramRun>;
}
