import { json, op, read, utf8 } from '@zk/client-api';
import type { Acl } from '@zk/model';
import { type TestServer, createTestServer } from '@zk/testing';
import { gunzipSync, gzipSync } from 'node:zlib';
import { NodeCache, TreeCache, compressed, namespace, withAcls } from '../src/index.js';
import { rigOf } from './memory-rig.js';
import { RigClients, eventually, freshPath } from './suite/rig.js';

const text = (value: string): Uint8Array => utf8.encode(value)!;

let server: TestServer;
beforeAll(async () => (server = await createTestServer()));
afterAll(() => server.close());
const clients = new RigClients(rigOf('a server in memory', () => server));
afterEach(() => clients.close());

describe('a namespace', () => {
  it('is made when something is created in it, as containers with no data', async () => {
    const client = await clients.open();
    const root = freshPath(client, 'ns');
    const view = namespace(client, `${root.slice(1)}/app`);
    expect(await client.exists(root)).toBeNull();
    expect((await view.create('/p/q', text('1'), { parents: 'persistent' })).path).toBe('/p/q');
    expect(utf8.decode((await client.get(`${root}/app/p/q`)).data)).toBe('1');
    expect((await client.get(root)).stat.dataLength).toBe(0);
  });

  it('is made again when the server has removed it', async () => {
    const client = await clients.open();
    const root = freshPath(client, 'ns');
    const view = namespace(client, root.slice(1));
    await view.create('/a');
    await client.delete(root, { recursive: true });
    await view.create('/b');
    expect((await view.getChildren('/')).children).toEqual(['b']);
  });

  it('is made for a multi, and carries recipes, chroots and watches', async () => {
    const client = await clients.open();
    const root = freshPath(client, 'ns');
    const view = namespace(client, root.slice(1));
    await using cache = new TreeCache(view.chroot('/deep'), '/tree');
    await cache.start();
    const results = await view.multi([op.create('/deep'), op.create('/deep/tree', text('1'))]);
    expect(results[1].path).toBe('/deep/tree');
    await eventually(() => cache.has('/tree'));
    await view.chroot('/deep').create('/tree/x');
    await eventually(() => cache.has('/tree/x'));
    expect(await client.exists(`${root}/deep/tree/x`)).not.toBeNull();
    await view.close();
    expect(client.state).toBe('connected');
  });

  it('refuses a name that is no path', async () => {
    const client = await clients.open();
    expect(() => namespace(client, '/a')).toThrow(RangeError);
    expect(() => namespace(client, 'a//b')).toThrow(RangeError);
  });
});

describe('ACLs by path', () => {
  const readOnly: readonly Acl[] = [{ scheme: 'world', id: 'anyone', perms: 1 }];
  const all: readonly Acl[] = [{ scheme: 'world', id: 'anyone', perms: 31 }];

  it('go to every znode that is created without one, parents and multis included', async () => {
    const client = await clients.open();
    const root = freshPath(client, 'acl');
    const view = withAcls(client, (path) => (path.endsWith('leaf') ? readOnly : path === '/' ? all : undefined));
    const aclOf = async (path: string): Promise<readonly Acl[]> => (await client.getAcl(path)).acl;
    await view.create(`${root}/a/leaf`, null, { parents: 'container' });
    expect(await aclOf(`${root}/a`)).toEqual(all);
    expect(await aclOf(`${root}/a/leaf`)).toEqual(readOnly);
    await view.create(`${root}/b/leaf`, null, { parents: 'persistent', acl: all });
    expect(await aclOf(`${root}/b/leaf`)).toEqual(all);
    await view.multi([op.create(`${root}/c-leaf`), op.create(`${root}/d-leaf`, null, { acl: all })]);
    expect(await aclOf(`${root}/c-leaf`)).toEqual(readOnly);
    expect(await aclOf(`${root}/d-leaf`)).toEqual(all);
    await view.update(`${root}/e-leaf`, (data) => data, { initial: text('x') });
    expect(await aclOf(`${root}/e-leaf`)).toEqual(readOnly);
    await view.chroot(root).create('/f-leaf');
    expect(await aclOf(`${root}/f-leaf`)).toEqual(readOnly);
    await expect(view.create(`${root}/c-leaf/x`, null, { parents: 'container' })).rejects.toMatchObject({
      name: 'NOAUTH',
    });
  });
});

