import { utf8 } from '@zk/client-api';
import { ServiceDiscovery, type ServiceInstance, UriSpec, randomly, sticky } from '../../src/index.js';
import { type RecipeRig, RigClients, eventually, freshPath } from './rig.js';

/** What service discovery does on any server that speaks the protocol. */
export function describeDiscovery(rig: RecipeRig): void {
  describe(`service discovery on ${rig.name}`, () => {
    const clients = new RigClients(rig);
    afterEach(() => clients.close());

    registrationSuite(clients);
    describe('a service cache', () => cacheSuite(clients));
    describe('a service provider', () => providerSuite(clients));
    if (rig.faults !== undefined) describe('under faults', () => faultSuite(clients, rig));
  });
}

const ids = (instances: readonly ServiceInstance[]): string => instances.map(({ id }) => id).join();

function registrationSuite(clients: RigClients): void {
  it("writes Curator's JSON at Curator's path, and removes it", async () => {
    const [client, other] = await Promise.all([clients.open(), clients.open()]);
    const base = freshPath(client, 'services');
    const discovery = new ServiceDiscovery(client, base);
    const registration = await discovery.register({
      name: 'api',
      id: 'i-min',
      address: '10.0.0.9',
      registrationTimeMs: 1700000000123,
    });
    expect(registration.path).toBe(`${base}/api/i-min`);
    const { data, stat } = await other.get(registration.path!, { linearizable: true });
    expect(utf8.decode(data)).toBe(
      '{"name":"api","id":"i-min","address":"10.0.0.9","port":null,"sslPort":null,"payload":null,' +
        '"registrationTimeUTC":1700000000123,"serviceType":"DYNAMIC","uriSpec":null}',
    );
    expect(stat.ephemeralOwner).toBe(client.session!.id);
    await registration.update({ port: 80, uriSpec: UriSpec.parse('{scheme}://{address}:{port}') });
    const there = new ServiceDiscovery(other, base);
    await other.sync(base);
    const found = (await there.instance('api', 'i-min'))!;
    expect(found.uriSpec!.build(found)).toBe('http://10.0.0.9:80');
    expect(await there.names()).toEqual(['api']);
    expect(ids(await there.instances('api'))).toBe('i-min');
    await registration.unregister();
    await other.sync(base);
    expect(await there.instances('api')).toEqual([]);
    expect(await there.instances('none')).toEqual([]);
    expect(await there.instance('api', 'i-min')).toBeUndefined();
  });

  it.each([
    ['DYNAMIC', true, 'i'],
    ['DYNAMIC_SEQUENTIAL', true, 'i0000000000'],
    ['STATIC', false, 'i'],
    ['PERMANENT', false, 'i'],
  ] as const)('a %s instance has the node that Curator gives it', async (serviceType, isEphemeral, name) => {
    const client = await clients.open();
    const base = freshPath(client, 'services');
    await using discovery = new ServiceDiscovery(client, base);
    const registration = await discovery.register({ name: 'api', id: 'i', serviceType });
    expect(registration.path).toBe(`${base}/api/${name}`);
    const stat = (await client.exists(registration.path!))!;
    expect(stat.ephemeralOwner !== 0n).toBe(isEphemeral);
    expect(registration.instance.id).toBe('i');
    await discovery.close();
    expect(await client.exists(registration.path!)).toBeNull();
  });

  it('takes over what others write into a node, if it is told so', async () => {
    const [client, other] = await Promise.all([clients.open(), clients.open()]);
    const base = freshPath(client, 'services');
    await using discovery = new ServiceDiscovery(client, base, { watchInstances: true, withEnabled: true });
    const registration = await discovery.register({ name: 'api', id: 'i' });
    const disabled = { ...registration.instance, enabled: false };
    await other.set(registration.path!, discovery.codec.encode(disabled));
    await eventually(() => !registration.instance.enabled);
    expect(registration.instance).toEqual(disabled);
    await client.delete(registration.path!);
    await eventually(async () => (await client.exists(registration.path!)) !== null);
    expect(await discovery.instance('api', 'i')).toEqual(disabled);
  });

  it('keeps what was written last, also when changes follow each other quickly', async () => {
    const [client, other] = await Promise.all([clients.open(), clients.open()]);
    const base = freshPath(client, 'services');
    await using discovery = new ServiceDiscovery(client, base, { watchInstances: true });
    const registration = await discovery.register({ name: 'api', id: 'i' });
    const portNow = async (): Promise<unknown> => (await discovery.instance('api', 'i'))!.port;
    let last: Promise<void> = Promise.resolve();
    for (let port = 1; port <= 10; port++) {
      last = registration.update({ port });
      await other.sync();
    }
    await last;
    await Promise.all([client.sync(), other.sync()]);
    expect([registration.instance.port, await portNow()]).toEqual([10, 10]);
    const written = [11, 12, 13].map((port) => discovery.codec.encode({ ...registration.instance, port }));
    await Promise.all(written.map((data) => other.set(registration.path!, data)));
    await eventually(() => registration.instance.port === 13);
    expect(await portNow()).toBe(13);
    expect((await client.exists(registration.path!))!.version).toBeLessThanOrEqual(13);
  });

  it('withdraws what was cancelled', async () => {
    const client = await clients.open();
    const base = freshPath(client, 'services');
    const discovery = new ServiceDiscovery(client, base);
    await expect(discovery.register({ name: 'api' }, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    });
    await eventually(async () => (await discovery.instances('api')).length === 0);
  });
}

