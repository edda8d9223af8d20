import { type ZkClient, json, op, utf8 } from '@zk/client-api';
import {
  type CacheEvent,
  ChildrenCache,
  NodeCache,
  TreeCache,
  type TreeCacheOptions,
  dataless,
} from '../../src/index.js';
import { type RecipeRig, RigClients, eventually, freshPath } from './rig.js';
import { followed, readTree, textOf } from './trees.js';

const text = (value: string): Uint8Array => utf8.encode(value)!;

/** What every cache does on any server that speaks the protocol. */
export function describeCaches(rig: RecipeRig): void {
  describe(`caches on ${rig.name}`, () => {
    const clients = new RigClients(rig);
    afterEach(() => clients.close());

    describe.each(['auto', 'oneShot'] as const)('with watches: %s', (watches) => {
      describe('a tree cache', () => treeSuite(clients, watches));
      describe('a children cache', () => childrenSuite(clients, watches));
      describe('a node cache', () => nodeSuite(clients, watches));
      if (rig.faults !== undefined) describe('under faults', () => faultSuite(clients, rig, watches));
    });
  });
}

type Watches = 'auto' | 'oneShot';

async function grow(client: ZkClient, root: string, nodes: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, value] of Object.entries(nodes)) {
    await client.create(name === '' ? root : `${root}/${name}`, text(value), {
      parents: 'persistent',
      ifExists: 'set',
    });
  }
}

function toldBy(cache: TreeCache, root: string): string[] {
  const told: string[] = [];
  cache.events.subscribe((event) => told.push(textOf(event, root)));
  return told;
}

