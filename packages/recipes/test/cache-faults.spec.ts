import {
  type ReadOptions,
  UnimplementedError,
  type WatchOptions,
  type WatchStream,
  type ZkClient,
  utf8,
} from '@zk/client-api';
import { ErrorCode } from '@zk/model';
import { type TestServer, createTestServer } from '@zk/testing';
import { Subject } from 'rxjs';
import { ClientView, NodeCache, TreeCache } from '../src/index.js';
import { connectTo } from './memory-rig.js';
import { eventually, freshPath } from './suite/rig.js';
import { followed, readTree, textOf } from './suite/trees.js';

const text = (value: string): Uint8Array => utf8.encode(value)!;
const unimplemented = (path: string): Error => new UnimplementedError(ErrorCode.UNIMPLEMENTED, path);

/** A client on which some calls do not go as they should. */
class Tampered extends ClientView {
  readonly gets: string[] = [];
  readonly watches: string[] = [];
  beforeGet: (path: string) => Promise<void> | undefined = () => undefined;
  watchInstead: ((path: string) => WatchStream) | undefined;

  constructor(client: ZkClient) {
    super(client);
  }

  protected override viewOf(client: ZkClient): ZkClient {
    return client;
  }

  protected override async rawGet(path: string, options: ReadOptions) {
    this.gets.push(path);
    await this.beforeGet(path);
    return super.rawGet(path, options);
  }

  override watch(path: string, options?: WatchOptions): WatchStream {
    this.watches.push(path);
    return this.watchInstead?.(path) ?? super.watch(path, options);
  }
}