describe('compressed data', () => {
  it('is gzip in the tree, and plain to whoever reads it through the view', async () => {
    const client = await clients.open();
    const root = freshPath(client, 'gzip');
    const view = compressed(client);
    const plain = async (path: string): Promise<string> => gunzipSync((await client.get(path)).data).toString();
    await view.create(`${root}/a`, text('hello'), { parents: 'container' });
    expect(await plain(`${root}/a`)).toBe('hello');
    expect(utf8.decode((await view.get(`${root}/a`)).data)).toBe('hello');
    await view.set(`${root}/a`, { n: 1 }, { codec: json() });
    expect((await view.get(`${root}/a`, { codec: json() })).data).toEqual({ n: 1 });
    await view.multi([op.create(`${root}/b`, text('b')), op.set(`${root}/a`, text('a')), op.create(`${root}/null`)]);
    expect([await plain(`${root}/a`), await plain(`${root}/b`)]).toEqual(['a', 'b']);
    expect(await view.get(`${root}/null`, { codec: { encode: () => null, decode: (data) => data } })).toMatchObject({
      data: null,
    });
    const [a, none] = await view.multiRead([read.get(`${root}/a`), read.get(`${root}/none`)]);
    expect(a.kind === 'get' && utf8.decode(a.data)).toBe('a');
    expect(none.kind).toBe('error');
    using watched = await view.getAndWatch(`${root}/a`);
    expect(utf8.decode(watched.value.data)).toBe('a');
  });

  it('is compared and set, by many at once', async () => {
    const client = await clients.open();
    const path = freshPath(client, 'gzip');
    const view = compressed(client);
    const codec = json<number>();
    const options = { codec, initial: 0, create: { parents: 'container' } } as const;
    await Promise.all(Array.from({ length: 10 }, () => view.update(path, (count) => count + 1, options)));
    expect((await view.get(path, { codec })).data).toBe(10);
    expect((await client.exists(path))!.version).toBe(9);
    await view.update(path, (count) => count, { codec });
    expect((await client.exists(path))!.version).toBe(9);
    await expect(view.update(`${path}-none`, (count) => count, { codec })).rejects.toMatchObject({ name: 'NONODE' });
    await expect(view.update(`${path}/x/y`, (n) => n, { codec, initial: 1 })).rejects.toMatchObject({ name: 'NONODE' });
    await expect(view.update(path, (n) => n, { codec, signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    });
  });

  it('fills a cache, and what is not gzip is told', async () => {
    const client = await clients.open();
    const root = freshPath(client, 'gzip');
    await client.create(root, gzipSync('root'), { parents: 'container' });
    await using cache = new NodeCache(compressed(client), root, { codec: utf8 });
    await cache.start();
    expect(cache.current?.data).toBe('root');
    const problems: unknown[] = [];
    cache.problems$.subscribe(({ error }) => problems.push(error));
    await client.set(root, text('no gzip'));
    await eventually(() => problems.length === 1);
    expect(problems[0]).toMatchObject({ name: 'GzipError' });
    expect(cache.current?.data).toBe('root');
  });

  it('is only where the filter says', async () => {
    const client = await clients.open();
    const root = freshPath(client, 'gzip');
    const view = compressed(client, { filter: (path) => path.endsWith('.gz') }).chroot('/');
    await view.create(`${root}/a.gz`, text('a'), { parents: 'container' });
    await view.create(`${root}/b`, text('b'));
    expect((await client.get(`${root}/a.gz`)).data[0]).toBe(0x1f);
    expect(utf8.decode((await client.get(`${root}/b`)).data)).toBe('b');
  });
});
