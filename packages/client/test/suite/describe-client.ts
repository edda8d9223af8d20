import type { ClientOptions, ZooKeeperClient } from '@zk/client';
import { createClient } from '@zk/client';
import { describeChanges } from './changes.js';
import { describeConnecting } from './connecting.js';
import { describeMultis } from './multis.js';
import { describeReads } from './reads.js';
import type { Suite, SuiteTarget } from './suite.js';
import { describeWatches } from './watches.js';

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