describe('caches when something goes wrong', () => {
  let server: TestServer;
  let client: Tampered;
  let inner: ZkClient;
  let other: ZkClient;
  beforeEach(async () => {
    server = await createTestServer();
    [inner, other] = await Promise.all([connectTo(server), connectTo(server)]);
    client = new Tampered(inner);
  });
  afterEach(async () => {
    await Promise.all([inner.close(), other.close()]);
    await server.close();
  });

  const told = (cache: TreeCache, root: string): string[] => {
    const events: string[] = [];
    cache.events.subscribe((event) => events.push(textOf(event, root)));
    return events;
  };

  it('uses one-shot watches on a server that knows no others', async () => {
    const root = freshPath(other, 'old-server');
    await other.create(`${root}/a`, text('1'), { parents: 'persistent' });
    client.watchInstead = (path) => refusing(unimplemented(path));
    await using cache = new TreeCache(client, root);
    await cache.start();
    expect(cache.size).toBe(2);
    await other.create(`${root}/a/b`, text('2'));
    await eventually(() => cache.has(`${root}/a/b`));
    expect(client.watches).toEqual([root]);
  });

  it('changes to one-shot watches when its watch is refused later on, and compares', async () => {
    const root = freshPath(other, 'downgraded');
    await other.create(root, text('1'), { parents: 'persistent' });
    const failures = new Subject<never>();
    client.watchInstead = () => failingWith(failures);
    await using cache = new TreeCache(client, root);
    const replay = followed(cache);
    const problems: unknown[] = [];
    cache.problems$.subscribe(({ error }) => problems.push(error));
    await cache.start();
    // Nobody tells of this: the watch is not real.
    await other.create(`${root}/unseen`);
    client.watchInstead = (path) => refusing(unimplemented(path));
    failures.error(unimplemented(root));
    expect(cache.status).toBe('stale');
    await eventually(() => cache.status === 'current' && cache.has(`${root}/unseen`));
    await other.set(`${root}/unseen`, text('seen'));
    await eventually(() => utf8.decode(cache.get(`${root}/unseen`)!.data) === 'seen');
    expect(replay.tree()).toEqual(await readTree(other, root));
    expect(problems).toHaveLength(1);
  });

  it('tells when the server refuses its start, and is closed', async () => {
    const root = freshPath(other, 'refused');
    const refusal = new Error('no watch for you');
    client.watchInstead = () => refusing(refusal);
    const cache = new TreeCache(client, root);
    await expect(cache.start()).rejects.toBe(refusal);
    expect(cache.status).toBe('closed');
  });

  it('creates a parent before its child also when it hears of them in the other order', async () => {
    const root = freshPath(other, 'order');
    await other.create(root, null, { parents: 'persistent' });
    await using cache = new TreeCache(client, root);
    const replay = followed(cache);
    await cache.start();
    const events = told(cache, root);
    let isFirst = true;
    client.beforeGet = async (path) => {
      if (path !== `${root}/p` || !isFirst) return;
      isFirst = false;
      // While the look at the parent is under way: it is deleted, and created again with a child, which is found first.
      await other.delete(path);
      await inner.sync(root);
      void inner.exists(path);
      setImmediate(() => void other.create(path).then(() => other.create(`${path}/c`)));
      await eventually(() => client.gets.includes(`${path}/c`));
      await inner.sync(root);
      throw new (class extends Error {
        override readonly name = 'NONODE';
      })();
    };
    await other.create(`${root}/p`);
    await eventually(() => cache.has(`${root}/p/c`));
    expect(events).toEqual(['+/p ', '+/p/c ']);
    expect(replay.tree()).toEqual(await readTree(other, root));
  });

  it('tries again what fails for a moment, and goes on without what it may not read', async () => {
    const root = freshPath(other, 'errors');
    for (const name of ['a', 'b', 'secret/below'])
      await other.create(`${root}/${name}`, null, { parents: 'persistent' });
    await other.setAcl(`${root}/secret`, [{ scheme: 'world', id: 'anyone', perms: 16 }]);
    let failures = 2;
    client.beforeGet = async (path) => {
      if (!path.endsWith('/a') || failures-- <= 0) return;
      throw new (class extends Error {
        override readonly name = 'OPERATIONTIMEOUT';
      })();
    };
    await using cache = new TreeCache(client, root);
    const problems: string[] = [];
    cache.problems$.subscribe(({ path }) => problems.push(path.slice(root.length)));
    await cache.start();
    expect([...cache.snapshot().keys()].map((path) => path.slice(root.length)).sort()).toEqual(['', '/a', '/b']);
    expect(problems).toEqual(['/secret']);
    await other.setAcl(`${root}/secret`, [{ scheme: 'world', id: 'anyone', perms: 31 }]);
    await server.expireSession(inner);
    await eventually(() => cache.has(`${root}/secret/below`));
  });

  it('says that it is stale while there is no connection, and keeps what it has', async () => {
    const path = freshPath(other, 'stale');
    await other.create(path, text('1'), { parents: 'persistent' });
    await using cache = new NodeCache(client, path, { codec: utf8 });
    await cache.start();
    await server.refuseConnections();
    server.cut(inner);
    await eventually(() => cache.status === 'stale');
    expect(cache.current?.data).toBe('1');
    await other.set(path, text('2'));
    await server.acceptConnections();
    await eventually(() => cache.status === 'current');
    expect(cache.current?.data).toBe('2');
  });

  it.each(['auto', 'oneShot'] as const)('goes on watching what was made anew in a break (%s)', async (watches) => {
    const root = freshPath(other, 'anew');
    await other.create(`${root}/a/b`, text('1'), { parents: 'persistent' });
    await using cache = new TreeCache(client, root, { watches });
    const replay = followed(cache);
    await cache.start();
    await server.refuseConnections();
    server.cut(inner);
    await eventually(() => cache.status === 'stale');
    await other.delete(`${root}/a`, { recursive: true });
    await other.create(`${root}/a/b`, text('2'), { parents: 'persistent' });
    const made = await readTree(other, root);
    await server.acceptConnections();
    await eventually(() => JSON.stringify([...replay.tree()]) === JSON.stringify([...made]));
    for (const name of ['/a', '/a/b']) {
      await other.set(root + name, text('3'));
      await eventually(() => utf8.decode(cache.get(root + name)!.data) === '3');
    }
    await other.create(`${root}/a/c`);
    await eventually(() => cache.has(`${root}/a/c`));
    expect(replay.tree()).toEqual(await readTree(other, root));
  });

  it('leaves no watch behind on the server when it is closed', async () => {
    const root = freshPath(other, 'leak');
    await other.create(`${root}/a`, null, { parents: 'persistent' });
    const count = (): number => server.server.database.watches.watchCount;
    const before = count();
    for (const watches of ['auto', 'oneShot'] as const) {
      const cache = new TreeCache(client, root, { watches });
      await cache.start();
      expect(count()).toBeGreaterThan(before);
      await cache.close();
      await eventually(() => count() === before);
    }
  });
});

/** A stream whose watch the server does not want. */
function refusing(error: Error): WatchStream {
  const stream = new Subject<never>() as unknown as WatchStream;
  return Object.assign(stream, { start: () => Promise.reject(error) });
}

/** A stream of a watch that never tells anything, until it is refused. */
function failingWith(failures: Subject<never>): WatchStream {
  const subscription = { unsubscribe: () => Promise.resolve(), [Symbol.asyncDispose]: () => Promise.resolve() };
  return Object.assign(failures as unknown as WatchStream, { start: () => Promise.resolve(subscription) });
}
