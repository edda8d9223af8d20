import { RecordWriter } from '@zk/jute';
import { CreateMode, KeeperError, OPEN_ACL_UNSAFE, OpCode, type Acl } from '@zk/model';
import type { RawClient } from '@zk/test-client';
import { Harness } from './harness.js';
import { outcome, utf8 } from './outcomes.js';

const OPEN = OPEN_ACL_UNSAFE;
/** Nobody here is carol. */
const CAROL = { scheme: 'digest', id: 'carol:nobody-knows' };
const only = (perms: number): Acl[] => [
  { perms, scheme: 'world', id: 'anyone' },
  { perms: 31, ...CAROL },
];
const CLOSED_ACL: Acl[] = [{ perms: 31, ...CAROL }];
const NUL = String.fromCharCode(0);
/** What the types rule out, and the wire does not. */
const NO_PATH = null as unknown as string;
const MAX_TTL = 0xff_ffff_ffffn;

/** `/open` may be anything; `/closed` nothing; the others one thing. */
const tree: readonly [path: string, acl: readonly Acl[], flags?: number][] = [
  ['/open', OPEN],
  ['/open/child', OPEN],
  ['/open/closed', CLOSED_ACL],
  ['/closed', CLOSED_ACL],
  ['/may-read', only(1)],
  ['/may-write', only(2)],
  ['/may-create', only(4)],
  ['/may-delete', only(8)],
  ['/may-admin', only(16)],
  ['/ephemeral', OPEN, CreateMode.ephemeral],
];

type Row = readonly [what: string, call: (c: RawClient) => Promise<unknown>, expected: string];

const create = (c: RawClient, path: string | null, flags = 0, acl: readonly Acl[] | null = OPEN): Promise<unknown> =>
  c.call('create', { path: path as string, data: null, acl, flags });
const createTtl = (c: RawClient, path: string, flags: number, ttl: bigint): Promise<unknown> =>
  c.call('createTTL', { path, data: null, acl: OPEN, flags, ttl });
/** A request whose body is written by hand. */
async function request(c: RawClient, op: number, write: (w: RecordWriter) => unknown): Promise<void> {
  const writer = new RecordWriter();
  write(writer);
  const { err, body } = await c.request(op, writer.bytes());
  if (err === 0) return;
  expect(body.length).toBe(0);
  throw new KeeperError(err);
}

