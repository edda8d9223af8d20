import { json, utf8 } from '@zk/client-api';
import { GroupMembership, PersistentNode, PersistentTtlNode } from '../../src/index.js';
import { type RecipeRig, RigClients, childrenOf, eventually, freshPath } from './rig.js';

const text = (value: string): Uint8Array => utf8.encode(value)!;

/** What persistent nodes and groups do on any server that speaks the protocol. */
export function describeNodes(rig: RecipeRig): void {
  describe(`nodes on ${rig.name}`, () => {
    const clients = new RigClients(rig);
    afterEach(() => clients.close());

    describe('a persistent node', () => nodeSuite(clients));
    describe('a persistent TTL node', () => ttlSuite(clients));
    describe('a group', () => groupSuite(clients));
    if (rig.faults !== undefined) describe('under faults', () => faultSuite(clients, rig));
  });
}

function nodeSuite(clients: RigClients): void {
  it('is there, with its data, until it is closed', async () => {
    const [client, other] = await Promise.all([clients.open(), clients.open()]);
    const path = `${freshPath(client, 'node')}/n`;
    const states: string[] = [];
    const node = new PersistentNode(client, path, 'one', { codec: utf8 });
    node.state$.subscribe((state) => states.push(state));
    expect(await node.start().waitForInitialCreate()).toBe(path);
    const { data, stat } = await other.get(path, { linearizable: true });
    expect(utf8.decode(data)).toBe('one');
    expect(stat.ephemeralOwner).toBe(client.session!.id);
    await node.setData('two');
    expect(utf8.decode((await other.get(path, { linearizable: true })).data)).toBe('two');
    expect(node.data).toBe('two');
    await node.close();
    expect(await client.exists(path)).toBeNull();
    expect(states).toEqual(['new', 'absent', 'present', 'closed']);
  });

  it('is created again with its last data when it is deleted, and leaves data of others alone', async () => {
    const [client, other] = await Promise.all([clients.open(), clients.open()]);
    const path = `${freshPath(client, 'node')}/n`;
    await using node = new PersistentNode(client, path, 'one', { codec: utf8 }).start();
    await node.waitForInitialCreate();
    await node.setData('two');
    await other.sync(path);
    const { czxid } = (await other.exists(path))!;
    await other.set(path, text('theirs'));
    await eventually(async () => utf8.decode((await client.get(path)).data) === 'theirs');
    await other.delete(path);
    await eventually(async () => ((await client.exists(path))?.czxid ?? czxid) > czxid);
    expect(utf8.decode((await client.get(path)).data)).toBe('two');
    await eventually(() => node.state === 'present');
  });

  it.each([
    ['ephemeral', true, /^_c_[0-9a-f-]{36}-n$/],
    ['ephemeralSequential', true, /^_c_[0-9a-f-]{36}-n\d{10}$/],
    ['ephemeralSequential', false, /^n\d{10}$/],
    ['persistent', true, /^_c_[0-9a-f-]{36}-n$/],
    ['persistent', false, /^n$/],
    ['persistentSequential', undefined, /^_c_[0-9a-f-]{36}-n\d{10}$/],
    ['container', false, /^n$/],
  ] as const)('has the name that Curator gives it: %s, protected: %s', async (mode, protection, name) => {
    const client = await clients.open();
    const parent = freshPath(client, 'node');
    const node = new PersistentNode(client, `${parent}/n`, text('d'), {
      mode,
      ...(protection === undefined ? {} : { protection }),
    }).start();
    const path = await node.waitForInitialCreate();
    expect(path.slice(parent.length + 1)).toMatch(name);
    const { czxid } = (await client.exists(path))!;
    await client.delete(path);
    await eventually(async () => ((await client.exists(path))?.czxid ?? czxid) > czxid);
    expect(await childrenOf(client, parent)).toEqual([path.slice(parent.length + 1)]);
    await eventually(() => node.state === 'present');
    await node.close();
    expect(await client.exists(path)).toBeNull();
  });

  it('takes the place of a node that is there already', async () => {
    const [client, other] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(client, 'node');
    await other.create(path, text('theirs'), { parents: 'persistent', mode: 'ephemeral' });
    await client.sync(path);
    await using node = new PersistentNode(client, path, text('ours')).start();
    await node.waitForInitialCreate();
    const { data, stat } = await client.get(path);
    expect(utf8.decode(data)).toBe('ours');
    expect(stat.ephemeralOwner).toBe(other.session!.id);
    await other.close();
    await eventually(async () => (await client.exists(path))?.ephemeralOwner === client.session!.id);
  });

  it('replaces a node of somebody else once, when it is told so', async () => {
    const [client, other] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(client, 'node');
    await other.create(path, text('theirs'), { parents: 'persistent', mode: 'ephemeral' });
    await client.sync(path);
    await using node = new PersistentNode(client, path, text('ours'), { ifForeign: 'replace' }).start();
    await node.waitForInitialCreate();
    expect((await client.exists(path))!.ephemeralOwner).toBe(client.session!.id);
  });

  it('stays when it is closed, if it is told so', async () => {
    const client = await clients.open();
    const path = freshPath(client, 'node');
    const node = new PersistentNode(client, path, text('d'), { mode: 'persistent', deleteOnClose: false }).start();
    await node.waitForInitialCreate();
    await node.close();
    await node.close();
    expect(await client.exists(path)).not.toBeNull();
    await expect(node.setData(text('e'))).rejects.toMatchObject({ name: 'RecipeClosedError' });
  });

  it('tells what the server refuses, and tries again with new data', async () => {
    const client = await clients.open();
    const parent = freshPath(client, 'node');
    await client.create(parent, null, { parents: 'persistent', acl: [{ scheme: 'world', id: 'anyone', perms: 1 }] });
    await using node = new PersistentNode(client, `${parent}/n`, text('d')).start();
    await expect(node.waitForInitialCreate()).rejects.toMatchObject({ name: 'NOAUTH' });
    expect(node.state).toBe('refused');
    expect(node.error).toMatchObject({ name: 'NOAUTH' });
    await expect(node.setData(text('e'))).rejects.toMatchObject({ name: 'NOAUTH' });
  });

  it('waits no longer than it is told to', async () => {
    const client = await clients.open();
    const node = new PersistentNode(client, freshPath(client, 'node'), text('d'));
    await expect(node.waitForInitialCreate({ timeout: 10 })).rejects.toMatchObject({ name: 'OPERATIONTIMEOUT' });
    const reason = new Error('enough');
    await expect(node.waitForInitialCreate({ signal: AbortSignal.abort(reason) })).rejects.toMatchObject({
      name: 'AbortError',
      cause: reason,
    });
    await node.close();
  });
}

