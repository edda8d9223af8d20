import { type MultiOp, RecordWriter } from '@zk/jute';
import { type Acl, CreateMode, OPEN_ACL_UNSAFE, OpCode } from '@zk/model';
import type { RawClient } from '@zk/test-client';
import { Harness } from './harness.js';
import { outcome, text, utf8 } from './outcomes.js';

const create = (path: string, flags = 0, acl: readonly Acl[] | null = OPEN_ACL_UNSAFE): MultiOp => ({
  op: 'create',
  path,
  data: null,
  acl,
  flags,
});
const setData = (path: string, data: string | null, version = -1): MultiOp => ({
  op: 'setData',
  path,
  data: data === null ? null : utf8(data),
  version,
});
const remove = (path: string, version = -1): MultiOp => ({ op: 'delete', path, version });
const check = (path: string, version = -1): MultiOp => ({ op: 'check', path, version });

/** The body of a multi written by hand: header, record, header, record, …, end. */
function body(parts: readonly (readonly [type: number, write: (w: RecordWriter) => unknown])[]): Uint8Array {
  const writer = new RecordWriter();
  for (const [type, write] of parts) {
    writer.int32(type).boolean(false).int32(-1);
    write(writer);
  }
  return writer.int32(-1).boolean(true).int32(-1).bytes();
}

/** A server with `/a`, and `/closed` that nobody may touch, and a client of it. */
async function opened(): Promise<{ harness: Harness; client: RawClient }> {
  const harness = await new Harness().start();
  const client = await harness.connect();
  await client.create('/a', 'one');
  await client.create('/closed', null, { acl: [{ perms: 31, scheme: 'digest', id: 'x:y' }] });
  return { harness, client };
}