const suites: Record<string, readonly Row[]> = {
  'create checks, in this order: flags, ttl, form of the path, ACL, parent, permission, path, existence, ephemeral parent':
    [
      ['flags -1, null ACL, no parent', (c) => create(c, '/none/a', -1, null), 'BADARGUMENTS'],
      ['flags 7', (c) => create(c, '/f7', 7), 'BADARGUMENTS'],
      ['flags 5 without ttl', (c) => create(c, '/f5', 5), 'BADARGUMENTS'],
      ['flags 6 without ttl, by create2', (c) => c.create2('/f6', null, { flags: 6 }), 'BADARGUMENTS'],
      ['flags 5 by createContainer', (c) => c.createContainer('/c5', null, { flags: 5 }), 'BADARGUMENTS'],
      ['no slash, null ACL', (c) => create(c, 'foo', 0, null), 'BADARGUMENTS'],
      ['no slash, sequential', (c) => create(c, 'foo', 2), 'BADARGUMENTS'],
      ['empty path', (c) => create(c, ''), 'BADARGUMENTS'],
      ['NUL in the path, null ACL', (c) => create(c, `/a${NUL}b`, 0, null), 'BADARGUMENTS'],
      ['flags 7, null path', (c) => create(c, null, 7), 'BADARGUMENTS'],
      ['null path', (c) => create(c, null), 'MARSHALLINGERROR'],
      ['null ACL, no parent', (c) => create(c, '/none/a', 0, null), 'INVALIDACL'],
      ['empty ACL, closed parent', (c) => create(c, '/closed/a', 0, []), 'INVALIDACL'],
      ['no parent, path invalid', (c) => create(c, '/none/..'), 'NONODE'],
      ['relative path with a slash', (c) => create(c, 'open/a'), 'NONODE'],
      ['a doubled slash', (c) => create(c, '/open//a'), 'NONODE'],
      ['below a malformed parent', (c) => create(c, '/open/./a'), 'NONODE'],
      ['parent closed, path invalid', (c) => create(c, '/closed/..'), 'NOAUTH'],
      ['parent may not be created under, child exists', (c) => create(c, '/may-read/x'), 'NOAUTH'],
      ['parent may be created under', (c) => create(c, '/may-create/x'), 'OK'],
      ['a slash at the end', (c) => create(c, '/open/'), 'BADARGUMENTS'],
      ['a slash at the end, sequential', (c) => create(c, '/open/', 2), 'OK'],
      ['a dot', (c) => create(c, '/open/.'), 'BADARGUMENTS'],
      ['a dot, sequential', (c) => create(c, '/open/.', 2), 'OK'],
      ['two dots', (c) => create(c, '/open/..'), 'BADARGUMENTS'],
      ['the root', (c) => create(c, '/'), 'NODEEXISTS'],
      ['exists, under an ordinary parent', (c) => create(c, '/open/child'), 'NODEEXISTS'],
      ['exists, its own ACL closed', (c) => create(c, '/open/closed'), 'NODEEXISTS'],
      ['under an ephemeral', (c) => create(c, '/ephemeral/a'), 'NOCHILDRENFOREPHEMERALS'],
      ['under an ephemeral, sequential', (c) => create(c, '/ephemeral/a', 2), 'NOCHILDRENFOREPHEMERALS'],
      ['under an ephemeral, path invalid', (c) => create(c, '/ephemeral/..'), 'BADARGUMENTS'],
      ['below /zookeeper', (c) => create(c, '/zookeeper/mine'), 'OK'],
    ],
  createTTL: [
    ...[0, 1, 2, 3, 4, 7].flatMap((flags): Row[] => [
      [`flags ${flags}, ttl 1`, (c) => createTtl(c, '/t', flags, 1n), 'BADARGUMENTS'],
      [`flags ${flags}, ttl 0`, (c) => createTtl(c, '/t', flags, 0n), 'BADARGUMENTS'],
      [`flags ${flags}, ttl -1`, (c) => createTtl(c, '/t', flags, -1n), 'BADARGUMENTS'],
    ]),
    ['ttl 0', (c) => createTtl(c, '/t', 5, 0n), 'BADARGUMENTS'],
    ['ttl -1', (c) => createTtl(c, '/t', 5, -1n), 'BADARGUMENTS'],
    ['ttl 1', (c) => createTtl(c, '/t1', 5, 1n), 'OK'],
    ['the longest ttl', (c) => createTtl(c, '/t2', 5, MAX_TTL), 'OK'],
    ['a ttl of one more', (c) => createTtl(c, '/t', 5, MAX_TTL + 1n), 'BADARGUMENTS'],
    ['a ttl of 2^63-1', (c) => createTtl(c, '/t', 6, 2n ** 63n - 1n), 'BADARGUMENTS'],
    ['a ttl of 2^32', (c) => createTtl(c, '/t3', 6, 2n ** 32n), 'OK'],
    ['bad ttl before a missing parent', (c) => createTtl(c, '/none/t', 5, 0n), 'BADARGUMENTS'],
  ],
  'delete checks, in this order: form, parent, permission on the parent, existence, version, children': [
    ['no slash', (c) => c.delete('foo'), 'BADARGUMENTS'],
    ['NUL in the path', (c) => c.delete(`/${NUL}`), 'BADARGUMENTS'],
    ...['/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config'].map((path): Row => [
      path,
      (c) => c.delete(path),
      'BADARGUMENTS',
    ]),
    ['null path', (c) => c.call('delete', { path: null as unknown as string, version: -1 }), 'MARSHALLINGERROR'],
    ['no parent', (c) => c.delete('/none/a'), 'NONODE'],
    ['a slash at the end', (c) => c.delete('/open/'), 'NONODE'],
    ['a doubled slash', (c) => c.delete('/open//child'), 'NONODE'],
    ['parent closed, znode absent', (c) => c.delete('/closed/a'), 'NOAUTH'],
    ['parent may only be read', (c) => c.delete('/may-read/x'), 'NOAUTH'],
    ['parent may be deleted from, znode absent', (c) => c.delete('/may-delete/x'), 'NONODE'],
    ['absent', (c) => c.delete('/absent', 7), 'NONODE'],
    ['wrong version, and children', (c) => c.delete('/open', 7), 'BADVERSION'],
    ['version -2', (c) => c.delete('/open/child', -2), 'BADVERSION'],
    ['children', (c) => c.delete('/open', 1), 'NOTEMPTY'],
    ['children, any version', (c) => c.delete('/open'), 'NOTEMPTY'],
    ['a closed znode under an open parent', (c) => c.delete('/open/closed'), 'OK'],
  ],
  'setData checks, in this order: path, existence, permission, version': [
    ['empty path', (c) => c.setData('', ''), 'BADARGUMENTS'],
    ['null path', (c) => c.setData(null, ''), 'BADARGUMENTS'],
    ['no slash', (c) => c.setData('foo', ''), 'BADARGUMENTS'],
    ['a slash at the end', (c) => c.setData('/open/', ''), 'BADARGUMENTS'],
    ['a doubled slash', (c) => c.setData('/open//child', ''), 'BADARGUMENTS'],
    ['absent', (c) => c.setData('/absent', '', 3), 'NONODE'],
    ['closed, wrong version', (c) => c.setData('/closed', '', 3), 'NOAUTH'],
    ['may only be read', (c) => c.setData('/may-read', ''), 'NOAUTH'],
    ['may be written', (c) => c.setData('/may-write', ''), 'OK'],
    ['wrong version', (c) => c.setData('/open', '', 3), 'BADVERSION'],
    ['the root', (c) => c.setData('/', 'x'), 'OK'],
    ['/zookeeper', (c) => c.setData('/zookeeper', 'x'), 'OK'],
    ['/zookeeper/config', (c) => c.setData('/zookeeper/config', 'x'), 'NOAUTH'],
  ],
  'setACL checks, in this order: path, ACL, existence, permission, version': [
    ['null path, null ACL', (c) => c.setACL(null, null), 'BADARGUMENTS'],
    ['a slash at the end, null ACL', (c) => c.setACL('/open/', null), 'BADARGUMENTS'],
    ['null ACL, absent', (c) => c.setACL('/absent', null), 'INVALIDACL'],
    ['empty ACL', (c) => c.setACL('/open', []), 'INVALIDACL'],
    ['absent, wrong version', (c) => c.setACL('/absent', OPEN, 3), 'NONODE'],
    ['closed, wrong version', (c) => c.setACL('/closed', OPEN, 3), 'NOAUTH'],
    ['may only be written', (c) => c.setACL('/may-write', OPEN), 'NOAUTH'],
    ['wrong version', (c) => c.setACL('/open/child', OPEN, 3), 'BADVERSION'],
    ['may be administered', (c) => c.setACL('/may-admin', only(16)), 'OK'],
  ],
  reads: [
    ...(['getData', 'exists', 'getChildren', 'getChildren2'] as const).flatMap((op): Row[] => [
      [`${op} absent`, (c) => c.call(op, { path: '/absent', watch: false }), 'NONODE'],
      [`${op} of an empty path is the root`, (c) => c.call(op, { path: '', watch: false }), 'OK'],
      [`${op} with a slash at the end`, (c) => c.call(op, { path: '/open/', watch: true }), 'NONODE'],
      [`${op} with a doubled slash`, (c) => c.call(op, { path: '/open//child', watch: false }), 'NONODE'],
      [`${op} without a slash`, (c) => c.call(op, { path: 'open', watch: false }), 'NONODE'],
      [`${op} closed`, (c) => c.call(op, { path: '/closed', watch: false }), 'NOAUTH'],
      [`${op} may be read`, (c) => c.call(op, { path: '/may-read', watch: false }), 'OK'],
      [`${op} may be written`, (c) => c.call(op, { path: '/may-write', watch: false }), 'NOAUTH'],
      [`${op} null path`, (c) => c.call(op, { path: null as unknown as string, watch: false }), 'MARSHALLINGERROR'],
    ]),
    ['getData with a NUL', (c) => c.getData(`/${NUL}`), 'NONODE'],
    ['exists with a NUL', (c) => c.exists(`/${NUL}`), 'BADARGUMENTS'],
    ['getACL absent', (c) => c.getACL('/absent'), 'NONODE'],
    ['getACL closed', (c) => c.getACL('/closed'), 'NOAUTH'],
    ['getACL may be read', (c) => c.getACL('/may-read'), 'OK'],
    ['getACL may be administered', (c) => c.getACL('/may-admin'), 'OK'],
    ['getACL may be written', (c) => c.getACL('/may-write'), 'NOAUTH'],
    ['getACL null path', (c) => c.call('getACL', { path: null as unknown as string }), 'MARSHALLINGERROR'],
    ['getAllChildrenNumber absent', (c) => c.getAllChildrenNumber('/absent'), 'NONODE'],
    ['getAllChildrenNumber closed', (c) => c.getAllChildrenNumber('/closed'), 'NOAUTH'],
    ['getAllChildrenNumber above something closed', (c) => c.getAllChildrenNumber('/'), 'OK'],
    ['getEphemerals null prefix', (c) => c.getEphemerals(null), 'OK'],
    ['sync of nothing', (c) => c.sync('no path at all'), 'OK'],
    ['sync of null', (c) => c.sync(null), 'OK'],
    ['addWatch of a bad path', (c) => c.addWatch('no/path//', 0), 'OK'],
    ['addWatch of an unknown mode', (c) => c.addWatch('/open', 2), 'MARSHALLINGERROR'],
    ['checkWatches of an unknown type', (c) => c.checkWatches('/open', 6), 'MARSHALLINGERROR'],
    ['checkWatches of type 0', (c) => c.checkWatches('/open', 0), 'MARSHALLINGERROR'],
    ['removeWatches of nothing', (c) => c.removeWatches('/open', 3), 'NOWATCHER'],
    ['checkWatches of nothing', (c) => c.checkWatches('/open', 3), 'NOWATCHER'],
    ['removeWatches null path', (c) => c.call('removeWatches', { path: NO_PATH, type: 3 }), 'NOWATCHER'],
    ['checkWatches null path', (c) => c.call('checkWatches', { path: NO_PATH, type: 3 }), 'NOWATCHER'],
    [
      'checkWatches null path, unknown type',
      (c) => c.call('checkWatches', { path: NO_PATH, type: 6 }),
      'MARSHALLINGERROR',
    ],
    ['reconfig while it is disabled', (c) => c.reconfig({}), 'RECONFIGDISABLED'],
  ],
  'bodies that cannot be decoded': [
    ...Object.entries({
      create: OpCode.create,
      delete: OpCode.delete,
      exists: OpCode.exists,
      getData: OpCode.getData,
      setData: OpCode.setData,
      getACL: OpCode.getACL,
      setACL: OpCode.setACL,
      getChildren: OpCode.getChildren,
      sync: OpCode.sync,
      getChildren2: OpCode.getChildren2,
      multi: OpCode.multi,
      create2: OpCode.create2,
      checkWatches: OpCode.checkWatches,
      removeWatches: OpCode.removeWatches,
      createContainer: OpCode.createContainer,
      createTTL: OpCode.createTTL,
      multiRead: OpCode.multiRead,
      setWatches: OpCode.setWatches,
      getEphemerals: OpCode.getEphemerals,
      getAllChildrenNumber: OpCode.getAllChildrenNumber,
      setWatches2: OpCode.setWatches2,
      addWatch: OpCode.addWatch,
    }).flatMap(([name, op]): Row[] => [
      [`${name}: nothing`, (c) => request(c, op, (w) => w), 'MARSHALLINGERROR'],
      [`${name}: a length that lies`, (c) => request(c, op, (w) => w.int32(1000).int32(0)), 'MARSHALLINGERROR'],
      [`${name}: a length below -1`, (c) => request(c, op, (w) => w.int32(-2).int32(0)), 'MARSHALLINGERROR'],
      [`${name}: the largest length`, (c) => request(c, op, (w) => w.int32(0x7fff_ffff).int32(0)), 'MARSHALLINGERROR'],
    ]),
    [
      'ACL list that ends early',
      (c) => request(c, 1, (w) => w.ustring('/q').int32(-1).int32(2).int32(1)),
      'MARSHALLINGERROR',
    ],
    [
      'an ACL list of 2^31-1',
      (c) => request(c, 1, (w) => w.ustring('/q').int32(-1).int32(0x7fff_ffff)),
      'MARSHALLINGERROR',
    ],
    [
      'setWatches with a null list',
      (c) => request(c, 101, (w) => w.int64(0n).int32(0).int32(-1).int32(0)),
      'MARSHALLINGERROR',
    ],
  ],
  'odd encodings that are fine': [
    ['bytes behind the record', (c) => request(c, 3, (w) => w.ustring('/open').byte(1).int32(77)), 'OK'],
    ['a boolean of 7', (c) => request(c, 3, (w) => w.ustring('/open').byte(7)), 'OK'],
    ['a vector count of -2', (c) => request(c, 101, (w) => w.int64(0n).int32(-2).int32(-3).int32(0)), 'OK'],
    ['null data', (c) => c.setData('/open', null), 'OK'],
    ['data of no bytes', (c) => c.setData('/open', ''), 'OK'],
    ['perms that do not exist', (c) => create(c, '/perms', 0, [{ perms: 99, scheme: 'world', id: 'anyone' }]), 'OK'],
  ],
};

