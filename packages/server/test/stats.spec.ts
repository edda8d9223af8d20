import { CreateMode, OPEN_ACL_UNSAFE, type Stat } from '@zk/model';
import type { RawClient } from '@zk/test-client';
import { Harness } from './harness.js';
import { seedCreate, seededStorage } from './seeded-storage.js';

type Changes = Partial<Record<keyof Stat, number | bigint | 'zxid' | 'now'>>;

/** What each operation changes in the Stat of a znode, and of its parent; everything it does not name stays. */
const cases: readonly [name: string, change: (c: RawClient) => Promise<unknown>, ofNode: Changes, ofParent: Changes][] =
  [
    ['setData', (c) => c.setData('/p/n', 'four'), { mzxid: 'zxid', mtime: 'now', version: 2, dataLength: 4 }, {}],
    ['setData of the same data', (c) => c.setData('/p/n', 'ab'), { mzxid: 'zxid', mtime: 'now', version: 2 }, {}],
    ['setData of null', (c) => c.setData('/p/n', null), { mzxid: 'zxid', mtime: 'now', version: 2, dataLength: 0 }, {}],
    ['setACL', (c) => c.setACL('/p/n', OPEN_ACL_UNSAFE), { aversion: 1 }, {}],
    ['create of a child', (c) => c.create('/p/n/y'), { cversion: 2, pzxid: 'zxid', numChildren: 2 }, {}],
    [
      'create of a sequential child',
      (c) => c.create('/p/n/y', null, { flags: 2 }),
      { cversion: 2, pzxid: 'zxid', numChildren: 2 },
      {},
    ],
    ['delete of a child', (c) => c.delete('/p/n/x'), { cversion: 2, pzxid: 'zxid', numChildren: 0 }, {}],
    ['create of a grandchild', (c) => c.create('/p/n/x/z'), {}, {}],
    ['setData of a child', (c) => c.setData('/p/n/x', 'z'), {}, {}],
    ['setACL of a child', (c) => c.setACL('/p/n/x', OPEN_ACL_UNSAFE), {}, {}],
    ['create of a sibling', (c) => c.create('/p/m'), {}, { cversion: 2, pzxid: 'zxid', numChildren: 2 }],
    ['a check in a multi', (c) => c.multi([{ op: 'check', path: '/p/n', version: 1 }]), {}, {}],
    ['getData', (c) => c.getData('/p/n', true), {}, {}],
    ['a refused setData', (c) => c.setData('/p/n', 'no', 7).catch(() => undefined), {}, {}],
    ['a refused create', (c) => c.create('/p/n').catch(() => undefined), {}, {}],
    [
      'a failed multi',
      (c) =>
        c.multi([
          { op: 'setData', path: '/p/n', data: null, version: -1 },
          { op: 'create', path: '/p/n/w', data: null, acl: OPEN_ACL_UNSAFE, flags: 0 },
          { op: 'check', path: '/p', version: 9 },
        ]),
      {},
      {},
    ],
    [
      'a multi of two changes',
      (c) =>
        c.multi([
          { op: 'setData', path: '/p/n', data: null, version: 1 },
          { op: 'setData', path: '/p/n', data: new Uint8Array(7), version: 2 },
          { op: 'delete', path: '/p/n/x', version: -1 },
          { op: 'create', path: '/p/n/x', data: null, acl: OPEN_ACL_UNSAFE, flags: 0 },
        ]),
      { mzxid: 'zxid', pzxid: 'zxid', mtime: 'now', version: 3, cversion: 3, dataLength: 7 },
      {},
    ],
  ];