function ttlSuite(clients: RigClients): void {
  it('has a child that is written again and again', async () => {
    const client = await clients.open();
    const path = `${freshPath(client, 'ttl')}/node`;
    let node: PersistentTtlNode | undefined;
    try {
      node = new PersistentTtlNode(client, path, text('ttl-data'), { ttl: '1s', touchFactor: 0.05 }).start();
      await node.waitForInitialCreate();
    } catch (error) {
      // A server without extendedTypesEnabled says so.
      expect(error).toMatchObject({ name: 'UNIMPLEMENTED' });
      return void (await node!.close());
    }
    expect(utf8.decode((await client.get(path)).data)).toBe('ttl-data');
    await eventually(async () => ((await client.exists(`${path}/touch`))?.version ?? 0) >= 2);
    expect((await client.exists(path))!.version).toBe(0);
    await node.setData(text('more'));
    expect(utf8.decode((await client.get(path)).data)).toBe('more');
    await node.close();
    expect(await client.exists(path)).not.toBeNull();
  });
}

function groupSuite(clients: RigClients): void {
  it.each(['curator', 'party', 'shallowParty'] as const)('sees who comes and goes (%s)', async (dialect) => {
    const [a, b] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(a, 'group');
    await using first = new GroupMembership(a, path, { id: 'm-1', dialect });
    await using second = new GroupMembership(b, path, { id: 'm-2', dialect });
    await Promise.all([first.start(), second.start()]);
    const ids = (group: GroupMembership): string => [...group.members().keys()].join();
    expect(ids(first)).toBe('');
    await first.join();
    expect(ids(first)).toBe('m-1');
    await eventually(() => ids(second) === 'm-1');
    await second.join();
    await eventually(() => ids(first) === 'm-1,m-2' && ids(second) === 'm-1,m-2');
    await first.leave();
    await eventually(() => ids(second) === 'm-2');
    await first.join();
    await b.close();
    await eventually(() => ids(first) === 'm-1');
  });

  it('takes no id that would be a path: others would see its beginning', async () => {
    const client = await clients.open();
    const path = freshPath(client, 'group');
    expect(() => new GroupMembership(client, path, { id: 'rack/1' })).toThrow('"rack/1" is not a name');
    // There it is data, and may be anything.
    await using party = new GroupMembership(client, path, { id: 'rack/1', dialect: 'party' });
    await party.join();
    expect([...party.members().keys()]).toEqual(['rack/1']);
  });

  it.each([
    ['curator', /^m-1$/, ''],
    ['party', /^[0-9a-f]{32}__party__$/, 'm-1'],
    ['shallowParty', /^[0-9a-f]{32}-m-1$/, 'm-1'],
  ] as const)('writes what others of its kind expect (%s)', async (dialect, name, data) => {
    const client = await clients.open();
    const path = freshPath(client, 'group');
    await using group = new GroupMembership(client, path, { id: 'm-1', dialect });
    await group.join();
    const [child] = await childrenOf(client, path);
    expect(child).toMatch(name);
    const node = await client.get(`${path}/${child}`);
    expect(utf8.decode(node.data)).toBe(data);
    expect(node.stat.ephemeralOwner).toBe(client.session!.id);
  });

  it('tells what members say of themselves', async () => {
    const [a, b] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(a, 'group');
    const codec = json<{ readonly zone: string }>();
    await using first = new GroupMembership(a, path, { id: 'a', data: { zone: 'eu' }, codec });
    await using second = new GroupMembership(b, path, { codec });
    await second.start();
    const changes = second.changes[Symbol.asyncIterator]();
    await first.join();
    expect((await changes.next()).value.get('a')).toEqual({ id: 'a', data: { zone: 'eu' } });
    await first.setData({ zone: 'us' });
    expect((await changes.next()).value.get('a')).toEqual({ id: 'a', data: { zone: 'us' } });
    await changes.return!();
  });
}