describe('error codes', () => {
  let harness: Harness;
  let client: RawClient;

  beforeAll(async () => {
    harness = await new Harness().start();
    const owner = await harness.connect();
    for (const [path, , flags = 0] of tree) await owner.create(path, null, { flags });
    for (const [path, acl] of tree) await owner.setACL(path, acl);
    await owner.setData('/open', 'x', 0);
    client = await harness.connect();
  });

  afterAll(() => harness.end());

  for (const [name, rows] of Object.entries(suites)) {
    describe(name, () => {
      it.each(rows)('%s', async (_, call, expected) => {
        expect(await outcome(call(client))).toBe(expected);
        expect(client.isClosed).toBe(false);
      });
    });
  }

  it('left nothing wrong behind', async () => {
    expect(await client.sync()).toBe('/');
    expect(client.unexpectedFrames).toEqual([]);
    expect(harness.log.errors).toEqual([]);
  });
});

describe('TTL nodes while extended types are off', () => {
  it.each([
    ['createTTL, flags 5', (c: RawClient) => createTtl(c, '/t', 5, 1000n), 'UNIMPLEMENTED'],
    ['createTTL, flags 6, bad ttl', (c: RawClient) => createTtl(c, '/t', 6, 0n), 'UNIMPLEMENTED'],
    ['create, flags 5', (c: RawClient) => create(c, '/t', 5), 'UNIMPLEMENTED'],
    ['createTTL, flags 0', (c: RawClient) => createTtl(c, '/t', 0, -1n), 'BADARGUMENTS'],
    ['createContainer', (c: RawClient) => c.createContainer('/c'), 'OK'],
  ])('%s', async (_, call, expected) => {
    const harness = await new Harness({ options: { extendedTypesEnabled: false } }).start();
    expect(await outcome(call(await harness.connect()))).toBe(expected);
    await harness.stop();
  });
});

describe('opcodes that no client may send', () => {
  it.each([0, 10, 13, 20, 23, 99, 108, 127, 128, 1000, -1, -10, -12, -0x8000_0000, 0x7fff_ffff])(
    '%i is answered with UNIMPLEMENTED and zxid -1, and the connection is closed',
    async (op) => {
      const harness = await new Harness().start();
      const client = await harness.connect();
      await client.create('/x');
      const reply = await client.request(op, utf8('....'));
      expect(reply).toMatchObject({ err: -6, zxid: -1n });
      expect(reply.body.length).toBe(0);
      await client.closed;
      expect(await outcome((await harness.reattach(client)).exists('/x'))).toBe('OK');
      await harness.stop();
    },
  );
});
