/** The peers that `npm run interop` knows, each with how to install it and how to run it. */
import type { ServerKind } from '../lib/launch.ts';
import { addresses } from './addresses.ts';
import { admin } from './admin.ts';
import { audit } from './audit.ts';
import { c } from './c.ts';
import { cli } from './cli.ts';
import { client } from './client.ts';
import { curator } from './curator.ts';
import { disk } from './disk.ts';
import { ensemble } from './ensemble.ts';
import { go } from './go.ts';
import type { PeerReport } from './harness.ts';
import { java } from './java.ts';
import { kafka } from './kafka.ts';
import { kazoo } from './kazoo.ts';
import { metrics } from './metrics.ts';
import { migration } from './migration.ts';
import { mixed } from './mixed.ts';
import { node } from './node.ts';
import { observers } from './observers.ts';
import { others } from './others.ts';
import { recipes } from './recipes.ts';
import { secured } from './secured.ts';
import type { TestedServer } from './server.ts';
import { tls } from './tls.ts';

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

export const PEERS: Readonly<Record<string, Peer>> = {
  java,
  curator,
  kazoo,
  go,
  c,
  node,
  recipes,
  disk,
  client,
  tls,
  admin,
  cli,
  ensemble,
  mixed,
  observers,
  addresses,
  secured,
  migration,
  metrics,
  audit,
  kafka,
  others,
};