function treeSuite(clients: RigClients, watches: Watches): void {
  it('fills, says so once, and tells changes with old and new data', async () => {
    const [client, other] = await Promise.all([clients.open(), clients.open()]);
    const root = freshPath(client, 'tree');
    await grow(other, root, { '': 'r', a: '1', b: '1', 'a/x': '1' });
    await client.sync(root);
    await using cache = new TreeCache(client, root, { watches });
    const told = toldBy(cache, root);
    expect(cache.status).toBe('new');
    await cache.start();
    expect(cache.status).toBe('current');
    expect(new Set(told.slice(0, -1))).toEqual(new Set(['+ r', '+/a 1', '+/b 1', '+/a/x 1']));
    expect(told.indexOf('+/a 1')).toBeLessThan(told.indexOf('+/a/x 1'));
    expect(told.at(-1)).toBe('initialized');
    told.length = 0;

    // The steps of the recorded run of Curator's caches, one at a time.
    const step = async (change: () => Promise<unknown>, ...expected: string[]): Promise<void> => {
      await change();
      await eventually(() => told.length >= expected.length);
      expect(told.splice(0)).toEqual(expected);
    };
    await step(() => other.set(`${root}/a`, text('2')), '*/a 1>2');
    await step(() => other.set(`${root}/a`, text('2')), '*/a 2>2');
    await step(() => other.create(`${root}/c`, text('1')), '+/c 1');
    await step(() => other.create(`${root}/a/y`, text('1')), '+/a/y 1');
    await step(() => other.delete(`${root}/a/x`), '-/a/x 1');
    await step(() => other.delete(`${root}/a`, { recursive: true }), '-/a/y 1', '-/a 2');
    await step(() => other.delete(`${root}/b`), '-/b 1');
    await step(() => other.delete(root, { recursive: true }), '-/c 1', '- r');
    expect(cache.size).toBe(0);
    await step(() => other.create(root, text('again')), '+ again');
    await step(() => other.create(`${root}/d`, text('1')), '+/d 1');
    expect([...cache].map(({ path }) => path)).toEqual([root, `${root}/d`]);
    expect(cache.childNames(root)).toEqual(['d']);
    expect(cache.get(`${root}/d`)!.stat.version).toBe(0);
    expect(cache.has(`${root}/x`)).toBe(false);
  });

  it('waits for a root that does not exist', async () => {
    const [client, other] = await Promise.all([clients.open(), clients.open()]);
    const root = freshPath(client, 'tree');
    await using cache = new TreeCache(client, root, { watches });
    const told = toldBy(cache, root);
    await cache.start();
    expect(told).toEqual(['initialized']);
    await grow(other, root, { 'a/b': '1' });
    await eventually(() => cache.size === 3);
    expect(told).toEqual(['initialized', '+ ', '+/a ', '+/a/b 1']);
  });

  it('keeps to a depth, and to what the filter accepts', async () => {
    const [client, other] = await Promise.all([clients.open(), clients.open()]);
    const root = freshPath(client, 'tree');
    const nodes = { a: '', 'a/b': '', 'a/b/c': '', secret: '', 'secret/a': '' };
    await grow(other, root, nodes);
    await client.sync(root);
    const names = (cache: TreeCache): string[] => [...cache].map(({ path }) => path.slice(root.length)).sort();
    const open = async (options: TreeCacheOptions<Uint8Array>): Promise<TreeCache> => {
      const cache = new TreeCache(client, root, { watches, ...options });
      await cache.start();
      return cache;
    };
    await using shallow = await open({ maxDepth: 1 });
    await using alone = await open({ maxDepth: 0 });
    await using filtered = await open({ filter: (path) => !path.endsWith('secret') });
    expect(names(shallow)).toEqual(['', '/a', '/secret']);
    expect(names(alone)).toEqual(['']);
    expect(names(filtered)).toEqual(['', '/a', '/a/b', '/a/b/c']);
    await other.delete(`${root}/secret`, { recursive: true });
    await grow(other, root, { ...nodes, 'a/z': '', 'secret/a/deep': '', last: '' });
    await eventually(() => shallow.has(`${root}/last`) && filtered.has(`${root}/last`));
    expect(names(shallow)).toEqual(['', '/a', '/last', '/secret']);
    expect(names(alone)).toEqual(['']);
    expect(names(filtered)).toEqual(['', '/a', '/a/b', '/a/b/c', '/a/z', '/last']);
  });

  it('keeps no data when it is told so', async () => {
    const client = await clients.open();
    const root = freshPath(client, 'tree');
    await grow(client, root, { a: 'x' });
    await using cache = new TreeCache(client, root, { watches, codec: dataless });
    await cache.start();
    expect(cache.get(`${root}/a`)).toMatchObject({ data: undefined, stat: { dataLength: 1 } });
    await client.set(`${root}/a`, text('xyz'));
    await eventually(() => cache.get(`${root}/a`)!.stat.dataLength === 3);
  });

  it('keeps the last good value of what it cannot read, and tells', async () => {
    const client = await clients.open();
    const root = freshPath(client, 'tree');
    await grow(client, root, { '': '0', good: '1', bad: '{' });
    await using cache = new TreeCache<number>(client, root, { watches, codec: json<number>() });
    const problems: string[] = [];
    cache.problems$.subscribe(({ path }) => problems.push(path));
    await cache.start();
    expect(problems).toEqual([`${root}/bad`]);
    expect([...cache].map(({ data }) => data).sort()).toEqual([0, 1]);
    await client.set(`${root}/good`, text('}'));
    await eventually(() => problems.length === 2);
    expect(cache.get(`${root}/good`)!.data).toBe(1);
    await client.create(`${root}/bad/below`, text('7'));
    await client.set(`${root}/good`, text('3'));
    await client.set(`${root}/bad`, text('2'));
    await eventually(() => cache.size === 4);
    await eventually(() => cache.get(`${root}/good`)!.data === 3);
    expect(cache.get(`${root}/bad/below`)!.data).toBe(7);
  });

  it('stays current through a burst, and its events replay to the tree', async () => {
    const [client, other] = await Promise.all([clients.open(), clients.open()]);
    const root = freshPath(client, 'tree');
    await grow(other, root, { '': '' });
    await using cache = new TreeCache(client, root, { watches, concurrency: 8 });
    const replay = followed(cache);
    await cache.start();
    const writes: Promise<unknown>[] = [];
    for (let i = 0; i < 200; i++) {
      writes.push(other.create(`${root}/n${i}`, text('0')), other.create(`${root}/n${i}/x`));
      if (i % 2 === 0) writes.push(other.set(`${root}/n${i}`, text('1')));
      if (i % 3 === 0) writes.push(other.delete(`${root}/n${i}/x`), other.delete(`${root}/n${i}`));
      if (i % 6 === 0) writes.push(other.create(`${root}/n${i}`, text('2')));
    }
    await Promise.all(writes);
    await other.multi([op.create(`${root}/last`), op.set(root, text('done'))]);
    await eventually(() => cache.has(`${root}/last`));
    const tree = await readTree(client, root);
    await eventually(() => cache.size === tree.size);
    expect(treeOf(cache)).toEqual(tree);
    expect(replay.tree()).toEqual(tree);
  });

  it('is read as an async iterable, from the moment the loop begins', async () => {
    const client = await clients.open();
    const root = freshPath(client, 'tree');
    await grow(client, root, { a: '1' });
    await using cache = new TreeCache(client, root, { watches });
    const seen: string[] = [];
    const loop = (async () => {
      for await (const event of cache.events) {
        seen.push(textOf(event, root));
        if (event.type === 'deleted') break;
      }
    })();
    await cache.start();
    await client.delete(`${root}/a`);
    await loop;
    expect(seen).toEqual(['+ ', '+/a 1', 'initialized', '-/a 1']);
  });

  it('ends its streams when it is closed, or the client is, and stays readable', async () => {
    const client = await clients.open();
    const root = freshPath(client, 'tree');
    await grow(client, root, { a: '1' });
    const [first, second] = [new TreeCache(client, root, { watches }), new TreeCache(client, root, { watches })];
    await Promise.all([first.start(), second.start()]);
    const ended = Promise.all(
      [first, second].map(async (cache) => {
        for await (const event of cache.events) expect(event.type).toBe('none is expected');
      }),
    );
    await first.close();
    await client.close();
    await ended;
    expect([first.status, second.status]).toEqual(['closed', 'closed']);
    expect(first.size).toBe(2);
    await expect(first.start()).rejects.toMatchObject({ name: 'ClientClosedError' });
  });

  it('gives up its start when it is cancelled', async () => {
    const client = await clients.open();
    const cache = new TreeCache(client, freshPath(client, 'tree'), { watches });
    const reason = new Error('enough');
    await expect(cache.start({ signal: AbortSignal.abort(reason) })).rejects.toMatchObject({
      name: 'AbortError',
      cause: reason,
    });
    expect(cache.status).toBe('closed');
  });
}

