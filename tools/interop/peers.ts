/** What a peer of `npm run interop` is, and what it is given. */
import type { ServerKind } from '../lib/launch.ts';
import type { PeerReport } from './harness.ts';
import type { TestedServer } from './server.ts';

export interface PeerContext {
  readonly report: PeerReport;
  readonly server: TestedServer;
  /** The kind to start, for a peer that starts servers itself. */
  readonly against: ServerKind;
  /** More of the same, for people who have time. */
  readonly isLong: boolean;
  /** Some of each kind, for a run that must be over soon. */
  readonly isQuick: boolean;
}

export interface Peer {
  readonly name: string;
  readonly title: string;
  /** True when the peer starts and restarts the servers it needs. */
  readonly startsItsOwn?: boolean;
  /** Why it cannot be run against an ensemble. */
  readonly notOnEnsembles?: string;
  /** Why a run of all leaves it out: it runs when it is named. */
  readonly onlyByName?: string;
  /** Why no leader may die meanwhile. */
  readonly noFailover?: string;
  /** Installs what is needed and returns the run; throws MissingPeerError when that is impossible here. */
  readonly install: () => Promise<(context: PeerContext) => Promise<void>>;
}
