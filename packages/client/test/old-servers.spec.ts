import type { WatchItem } from '@zk/client';
import { createTestServer, type TestServer } from '@zk/testing';
import { makeClient, noLookUp } from '../src/create-client.js';
import type { ZooKeeperClient } from '../src/zookeeper-client.js';
import { OldServerTransport } from './old-server-transport.js';

/** Servers before 3.6 have no persistent watches; one-shot watches stand in. */

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

function shapes(items: readonly WatchItem[]): string[] {
  return items.map((item) => (item.type === 'reset' ? `reset ${item.reason}` : `${item.type} ${item.path}`));
}

describe('on a server before 3.6', () => {
  let server: TestServer;
  let transport: OldServerTransport;
  let client: ZooKeeperClient;
  let other: ZooKeeperClient;

  beforeEach(async () => {
    server = await createTestServer({ clock: 'virtual' });
    transport = new OldServerTransport(server.transport);
    const start = async (): Promise<ZooKeeperClient> => {
      const options = { transport, runtime: server.runtime, sessionTimeout: '9s' } as const;
      const made = makeClient(server.connectionString, options, {
        createTransport: () => transport,
        resolve: noLookUp,
      });
      await server.time!.during(made.connected());
      return made;
    };
    client = await start();
    other = await start();
  });

  afterEach(async () => {
    await server.time!.during(Promise.all([client.close(), other.close()]));
    await server.close();
  });

  const settle = (): Promise<void> => server.time!.settle();

  async function watch(path: string, recursive: boolean): Promise<WatchItem[]> {
    const items: WatchItem[] = [];
    await server.time!.during(client.watch(path, { recursive }).start((item) => items.push(item)));
    return items;
  }

  it('a watch on one znode tells what happens to it', async () => {
    const items = await watch('/a', false);
    expect(transport.refusals).toBe(1);
    const steps = [
      () => other.create('/a'),
      () => other.set('/a', text('1')),
      () => other.create('/a/b'),
      () => other.set('/a/b', text('1')),
      () => other.delete('/a/b'),
      () => other.delete('/a'),
      () => other.create('/a'),
    ];
    for (const step of steps) {
      await step();
      await settle();
    }
    expect(shapes(items)).toEqual([
      'created /a',
      'dataChanged /a',
      'childrenChanged /a',
      'childrenChanged /a',
      'deleted /a',
      'created /a',
    ]);
  });

  it('a recursive watch tells what happens to a tree', async () => {
    await other.create('/t/old/x', null, { parents: 'persistent' });
    const items = await watch('/t', true);
    const steps = [
      () => other.create('/t/a'),
      () => other.create('/t/a/b'),
      () => other.set('/t/a/b', text('1')),
      () => other.set('/t/old/x', text('1')),
      () => other.delete('/t/a/b'),
      () => other.delete('/t/a'),
      () => other.create('/t/a'),
    ];
    for (const step of steps) {
      await step();
      await settle();
    }
    expect(shapes(items)).toEqual([
      'created /t/a',
      'created /t/a/b',
      'dataChanged /t/a/b',
      'dataChanged /t/old/x',
      'deleted /t/a/b',
      'deleted /t/a',
      'created /t/a',
    ]);
  });

  it('what changes fast is told in the end', async () => {
    const items = await watch('/t', true);
    await other.create('/t/a/b/c', null, { parents: 'persistent' });
    await settle();
    const created = shapes(items).sort();
    expect(created).toEqual(['created /t', 'created /t/a', 'created /t/a/b', 'created /t/a/b/c']);
    items.length = 0;
    await other.delete('/t/a/b/c');
    await other.create('/t/a/b/c');
    await settle();
    expect(shapes(items)).toEqual(['deleted /t/a/b/c', 'created /t/a/b/c']);
    items.length = 0;
    await other.delete('/t', { recursive: true });
    await settle();
    expect(shapes(items).sort()).toEqual(['deleted /t', 'deleted /t/a', 'deleted /t/a/b', 'deleted /t/a/b/c']);
  });

  it('survives reconnects and sessions', async () => {
    const items = await watch('/a', false);
    server.cut(client);
    await settle();
    await server.time!.during(client.connected());
    await other.create('/a');
    await settle();
    await server.expireSession(client);
    await server.advance('1s');
    await other.set('/a', text('1'));
    await settle();
    expect(shapes(items)).toEqual(['reset reconnected', 'created /a', 'reset newSession', 'dataChanged /a']);
  });

  it('leaves no watch behind', async () => {
    await other.create('/t/a', null, { parents: 'persistent' });
    const subscription = await server.time!.during(client.watch('/t', { recursive: true }).start(() => undefined));
    expect(server.server.database.watches.watchCount).toBe(4);
    await subscription.unsubscribe();
    await client.sync();
    expect(server.server.database.watches.watchCount).toBe(0);
    expect(client.metrics.watches).toBe(0);
  });
});