function childrenSuite(clients: RigClients, watches: Watches): void {
  it('has the children by name, and goes on when the parent goes and comes', async () => {
    const [client, other] = await Promise.all([clients.open(), clients.open()]);
    const root = freshPath(client, 'children');
    await grow(other, root, { b: '2', a: '1', 'a/deep': '' });
    await client.sync(root);
    await using cache = new ChildrenCache(client, root, { watches, codec: utf8 });
    const told: string[] = [];
    cache.events.subscribe((event: CacheEvent<string>) => told.push(event.type));
    await cache.start();
    expect(cache.names()).toEqual(['a', 'b']);
    expect(cache.size).toBe(2);
    expect([...cache].map(([name, { data }]) => `${name}=${data}`)).toEqual(['a=1', 'b=2']);
    expect(told).toEqual(['created', 'created', 'initialized']);
    await other.delete(root, { recursive: true });
    await eventually(() => cache.size === 0);
    await grow(other, root, { c: '3', 'c/deep': '' });
    await eventually(() => cache.get('c')?.data === '3');
    expect(told.slice(3)).toEqual(['deleted', 'deleted', 'created']);
  });

  it('has the children that the filter accepts', async () => {
    const client = await clients.open();
    const root = freshPath(client, 'children');
    await grow(client, root, { 'x-1': '', 'y-1': '' });
    await using cache = new ChildrenCache(client, root, { watches, filter: (name) => name.startsWith('x-') });
    await cache.start();
    await grow(client, root, { 'y-2': '', 'x-2': '' });
    await eventually(() => cache.size === 2);
    expect([...cache.snapshot().keys()]).toEqual(['x-1', 'x-2']);
  });
}