describe('multi', () => {
  let harness: Harness;
  let client: RawClient;

  beforeEach(async () => {
    ({ harness, client } = await opened());
  });

  afterEach(() => harness.end());

  it('does everything with one zxid and answers each part', async () => {
    const before = harness.server.lastZxid;
    const results = await client.multi([
      create('/m'),
      { ...create('/m/two'), op: 'create2' } as MultiOp,
      { ...create('/m/container', 4), op: 'createContainer' } as MultiOp,
      { ...create('/m/ttl', 5), op: 'createTTL', ttl: 5000n } as MultiOp,
      setData('/a', 'two', 0),
      check('/a', 1),
      remove('/m/two'),
    ]);
    const zxid = before + 1n;
    expect(harness.server.lastZxid).toBe(zxid);
    const fresh = { czxid: zxid, mzxid: zxid, pzxid: zxid, version: 0, ephemeralOwner: 0n };
    expect(results).toEqual([
      { op: 'create', path: '/m' },
      { op: 'create2', path: '/m/two', stat: expect.objectContaining(fresh) },
      { op: 'create2', path: '/m/container', stat: expect.objectContaining(fresh) },
      { op: 'create2', path: '/m/ttl', stat: expect.objectContaining(fresh) },
      { op: 'setData', stat: expect.objectContaining({ version: 1, mzxid: zxid, dataLength: 3 }) },
      { op: 'check' },
      { op: 'delete' },
    ]);
    const { mtime } = await client.exists('/a');
    expect((await client.exists('/m/ttl')).ctime).toBe(mtime);
  });

  it('without parts succeeds, takes a zxid, and answers with its end only', async () => {
    const before = harness.server.lastZxid;
    const reply = await client.request(OpCode.multi, body([]));
    expect(reply).toMatchObject({ err: 0, zxid: before + 1n });
    expect([...reply.body]).toEqual([255, 255, 255, 255, 1, 255, 255, 255, 255]);
  });

  it.each([
    ['first', [check('/a', 5), create('/x'), remove('/a')], [-103, -2, -2]],
    ['in the middle', [create('/x'), check('/a', 5), create('/y')], [0, -103, -2]],
    ['last', [create('/x'), setData('/a', 'z'), create('/x')], [0, 0, -110]],
    ['of permission', [setData('/a', 'z'), setData('/closed', '')], [0, -102]],
    ['of existence', [remove('/none'), remove('/a')], [-101, -2]],
    ['of the parent', [create('/p'), create('/q/r')], [0, -101]],
    ['of the ACL', [create('/p', 0, [])], [-114]],
    ['of the path', [create('/p'), setData('/p/', '')], [0, -8]],
    ['of a special znode', [remove('/zookeeper')], [-8]],
    ['of children', [create('/a/c'), remove('/a')], [0, -111]],
    ['of an ephemeral parent', [create('/e', 1), create('/e/c')], [0, -108]],
  ] as const)('fails as a whole when a part fails: %s', async (_, ops, errors) => {
    const before = harness.server.lastZxid;
    const children = (await client.getChildren('/')).toSorted();
    const reply = await client.multi(ops);
    expect(reply).toEqual(errors.map((err) => ({ op: 'error', err })));
    expect(harness.server.lastZxid).toBe(before + 1n);
    expect((await client.getChildren('/')).toSorted()).toEqual(children);
    expect(text((await client.getData('/a')).data)).toBe('one');
    expect(await client.exists('/a')).toMatchObject({ version: 0, cversion: 0 });
  });

  it('has the bytes of a failure that clients know', async () => {
    const { err, body: reply } = await client.request(
      OpCode.multi,
      body([
        [5, (w) => w.ustring('/a').int32(-1).int32(0)],
        [13, (w) => w.ustring('/a').int32(9)],
        [2, (w) => w.ustring('/a').int32(0)],
        [2, (w) => w.ustring('/a').int32(0)],
      ]),
    );
    expect(err).toBe(0);
    expect(Buffer.from(reply).toString('hex')).toBe(
      [
        'ffffffff 00 00000000 00000000',
        'ffffffff 00 ffffff99 ffffff99',
        'ffffffff 00 fffffffe fffffffe',
        'ffffffff 00 fffffffe fffffffe',
        'ffffffff 01 ffffffff',
      ]
        .join('')
        .replaceAll(' ', ''),
    );
  });

  it('sees its own changes', async () => {
    expect(
      await client.multi([
        setData('/a', 'x', 0),
        check('/a', 1),
        setData('/a', 'y', 1),
        create('/a/c'),
        remove('/a/c', 0),
        remove('/a', 2),
        create('/a'),
        setData('/a', 'new', 0),
        check('/a', 1),
      ]),
    ).toHaveLength(9);
    expect(await client.exists('/a')).toMatchObject({ version: 1, cversion: 0, dataLength: 3 });
  });

  it.each([
    ['setACL', body([[7, (w) => w.ustring('/a').int32(1).int32(31).ustring('world').ustring('anyone').int32(-1)]])],
    ['exists', body([[3, (w) => w.ustring('/a').boolean(false)]])],
    ['getData', body([[4, (w) => w.ustring('/a').boolean(false)]])],
    ['sync', body([[9, (w) => w.ustring('/a')]])],
    ['a multi', body([[14, (w) => w]])],
    ['an unknown type', body([[77, (w) => w]])],
    ['deleteContainer', body([[20, (w) => w.ustring('/a')]])],
    ['unknown flags', body([[1, (w) => w.ustring('/b').int32(-1).int32(0).int32(9)]])],
    ['a null path', body([[2, (w) => w.int32(-1).int32(-1)]])],
    ['a record that ends early', body([[2, (w) => w.ustring('/a')]]).slice(0, -9)],
    ['no end', body([[2, (w) => w.ustring('/a').int32(-1)]]).slice(0, -9)],
    ['nothing at all', new Uint8Array()],
    [
      'a read behind a write',
      body([
        [2, (w) => w.ustring('/a').int32(-1)],
        [4, (w) => w.ustring('/a').boolean(false)],
      ]),
    ],
  ])('with %s is refused as a whole, with a zxid of its own', async (_, record) => {
    const before = harness.server.lastZxid;
    const reply = await client.request(OpCode.multi, record);
    expect(reply).toMatchObject({ err: -5, zxid: before + 1n });
    expect(reply.body).toHaveLength(0);
    expect(await outcome(client.exists('/a'))).toBe('OK');
  });

  it('ignores the error of the headers, and the type of the end', async () => {
    const writer = new RecordWriter().int32(2).boolean(false).int32(77).ustring('/a').int32(-1);
    const reply = await client.request(OpCode.multi, writer.int32(99).boolean(true).int32(5).bytes());
    expect(reply.err).toBe(0);
    expect(await outcome(client.exists('/a'))).toBe('NONODE');
  });

  it('that failed leaves no trace for what is pipelined behind it', async () => {
    const calls = [
      client.multi([create('/t'), setData('/a', 'lost'), create('/t/u'), check('/a', 77)]),
      client.multi([create('/t'), setData('/a', 'kept', 0)]),
      client.multi([remove('/a'), create('/a'), remove('/t'), check('/none')]),
      client.multi([remove('/t'), create('/t', CreateMode.ephemeral)]),
    ];
    const [first, second, third, fourth] = await Promise.all(calls);
    expect(first!.map((r) => (r.op === 'error' ? r.err : 0))).toEqual([0, 0, 0, -103]);
    expect(second!.map((r) => r.op)).toEqual(['create', 'setData']);
    expect(third!.map((r) => (r.op === 'error' ? r.err : 0))).toEqual([0, 0, 0, -101]);
    expect(fourth!.map((r) => r.op)).toEqual(['delete', 'create']);
    expect(text((await client.getData('/a')).data)).toBe('kept');
    expect((await client.exists('/t')).ephemeralOwner).toBe(client.sessionId);
  });

  it('is rolled back over changes of others that are still on their way', async () => {
    const other = await harness.connect();
    harness.storage.holdSyncs();
    const mine = client.create('/shared');
    const theirs = other.multi([create('/shared/x'), setData('/a', 'other'), check('/none')]);
    const after = client.create('/shared/x', 'mine');
    await harness.storage.heldSync();
    harness.storage.releaseSyncs();
    expect(await mine).toBe('/shared');
    await theirs;
    expect(await after).toBe('/shared/x');
    expect(text((await client.getData('/a')).data)).toBe('one');
    expect(await client.exists('/shared')).toMatchObject({ cversion: 1, numChildren: 1 });
  });

  it('lets one session take turns with an optimistic lock', async () => {
    const others = await Promise.all(Array.from({ length: 4 }, () => harness.connect()));
    await client.create('/counter', '0');
    let attempts = 0;
    await Promise.all(
      others.map(async (c) => {
        for (let done = 0; done < 10; attempts++) {
          const { data, stat } = await c.getData('/counter');
          const [result] = await c.multi([setData('/counter', String(Number(text(data)) + 1), stat.version)]);
          if (result!.op === 'setData') done++;
        }
      }),
    );
    expect(text((await client.getData('/counter')).data)).toBe('40');
    expect(attempts).toBeGreaterThanOrEqual(40);
  });

  it('takes as many parts as a frame holds', async () => {
    const ops = Array.from({ length: 5_000 }, (_, i) => create(`/a/n${i}`));
    expect(await client.multi(ops)).toHaveLength(5_000);
    expect(await client.exists('/a')).toMatchObject({ cversion: 5_000, numChildren: 5_000 });
    const failed = await client.multi([...ops.map((op) => ({ ...op, path: `${op.path}b` })), check('/none')]);
    expect(failed.filter((r) => r.op === 'error' && r.err === 0)).toHaveLength(5_000);
    expect((await client.exists('/a')).numChildren).toBe(5_000);
  });

  it('ends its answer however many parts it has', async () => {
    for (let count = 1; count <= 300; count++) {
      const parts = Array.from({ length: count }, () => check('/a'));
      expect(await client.multi(parts)).toHaveLength(count);
    }
  });

  it('ends its answer however long a path in it is', async () => {
    const path = `/${'n'.repeat(5_000)}`;
    expect(await client.multi([create(path)])).toEqual([{ op: 'create', path }]);
  });
});

