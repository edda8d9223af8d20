import type { ClientOptions, ZooKeeperClient } from '@zk/client';
import type { Transport } from '@zk/contracts';

/**
 * What not every service has: `ttl` unless configured; `whoAmI` from 3.7 on; `multiStat`, the Stat of a create in a multi,
 * from 3.9 on; `multiRead`, `counting` (ephemerals, descendants) and `persistentWatches` from 3.6 on.
 */
export type Feature = 'ttl' | 'whoAmI' | 'multiStat' | 'multiRead' | 'counting' | 'persistentWatches';

/** The service that the suite is to be run against: any server from 3.5 on. */
export interface SuiteTarget {
  /** Without a chroot; asked for when the tests run. */
  connectionString(): string;
  /** Default: TCP. */
  readonly transport?: () => Transport;
  /** What the service cannot do. */
  readonly lacks?: readonly Feature[];
}

/** What every part of the suite works with. */
export interface Suite {
  readonly target: SuiteTarget;
  /** A client below a chroot that only this test uses; closed behind it. */
  client(options?: ClientOptions): Promise<ZooKeeperClient>;
  /** Another one, with the same chroot. */
  another(options?: ClientOptions): Promise<ZooKeeperClient>;
  /** Below which chroot the test works. */
  readonly chroot: string;
}
