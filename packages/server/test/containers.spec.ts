import type { MultiOp } from '@zk/jute';
import { CreateMode, ErrorCode, OPEN_ACL_UNSAFE } from '@zk/model';
import type { RawClient } from '@zk/test-client';
import { Harness } from './harness.js';
import { outcome } from './outcomes.js';

const MINUTE = 60_000;

describe('containers and TTL nodes', () => {
  let harness: Harness;
  let client: RawClient;

  async function start(options: ConstructorParameters<typeof Harness>[0] = {}): Promise<void> {
    harness = await Harness.inVirtualTime({
      ...options,
      options: { maxSessionTimeoutMs: 1e9, ...options.options },
    }).start();
    client = await harness.connect({ timeoutMs: 1e9 });
  }

  afterEach(() => harness.end());

  const exists = async (path: string): Promise<boolean> => (await outcome(client.exists(path))) === 'OK';

  it('a container goes when its last child has gone, at the next look', async () => {
    await start();
    await client.createContainer('/c');
    await client.create('/c/x');
    await harness.time.advance(3 * MINUTE);
    expect(await exists('/c')).toBe(true);
    await client.delete('/c/x');
    await client.exists('/c', true);
    await client.getChildren('/', true);
    expect(await exists('/c')).toBe(true);
    await harness.time.advance(MINUTE);
    expect(await exists('/c')).toBe(false);
    expect(client.takeEvents().map((e) => e.path)).toEqual(['/c', '/']);
  });

  it('a container that never had a child stays', async () => {
    await start();
    await client.createContainer('/c');
    await harness.time.advance(10 * MINUTE);
    expect(await exists('/c')).toBe(true);
  });

  it('a container that never had a child goes after a time, if there is one', async () => {
    await start({ options: { containerMaxNeverUsedMs: 5 * MINUTE } });
    await client.createContainer('/c');
    await harness.time.advance(5 * MINUTE);
    expect(await exists('/c')).toBe(true);
    await harness.time.advance(MINUTE + 1);
    expect(await exists('/c')).toBe(false);
  });

  it.each([
    [
      'create with the flag of a container makes',
      (c: RawClient) => c.create('/c', null, { flags: CreateMode.container }),
    ],
    [
      'create2 with the flag of a container makes',
      (c: RawClient) => c.create2('/c', null, { flags: CreateMode.container }),
    ],
  ])('%s something persistent', async (_, create) => {
    await start();
    await create(client);
    await client.create('/c/x');
    await client.delete('/c/x');
    await harness.time.advance(10 * MINUTE);
    expect(await exists('/c')).toBe(true);
  });

  it.each([0, 1, 3])('createContainer with flags %i makes a container', async (flags) => {
    await start();
    const { path, stat } = await client.createContainer('/c', null, { flags });
    expect(stat.ephemeralOwner).toBe(0n);
    await client.create(`${path}/x`);
    await client.delete(`${path}/x`);
    await harness.time.advance(2 * MINUTE);
    expect(await exists(path)).toBe(false);
  });

  describe('in a multi', () => {
    const part = (op: string, flags: number): MultiOp =>
      ({ op, path: '/c', data: null, acl: OPEN_ACL_UNSAFE, flags, ttl: BigInt(MINUTE) }) as MultiOp;

    it.each([
      ['create', 4],
      ['create2', 4],
      ['createContainer', 4],
      ['createContainer', 0],
      ['createTTL', 4],
    ])('%s with flags %i makes a container', async (op, flags) => {
      await start();
      const results = await client.multi([part(op, flags)]);
      expect(results).toEqual([expect.objectContaining({ op: 'create2', path: '/c' })]);
      await harness.time.advance(5 * MINUTE);
      await client.create('/c/x');
      await client.delete('/c/x');
      await harness.time.advance(MINUTE);
      expect(await exists('/c')).toBe(false);
    });

    it.each([
      [0, false],
      [1, true],
    ])('createTTL with flags %i makes what has no time to live', async (flags, isEphemeral) => {
      await start();
      expect(await client.multi([part('createTTL', flags)])).toEqual([{ op: 'create', path: '/c' }]);
      expect((await client.exists('/c')).ephemeralOwner).toBe(isEphemeral ? client.sessionId : 0n);
      await harness.time.advance(10 * MINUTE);
      expect(await exists('/c')).toBe(true);
    });

    it.each([
      ['create', 5],
      ['create2', 6],
      ['createContainer', 5],
    ])('%s with flags %i, of what has a time to live, cannot be decoded', async (op, flags) => {
      await start();
      expect(await outcome(client.multi([part('create', 0), part(op, flags)]))).toBe('MARSHALLINGERROR');
      expect(await exists('/c')).toBe(false);
    });

    it.each([[-1], [7]])('createTTL with flags %i is refused', async (flags) => {
      await start();
      expect(await client.multi([part('createTTL', flags)])).toEqual([{ op: 'error', err: ErrorCode.BADARGUMENTS }]);
    });
  });

  it('a TTL node goes when nobody has changed it for its time and it has no children', async () => {
    await start();
    await client.createTTL('/t', 3 * MINUTE, 'x');
    await client.createTTL('/kept', 3 * MINUTE);
    await client.create('/kept/child');
    await harness.time.advance(2 * MINUTE);
    await client.setData('/t', 'y');
    await harness.time.advance(2 * MINUTE);
    expect(await exists('/t')).toBe(true);
    await harness.time.advance(3 * MINUTE);
    expect(await exists('/t')).toBe(false);
    expect(await exists('/kept')).toBe(true);
    await client.delete('/kept/child');
    await harness.time.advance(2 * MINUTE);
    expect(await exists('/kept')).toBe(false);
  });

  it.each([
    ['written', (path: string) => client.setData(path, 'y')],
    ['deleted and created for good', (path: string) => client.delete(path).then(() => client.create(path))],
  ])('a TTL node that is %s before its removal has its turn stays', async (_, change) => {
    await start({ options: { containerMaxPerMinute: 2 } });
    for (const path of ['/one', '/two']) await client.createTTL(path, MINUTE / 2);
    await harness.time.advance(MINUTE);
    const left = (await client.getChildren('/')).find((name) => name === 'one' || name === 'two')!;
    await change(`/${left}`);
    await harness.time.advance(MINUTE / 2);
    expect(await exists(`/${left}`)).toBe(true);
  });

  it('age is measured on the wall clock', async () => {
    await start();
    await client.createTTL('/t', 1000 * MINUTE);
    harness.time.jumpWall(1001 * MINUTE);
    await harness.time.advance(MINUTE);
    expect(await exists('/t')).toBe(false);
  });

  it('a restart does not make them younger', async () => {
    await start();
    await client.createTTL('/t', 5 * MINUTE);
    await client.createContainer('/c');
    await client.create('/c/x');
    await client.delete('/c/x');
    await harness.restart();
    harness.time.jumpWall(5 * MINUTE);
    await harness.time.advance(MINUTE + 100);
    client = await harness.connect({ timeoutMs: 1e9 });
    expect(await client.getChildren('/')).toEqual(['zookeeper']);
  });

  it('many are removed one after the other, no faster than told', async () => {
    await start({ options: { containerMaxPerMinute: 60 } });
    await client.create('/d');
    for (let i = 0; i < 10; i++) await client.createTTL(`/d/${i}`, 1000);
    await harness.time.advance(MINUTE - 1);
    expect((await client.exists('/d')).numChildren).toBe(10);
    await harness.time.advance(1 + 2_500);
    expect((await client.exists('/d')).numChildren).toBe(7);
    await harness.time.advance(10_000);
    expect((await client.exists('/d')).numChildren).toBe(0);
  });

  it('one that is used again before its turn is spared', async () => {
    await start({ options: { containerMaxPerMinute: 60 } });
    for (const name of ['a', 'b']) {
      await client.createContainer(`/${name}`);
      await client.create(`/${name}/x`);
      await client.delete(`/${name}/x`);
    }
    await harness.time.advance(MINUTE);
    const left = (await exists('/a')) ? '/a' : '/b';
    await client.create(`${left}/again`);
    await harness.time.advance(5_000);
    expect(await exists(left)).toBe(true);
    expect(await exists(left === '/a' ? '/b' : '/a')).toBe(false);
  });

  it('are not touched while the log takes no writes', async () => {
    await start();
    await client.createTTL('/t', 1000);
    harness.storage.failWrites(new Error('no space'));
    await outcome(client.create('/x'));
    await harness.time.advance(2 * MINUTE);
    expect(await exists('/t')).toBe(true);
    harness.storage.allowWrites();
    await harness.time.advance(MINUTE);
    expect(await exists('/t')).toBe(false);
    harness.log.errors.length = 0;
  });

  it('look like persistent ones from outside', async () => {
    await start();
    await client.createTTL('/t', 60_000);
    await client.createContainer('/c');
    for (const path of ['/t', '/c']) expect((await client.exists(path)).ephemeralOwner).toBe(0n);
    expect(await client.getEphemerals()).toEqual([]);
    await client.create('/t/child');
    await client.create('/c/child', null, { flags: CreateMode.ephemeral });
    await client.close();
    client = await harness.connect({ timeoutMs: 1e9 });
    expect([await client.getChildren('/t'), await client.getChildren('/c')]).toEqual([['child'], []]);
  });
});
