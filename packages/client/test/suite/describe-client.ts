import type { Transport } from '@zk/contracts';
import type { ClientOptions, ZooKeeperClient } from '@zk/client';
import { createClient } from '@zk/client';
import { describeChanges } from './changes.js';
import { describeConnecting } from './connecting.js';
import { describeMultis } from './multis.js';
import { describeReads } from './reads.js';
import { describeWatches } from './watches.js';

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

let serial = 0;

/**
 * What a client does, on any service: needs no faults, no special configuration and no clean tree. Run by the specs
 * against servers of this workspace, and by the interoperability run against others.
 */
export function describeClient(name: string, target: SuiteTarget): void {
  describe(`client: ${name}`, () => {
    const open: ZooKeeperClient[] = [];
    let chroot = '';
    const create = (path: string, options: ClientOptions): ZooKeeperClient => {
      const transport = target.transport?.();
      const client = createClient(target.connectionString() + path, {
        ...(transport !== undefined && { transport }),
        ...options,
      });
      open.push(client);
      return client;
    };
    const suite: Suite = {
      target,
      get chroot() {
        return chroot;
      },
      async client(options = {}) {
        chroot = `/suite-${process.pid}-${Date.now()}-${++serial}`;
        const root = create('', {});
        await root.create(chroot);
        return suite.another(options);
      },
      async another(options = {}) {
        const client = create(chroot, options);
        await client.connected();
        return client;
      },
    };

    afterEach(async () => {
      const [root] = open;
      if (root !== undefined && chroot !== '') {
        await root.delete(chroot, { recursive: true, ifMissing: 'ignore' });
      }
      await Promise.all(open.splice(0).map((client) => client.close()));
      chroot = '';
    });

    describeConnecting(suite);
    describeReads(suite);
    describeChanges(suite);
    describeMultis(suite);
    describeWatches(suite);
  });
}