function cacheSuite(clients: RigClients): void {
  it('has the instances, follows them, and leaves out what is none', async () => {
    const [client, other] = await Promise.all([clients.open(), clients.open()]);
    const base = freshPath(client, 'services');
    await using discovery = new ServiceDiscovery(client, base);
    await using cache = new ServiceDiscovery(other, base).cache('api');
    const problems: string[] = [];
    cache.problems$.subscribe(({ path }) => problems.push(path));
    await cache.start();
    expect(cache.instances()).toEqual([]);
    const changes = cache.changes[Symbol.asyncIterator]();
    await discovery.register({ name: 'api', id: 'b', port: 1 });
    expect(ids((await changes.next()).value)).toBe('b');
    await changes.return!();
    const registration = await discovery.register({ name: 'api', id: 'a' });
    await discovery.register({ name: 'web', id: 'c' });
    await client.create(`${base}/api/junk`, utf8.encode('junk'));
    await eventually(() => problems.length === 1 && cache.instances().length === 2);
    expect(ids(cache.instances())).toBe('a,b');
    expect(cache.instances()).toBe(cache.instances());
    await registration.update({ port: 7 });
    await eventually(() => cache.instances()[0]?.port === 7);
    await registration.unregister();
    await eventually(() => ids(cache.instances()) === 'b');
  });
}

function providerSuite(clients: RigClients): void {
  const open = async (strategy: 'roundRobin' | 'randomly' | 'sticky') => {
    const client = await clients.open();
    const discovery = new ServiceDiscovery<{ zone: string }>(client, freshPath(client, 'services'), {
      withEnabled: true,
    });
    for (const id of ['a', 'b', 'c']) await discovery.register({ name: 'api', id, payload: { zone: id } });
    const strategies = { roundRobin: {}, randomly: { strategy: randomly() }, sticky: { strategy: sticky() } };
    const provider = discovery.provider('api', strategies[strategy] as object);
    await provider.start();
    return { discovery, provider };
  };

  it('goes round, and leaves out what has failed twice, is disabled, or is filtered', async () => {
    const { discovery, provider } = await open('roundRobin');
    const next = (): string | undefined => provider.getInstance()?.id;
    expect([next(), next(), next(), next()]).toEqual(['a', 'b', 'c', 'a']);
    provider.noteError({ id: 'b' });
    expect(ids(provider.getInstances())).toBe('a,b,c');
    provider.noteError({ id: 'b' });
    expect(ids(provider.getInstances())).toBe('a,c');
    const filtered = discovery.provider('api', {
      filters: [({ payload }) => payload!.zone !== 'c'],
      downAfter: false,
    });
    await filtered.start();
    for (let i = 0; i < 3; i++) filtered.noteError({ id: 'a' });
    expect(ids(filtered.getInstances())).toBe('a,b');
    await discovery.register({ name: 'api', id: 'd', enabled: false, payload: { zone: 'd' } });
    await eventually(() => provider.cache.instances().length === 4);
    expect(ids(provider.getInstances())).toBe('a,c');
    await filtered.close();
    await provider.close();
  });

  it('picks any', async () => {
    const { provider } = await open('randomly');
    const seen = new Set<string>();
    while (seen.size < 3) seen.add(provider.getInstance()!.id);
    expect([...seen].sort()).toEqual(['a', 'b', 'c']);
    await provider.close();
  });

  it('stays with one as long as that may be used', async () => {
    const { provider } = await open('sticky');
    const first = provider.getInstance()!.id;
    expect(provider.getInstance()!.id).toBe(first);
    provider.noteError({ id: first });
    provider.noteError({ id: first });
    const second = provider.getInstance()!.id;
    expect(second).not.toBe(first);
    expect(provider.getInstance()!.id).toBe(second);
    await provider.close();
  });

  it('has none when there is none', async () => {
    const client = await clients.open();
    await using provider = new ServiceDiscovery(client, freshPath(client, 'services')).provider('api');
    await provider.start();
    expect(provider.getInstance()).toBeUndefined();
  });
}

function faultSuite(clients: RigClients, rig: RecipeRig): void {
  it('registers again in a new session', async () => {
    const [client, other] = await Promise.all([clients.open(), clients.open()]);
    const base = freshPath(client, 'services');
    await using discovery = new ServiceDiscovery(client, base);
    const registration = await discovery.register({ name: 'api', id: 'i', port: 1 });
    await registration.update({ port: 2 });
    const before = client.session!.id;
    await rig.faults!.expireSession(client);
    await eventually(() => client.session !== undefined && client.session.id !== before);
    await eventually(async () => (await other.exists(`${base}/api/i`))?.ephemeralOwner === client.session?.id);
    expect((await new ServiceDiscovery(other, base).instance('api', 'i'))!.port).toBe(2);
  });
}
