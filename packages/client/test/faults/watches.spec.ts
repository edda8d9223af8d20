import type { WatchItem } from '@zk/client';
import { config } from 'rxjs';
import { connected, failureOf, reconnect, server, settle, text, useFaultRig } from './rig.js';

useFaultRig();

describe('watches', () => {
  it('one-shot watches survive a reconnect, and tell what they missed', async () => {
    const client = await connected();
    const other = await connected();
    await Promise.all(['/a', '/b', '/c'].map((path) => client.create(path)));
    const missed = await client.getAndWatch('/a');
    const missedChildren = await client.getChildrenAndWatch('/b');
    const missedCreation = await client.existsAndWatch('/d');
    const later = await client.getAndWatch('/c');
    await server.faults.refuseConnections();
    server.cut(client);
    await settle();
    await other.set('/a', text('1'));
    await other.create('/b/x');
    await other.create('/d');
    await server.faults.acceptConnections();
    await server.time!.during(client.connected());
    expect(await missed.fired).toMatchObject({ type: 'dataChanged', path: '/a' });
    expect(await missedChildren.fired).toMatchObject({ type: 'childrenChanged', path: '/b' });
    expect(await missedCreation.fired).toMatchObject({ type: 'created', path: '/d' });
    await other.delete('/c');
    expect(await later.fired).toMatchObject({ type: 'deleted', path: '/c' });
  });

  it('what a listener throws is an uncaught error, and the other listeners hear of the event', async () => {
    const client = await connected();
    await client.create('/a');
    const bug = new Error('bug of a listener');
    const uncaught = jest.fn();
    const items: WatchItem[] = [];
    await client.watch('/a').start(() => {
      throw bug;
    });
    await client.watch('/a').start((item) => items.push(item));
    config.onUnhandledError = uncaught;
    try {
      await client.set('/a', text('1'));
      await client.set('/a', text('2'));
      await settle();
    } finally {
      config.onUnhandledError = null;
    }
    expect(uncaught.mock.calls).toEqual([[bug], [bug]]);
    expect(items).toHaveLength(2);
  });

  it('one-shot watches end with the session', async () => {
    const client = await connected();
    const watch = await client.existsAndWatch('/a');
    await server.expireSession(client);
    expect(await server.time!.during(watch.fired)).toEqual({ type: 'sessionLost' });
    expect(client.metrics.watches).toBe(0);
  });

  it('persistent watches survive reconnects and sessions, and say that something may be missing', async () => {
    const client = await connected();
    const other = await connected();
    const items: WatchItem[] = [];
    await client.watch('/', { recursive: true }).start((item) => items.push(item));
    await reconnect(client);
    await other.create('/a');
    await client.sync('/');
    await server.expireSession(client);
    await server.advance('1s');
    await other.create('/b');
    await client.sync('/');
    expect(items.map((item) => (item.type === 'reset' ? item.reason : item.path))).toEqual([
      'reconnected',
      '/a',
      'newSession',
      '/b',
    ]);
  });

  it('a watch that is started while there is no connection is set by the next one', async () => {
    const client = await connected();
    await server.stop();
    await settle();
    const items: WatchItem[] = [];
    const starting = client.watch('/a').start((item) => items.push(item));
    await server.time!.during(server.start());
    const subscription = await server.time!.during(starting);
    await client.create('/a');
    expect(items).toMatchObject([{ type: 'created', path: '/a' }]);
    await subscription.unsubscribe();
    const late = client.watch('/b').start(() => undefined, { timeout: '1s' });
    await expect(late).resolves.toBeDefined();
  });

  it('a watch is not removed by what was meant for the connection before', async () => {
    const client = await connected();
    const other = await connected();
    await client.create('/a');
    const former = await client.watch('/a').start(() => undefined);
    server.stall(client);
    const window = Array.from({ length: 1_000 }, () => client.exists('/a'));
    await settle();
    void former.unsubscribe();
    await settle();
    expect(client.metrics).toMatchObject({ outstanding: 1_000, waiting: 1 });
    server.cut(client);
    await settle();
    expect(client.state).toBe('suspended');
    const items: WatchItem[] = [];
    const starting = client.watch('/a').start((item) => items.push(item));
    await server.time!.during(Promise.all([starting, ...window]));
    await other.set('/a', text('1'));
    await client.sync();
    expect(items).toMatchObject([{ type: 'dataChanged', path: '/a' }]);
  });

  it('many thousand watches are set again in packets below 128 KiB', async () => {
    const client = await connected();
    const name = 'x'.repeat(150);
    const count = 10_000;
    const watching = Array.from({ length: count }, (_, i) => client.existsAndWatch(`/${name}${i}`));
    const watches = await Promise.all(watching);
    const lengths: number[] = [];
    server.requests$.subscribe(({ kind, lengthBytes }) => {
      if (kind === 'setWatches') lengths.push(lengthBytes);
    });
    await reconnect(client);
    await client.create(`/${name}${count - 1}`);
    expect(await watches.at(-1)!.fired).toMatchObject({ type: 'created' });
    expect(lengths.length).toBeGreaterThan(10);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(128 * 1024);
    expect(client.metrics.reconnects).toBe(1);
  });

  it('the last one who cancels removes the watch on the server', async () => {
    const client = await connected();
    await client.create('/a');
    const watchesOnServer = (): number => server.server.database.watches.watchCount;
    const one = await client.getAndWatch('/a');
    const two = await client.getAndWatch('/a');
    const children = await client.getChildrenAndWatch('/a');
    expect(watchesOnServer()).toBe(2);
    one.cancel();
    await client.sync();
    expect(watchesOnServer()).toBe(2);
    two.cancel();
    children.cancel();
    await client.sync();
    expect(watchesOnServer()).toBe(0);
    const subscription = await client.watch('/a').start(() => undefined);
    expect(watchesOnServer()).toBeGreaterThan(0);
    await subscription.unsubscribe();
    expect(watchesOnServer()).toBe(0);
  });

  it('a one-shot watch outlives the persistent one whose events stood in for it', async () => {
    const client = await connected();
    const other = await connected();
    await client.create('/a');
    const persistent = await client.watch('/a').start(() => undefined);
    const data = await client.getAndWatch('/a');
    const children = await client.getChildrenAndWatch('/a');
    const absent = await client.existsAndWatch('/a/b');
    await persistent.unsubscribe();
    await other.set('/a', text('1'));
    expect(await data.fired).toMatchObject({ type: 'dataChanged' });
    await other.create('/a/b');
    expect(await children.fired).toMatchObject({ type: 'childrenChanged' });
    expect(await absent.fired).toMatchObject({ type: 'created' });
    const recursive = await client.watch('/a', { recursive: true }).start(() => undefined);
    const reading = client.getAndWatch('/a');
    const leaving = recursive.unsubscribe();
    const late = await reading;
    await leaving;
    await other.set('/a', text('2'));
    expect(await late.fired).toMatchObject({ type: 'dataChanged' });
  });

  it('a cancelled read leaves no watch behind', async () => {
    const client = await connected();
    server.stall(client, 'toClient');
    const abort = new AbortController();
    const watching = failureOf(client.existsAndWatch('/a', { signal: abort.signal }));
    await settle();
    abort.abort();
    expect((await watching).name).toBe('AbortError');
    server.release(client);
    await client.sync();
    await client.sync();
    expect(server.server.database.watches.watchCount).toBe(0);
    expect(client.metrics.watches).toBe(0);
  });

  it('a consumer that takes its time gets a reset instead of a gap', async () => {
    const client = await connected();
    const items = client.watch('/', { recursive: true, bufferSize: 5 })[Symbol.asyncIterator]();
    await client.sync();
    for (let i = 0; i < 8; i++) await client.create(`/n${i}`);
    await client.sync();
    expect(await items.next()).toEqual({ done: false, value: { type: 'reset', reason: 'overflow' } });
    expect(await items.next()).toMatchObject({ value: { path: '/n6' } });
    await items.return!();
  });
});
