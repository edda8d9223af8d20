/** The peers that `npm run interop` knows. */
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
import { java } from './java.ts';
import { kafka } from './kafka.ts';
import { kazoo } from './kazoo.ts';
import { metrics } from './metrics.ts';
import { migration } from './migration.ts';
import { mixed } from './mixed.ts';
import { node } from './node.ts';
import { observers } from './observers.ts';
import { oracle } from './oracle.ts';
import { others } from './others.ts';
import type { Peer } from './peers.ts';
import { recipes } from './recipes.ts';
import { secured } from './secured.ts';
import { tls } from './tls.ts';

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
  oracle,
  addresses,
  secured,
  migration,
  metrics,
  audit,
  kafka,
  others,
};