function faultSuite(clients: RigClients, rig: RecipeRig): void {
  const { cut, expireSession } = rig.faults!;

  it.each(['ephemeral', 'ephemeralSequential'] as const)('is %s, and there again in a new session', async (mode) => {
    const [client, other] = await Promise.all([clients.open(), clients.open()]);
    const parent = freshPath(client, 'node');
    await using node = new PersistentNode(client, `${parent}/n`, text('1'), { mode }).start();
    const path = await node.waitForInitialCreate();
    const before = client.session!.id;
    await expireSession(client);
    await eventually(() => client.session !== undefined && client.session.id !== before);
    await eventually(async () => (await other.exists(path))?.ephemeralOwner === client.session?.id);
    expect(await childrenOf(other, parent)).toEqual([path.slice(parent.length + 1)]);
    await eventually(() => node.state === 'present');
  });

  it('is left as it is when the connection breaks and the session lives', async () => {
    const [client, other] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(client, 'node');
    await using node = new PersistentNode(client, path, text('1')).start();
    await node.waitForInitialCreate();
    await other.sync(path);
    const { czxid } = (await other.exists(path))!;
    cut(client);
    await node.setData(text('2'));
    const { data, stat } = await other.get(path, { linearizable: true });
    expect([utf8.decode(data), stat.czxid]).toEqual(['2', czxid]);
    cut(client);
    await other.delete(path);
    await eventually(async () => ((await other.exists(path))?.czxid ?? czxid) > czxid);
  });

  it('a member joins again in a new session', async () => {
    const [a, b] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(a, 'group');
    await using first = new GroupMembership(a, path, { id: 'a' });
    await using second = new GroupMembership(b, path, { id: 'b' });
    await Promise.all([first.start(), second.start(), first.join(), second.join()]);
    const before = a.session!.id;
    await expireSession(a);
    await eventually(() => a.session !== undefined && a.session.id !== before);
    await eventually(async () => (await b.exists(`${path}/a`))?.ephemeralOwner === a.session?.id);
    await eventually(() => second.members().size === 2);
    await eventually(() => first.members().size === 2);
    expect([...second.members().keys()]).toEqual(['a', 'b']);
    expect([...first.members().keys()]).toEqual(['a', 'b']);
  });
}