function nodeSuite(clients: RigClients, watches: Watches): void {
  it('follows a node that comes, changes and goes', async () => {
    const [client, other] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(client, 'node');
    await using cache = new NodeCache(client, path, { watches, codec: utf8 });
    const told: string[] = [];
    cache.changes.subscribe(({ previous, current }) => told.push(`${previous?.data}>${current?.data}`));
    await cache.start();
    expect(cache.current).toBeUndefined();
    const step = async (change: () => Promise<unknown>, count: number): Promise<void> => {
      await change();
      await eventually(() => told.length === count);
    };
    await step(() => other.create(path, text('1'), { parents: 'persistent' }), 1);
    await step(() => other.set(path, text('2')), 2);
    await step(() => other.set(path, text('2')), 3);
    await other.create(`${path}/child`);
    await step(() => other.delete(path, { recursive: true }), 4);
    await step(() => other.create(path, text('3')), 5);
    expect(told).toEqual(['undefined>1', '1>2', '2>2', '2>undefined', 'undefined>3']);
    expect(cache.current?.data).toBe('3');
  });

  it('gives a slow consumer the newest change', async () => {
    const client = await clients.open();
    const path = freshPath(client, 'node');
    await client.create(path, text('0'), { parents: 'persistent' });
    await using cache = new NodeCache(client, path, { watches, codec: utf8 });
    await cache.start();
    const changes = cache.changes[Symbol.asyncIterator]();
    for (const value of ['1', '2', '3']) await client.set(path, text(value));
    await eventually(() => cache.current?.data === '3');
    expect((await changes.next()).value).toMatchObject({ current: { data: '3' } });
    await changes.return!();
  });
}

function faultSuite(clients: RigClients, rig: RecipeRig, watches: Watches): void {
  const { cut, expireSession } = rig.faults!;

  it.each(['cut', 'expired'] as const)('finds what changed while it was %s, and tells the way there', async (how) => {
    const [client, other] = await Promise.all([clients.open(), clients.open()]);
    const root = freshPath(client, 'tree');
    await grow(other, root, { same: '1', changed: '1', gone: '1', 'gone/below': '1', 'again/below': '1' });
    await client.sync(root);
    await using cache = new TreeCache(client, root, { watches });
    const replay = followed(cache);
    const told = toldBy(cache, root);
    await cache.start();
    const statuses: string[] = [];
    cache.status$.subscribe((status) => statuses.push(status));
    told.length = 0;
    if (how === 'cut') cut(client);
    else await expireSession(client);
    await other.set(`${root}/changed`, text('2'));
    await other.delete(`${root}/gone`, { recursive: true });
    await other.delete(`${root}/again`, { recursive: true });
    await grow(other, root, { 'again/below': '2', 'new/below': '1' });
    const tree = await readTree(other, root);
    await eventually(() => cache.status === 'current' && cache.size === tree.size && cache.has(`${root}/new/below`));
    await eventually(() => cache.get(`${root}/again/below`)?.data[0] === '2'.charCodeAt(0));
    expect(treeOf(cache)).toEqual(tree);
    expect(replay.tree()).toEqual(tree);
    expect([...told].sort()).toEqual(
      ['*/changed 1>2', '+/again ', '+/again/below 2', '+/new ', '+/new/below 1', '-/again ', '-/again/below 1'].concat(
        ['-/gone 1', '-/gone/below 1'],
      ),
    );
    expect(statuses).toContain('stale');
    expect(told).not.toContain('initialized');
    // It goes on to watch what is there now.
    told.length = 0;
    for (const name of ['/again', '/again/below', '/changed']) await other.set(root + name, text('3'));
    await other.delete(`${root}/again/below`);
    await eventually(() => told.includes('*/changed 2>3') && told.includes('-/again/below 3'));
    await eventually(() => told.includes('*/again >3'));
  });
}

function treeOf(cache: TreeCache): Map<string, string> {
  return new Map(
    [...cache].map(({ path, data, stat }) => [path, `${utf8.decode(data)}@${stat.mzxid}`] as const).sort(),
  );
}