describe('multiRead', () => {
  let harness: Harness;
  let client: RawClient;

  beforeEach(async () => {
    ({ harness, client } = await opened());
    await client.create('/a/b');
  });

  afterEach(() => harness.end());

  it('answers each part for itself, sets no watch, takes no zxid', async () => {
    const before = harness.server.lastZxid;
    const results = await client.multiRead([
      { op: 'getData', path: '/a', watch: true },
      { op: 'getData', path: '/none', watch: true },
      { op: 'getChildren', path: '/a', watch: true },
      { op: 'getChildren', path: '/closed', watch: true },
      { op: 'getData', path: '/a/b', watch: true },
    ]);
    expect(results).toEqual([
      { op: 'getData', data: utf8('one'), stat: await client.exists('/a') },
      { op: 'error', err: -101 },
      { op: 'getChildren', children: ['b'] },
      { op: 'error', err: -102 },
      { op: 'getData', data: null, stat: await client.exists('/a/b') },
    ]);
    expect(harness.server.lastZxid).toBe(before);
    await client.setData('/a', 'two');
    await client.delete('/a/b');
    expect(client.takeEvents()).toEqual([]);
  });

  it('without parts answers with its end', async () => {
    expect(await client.multiRead([])).toEqual([]);
  });

  it.each([
    ['a write', body([[5, (w) => w.ustring('/a').int32(-1).int32(-1)]])],
    ['exists', body([[3, (w) => w.ustring('/a').boolean(false)]])],
    ['a null path', body([[4, (w) => w.int32(-1).boolean(false)]])],
    [
      'a write behind a read',
      body([
        [4, (w) => w.ustring('/a').boolean(false)],
        [2, (w) => w.ustring('/a').int32(-1)],
      ]),
    ],
    ['no end', body([[4, (w) => w.ustring('/a').boolean(false)]]).slice(0, -9)],
  ])('with %s is refused as a whole', async (_, record) => {
    const reply = await client.request(OpCode.multiRead, record);
    expect(reply).toMatchObject({ err: -5 });
    expect(reply.body).toHaveLength(0);
    expect(text((await client.getData('/a')).data)).toBe('one');
  });

  it('that would fill the memory is refused', async () => {
    await client.setData('/a', new Uint8Array(1_000_000));
    const parts = Array.from({ length: 5_000 }, () => ({ op: 'getData', path: '/a', watch: false }) as const);
    expect(await outcome(client.multiRead(parts))).toBe('MARSHALLINGERROR');
    expect(await client.multiRead(parts.slice(0, 3))).toHaveLength(3);
  });
});
