import type { WatchItem, ZkClient } from '@zk/client';
import type { Suite } from './suite.js';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** Items without their zxids, which not all servers tell. */
function shapes(items: readonly WatchItem[]): string[] {
  return items.map((item) => (item.type === 'reset' ? `reset ${item.reason}` : `${item.type} ${item.path}`));
}

/** Whatever was sent before has arrived: replies come behind the events of what they acknowledge. */
async function settled(...clients: readonly ZkClient[]): Promise<void> {
  for (const client of clients) await client.sync('/');
}

export function describeWatches(suite: Suite): void {
  describe('one-shot watches', () => {
    it('fire once', async () => {
      const client = await suite.client();
      const other = await suite.another();
      await client.create('/a');
      const data = await client.getAndWatch('/a');
      const children = await client.getChildrenAndWatch('/a');
      const absent = await client.existsAndWatch('/b');
      const present = await client.existsAndWatch('/a');
      expect(absent.value).toBeNull();
      await other.set('/a', text('1'));
      await other.create('/a/c');
      await other.create('/b');
      expect(await data.fired).toMatchObject({ type: 'dataChanged', path: '/a' });
      expect(await present.fired).toMatchObject({ type: 'dataChanged', path: '/a' });
      expect(await children.fired).toMatchObject({ type: 'childrenChanged', path: '/a' });
      expect(await absent.fired).toMatchObject({ type: 'created', path: '/b' });
      expect(client.metrics.watches).toBe(0);
    });

    it('all fire when the znode is deleted', async () => {
      const client = await suite.client();
      await client.create('/a');
      const watches = [
        await client.getAndWatch('/a'),
        await client.getChildrenAndWatch('/a'),
        await client.existsAndWatch('/a'),
      ];
      await client.delete('/a');
      for (const watch of watches) expect(await watch.fired).toMatchObject({ type: 'deleted', path: '/a' });
    });

    it('are not set by a read that fails, save by exists', async () => {
      const client = await suite.client();
      await expect(client.getAndWatch('/a')).rejects.toMatchObject({ name: 'NONODE' });
      await expect(client.getChildrenAndWatch('/a')).rejects.toMatchObject({ name: 'NONODE' });
      expect(client.metrics.watches).toBe(0);
    });

    it('end when they are cancelled, or the client is closed', async () => {
      const client = await suite.client();
      const cancelled = await client.existsAndWatch('/a');
      const kept = await client.existsAndWatch('/a');
      cancelled.cancel();
      cancelled.cancel();
      expect(await cancelled.fired).toEqual({ type: 'cancelled' });
      await client.close();
      expect(await kept.fired).toEqual({ type: 'cancelled' });
    });
  });

  // Where one-shot watches stand in, changes in quick succession are told as one: see old-servers.spec.ts.
  if (suite.target.lacks?.includes('persistentWatches')) return;

  describe('persistent watches', () => {
    it('tell everything about one znode', async () => {
      const client = await suite.client();
      const other = await suite.another();
      const items: WatchItem[] = [];
      const subscription = await client.watch('/a').start((item) => items.push(item));
      await other.create('/a');
      await other.set('/a', text('1'));
      await other.create('/a/b');
      await other.set('/a/b', text('1'));
      await other.delete('/a/b');
      await other.delete('/a');
      await settled(client);
      expect(shapes(items)).toEqual([
        'created /a',
        'dataChanged /a',
        'childrenChanged /a',
        'childrenChanged /a',
        'deleted /a',
      ]);
      await subscription.unsubscribe();
      await other.create('/a');
      await settled(client);
      expect(items).toHaveLength(5);
    });

    it('tell everything about a tree', async () => {
      const client = await suite.client();
      const other = await suite.another();
      const items: WatchItem[] = [];
      await using subscription = await client.watch('/', { recursive: true }).start((item) => items.push(item));
      expect(subscription).toBeDefined();
      await other.create('/a/b', null, { parents: 'persistent' });
      await other.set('/a/b', text('1'));
      await other.delete('/a', { recursive: true });
      await settled(client);
      expect(shapes(items)).toEqual(['created /a', 'created /a/b', 'dataChanged /a/b', 'deleted /a/b', 'deleted /a']);
    });

    it('are shared by all who want the same, and each stops alone', async () => {
      const client = await suite.client();
      const first: WatchItem[] = [];
      const second: WatchItem[] = [];
      const stream = client.watch('/a');
      const one = await stream.start((item) => first.push(item));
      const two = await client
        .chroot('/')
        .watch('/a')
        .start((item) => second.push(item));
      await client.create('/a');
      await one.unsubscribe();
      await client.set('/a', null);
      await settled(client);
      expect(shapes(first)).toEqual(['created /a']);
      expect(shapes(second)).toEqual(['created /a', 'dataChanged /a']);
      await two.unsubscribe();
      expect(client.metrics.watches).toBe(0);
    });

    it('are Observables, and async iterables', async () => {
      const client = await suite.client();
      const observed: WatchItem[] = [];
      const stream = client.watch('/a');
      let isComplete = false;
      stream.subscribe({ next: (item) => observed.push(item), complete: () => (isComplete = true) });
      const iterated: WatchItem[] = [];
      const iteration = (async () => {
        for await (const item of stream) {
          iterated.push(item);
          if (iterated.length === 2) break;
        }
      })();
      await settled(client);
      await client.create('/a');
      await client.set('/a', null);
      await iteration;
      await client.delete('/a');
      await settled(client);
      expect(shapes(iterated)).toEqual(['created /a', 'dataChanged /a']);
      expect(shapes(observed)).toEqual(['created /a', 'dataChanged /a', 'deleted /a']);
      await client.close();
      expect(isComplete).toBe(true);
    });

    it('end with the signal they were given', async () => {
      const client = await suite.client();
      const abort = new AbortController();
      const items: WatchItem[] = [];
      const iteration = (async () => {
        for await (const item of client.watch('/a', { signal: abort.signal })) items.push(item);
      })();
      await settled(client);
      await client.create('/a');
      await settled(client);
      abort.abort();
      await iteration;
      expect(shapes(items)).toEqual(['created /a']);
      expect(client.metrics.watches).toBe(0);
    });

    it('tell one event for each change, also with one-shot watches on the same znode', async () => {
      const client = await suite.client();
      await client.create('/a');
      const items: WatchItem[] = [];
      await client.watch('/a').start((item) => items.push(item));
      const once = await client.getAndWatch('/a');
      await client.set('/a', text('1'));
      await client.set('/a', text('2'));
      await settled(client);
      expect(await once.fired).toMatchObject({ type: 'dataChanged' });
      expect(shapes(items)).toEqual(['dataChanged /a', 'dataChanged /a']);
    });
  });
}