describe('the Stat of a znode', () => {
  let harness: Harness;
  let client: RawClient;

  beforeEach(async () => {
    harness = await Harness.inVirtualTime().start();
    client = await harness.connect();
  });

  afterEach(() => harness.end());

  it.each(cases)('after %s', async (_, change, ofNode, ofParent) => {
    await client.create('/p');
    await client.create('/p/n');
    await client.setData('/p/n', 'ab');
    await client.create('/p/n/x');
    const nodeBefore = await client.exists('/p/n');
    const parentBefore = await client.exists('/p');
    await harness.time.advance(1234);
    await change(client);
    const changedAt = { zxid: harness.server.lastZxid, now: BigInt(harness.time.wallMs()) };
    const expected = (before: Stat, changes: Changes): Stat =>
      Object.fromEntries(
        Object.entries({ ...before, ...changes }).map(([field, value]) => [
          field,
          value === 'zxid' || value === 'now' ? changedAt[value] : value,
        ]),
      ) as unknown as Stat;
    expect(await client.exists('/p/n')).toEqual(expected(nodeBefore, ofNode));
    expect(await client.exists('/p')).toEqual(expected(parentBefore, ofParent));
  });

  it.each([
    ['persistent', (c: RawClient) => c.create2('/n', 'abc', { flags: CreateMode.persistent }), false],
    ['ephemeral', (c: RawClient) => c.create2('/n', 'abc', { flags: CreateMode.ephemeral }), true],
    ['container', (c: RawClient) => c.createContainer('/n', 'abc'), false],
    ['container with ephemeral flags', (c: RawClient) => c.createContainer('/n', 'abc', { flags: 1 }), false],
    ['TTL', (c: RawClient) => c.createTTL('/n', 5000, 'abc'), false],
  ])('of a new %s znode says when it was made, and by whom only for ephemerals', async (_, create, isOwned) => {
    await harness.time.advance(77);
    const { stat } = await create(client);
    const zxid = harness.server.lastZxid;
    const now = BigInt(harness.time.wallMs());
    expect(stat).toEqual({
      czxid: zxid,
      mzxid: zxid,
      ctime: now,
      mtime: now,
      version: 0,
      cversion: 0,
      aversion: 0,
      ephemeralOwner: isOwned ? client.sessionId : 0n,
      dataLength: 3,
      numChildren: 0,
      pzxid: zxid,
    });
    expect(await client.exists('/n')).toEqual(stat);
  });

  it.each(['/', '/zookeeper', '/zookeeper/quota'])('of %s is nothing but zeros at birth', async (path) => {
    const { numChildren, cversion, ...rest } = await client.exists(path);
    expect(Object.values(rest).every((value) => BigInt(value) === 0n)).toBe(true);
    expect({ numChildren, cversion }).toEqual(
      { '/': { numChildren: 1, cversion: -1 }, '/zookeeper': { numChildren: 2, cversion: -2 } }[path] ?? {
        numChildren: 0,
        cversion: 0,
      },
    );
  });

  it('counts children created and deleted in the visible cversion', async () => {
    await client.create('/p');
    for (let i = 0; i < 8; i++) await client.create(`/p/${i}`);
    expect(await client.exists('/p')).toMatchObject({ cversion: 8, numChildren: 8 });
    await client.delete('/p/3');
    expect(await client.exists('/p')).toMatchObject({ cversion: 9, numChildren: 7 });
  });

  it('keeps null data apart from no data', async () => {
    await client.create('/null', null);
    await client.create('/empty', '');
    expect((await client.getData('/null')).data).toBeNull();
    expect((await client.getData('/empty')).data).toEqual(new Uint8Array());
    expect([(await client.exists('/null')).dataLength, (await client.exists('/empty')).dataLength]).toEqual([0, 0]);
  });
});

describe('versions', () => {
  it.each([
    [2147483647, -2147483648],
    [-2, -1],
    [-1, 0],
  ])('go on from %i to %i', async (version, next) => {
    const storage = await seededStorage([
      { zxid: 1n, body: seedCreate('/v', 1) },
      { zxid: 2n, body: { kind: 'setData', path: '/v', data: null, version } },
    ]);
    const harness = await new Harness({ storage }).start();
    const client = await harness.connect();
    expect((await client.exists('/v')).version).toBe(version);
    expect((await client.setData('/v', 'x', version)).version).toBe(next);
    await harness.stop();
  });
});
