import { createAuthProviders, digestId } from '@zk/auth';
import { AUTH_PROVIDERS, type AuthProvider } from '@zk/contracts';
import { RecordWriter } from '@zk/jute';
import { type Acl, CreateMode, OPEN_ACL_UNSAFE, OpCode, Perms, READ_ACL_UNSAFE, Xid } from '@zk/model';
import type { RawClient } from '@zk/test-client';
import { Harness, type HarnessParts } from './harness.js';
import { outcome, text, utf8 } from './outcomes.js';
import { RawSession } from './raw-session.js';

const BOB = 'bob:ikIaKsbtGweaHnb/jKn7OHqbunM=';
const SUPER = 'super:D/InIHSb7yEEbrWz8b9l71RjZJU=';
const { read, write, create, delete: remove, admin, all } = Perms;
const world = (perms: number): Acl => ({ perms, scheme: 'world', id: 'anyone' });
const bob = (perms: number): Acl => ({ perms, scheme: 'digest', id: BOB });

/** The number as a scheme: whoever says 7 is key:7. */
const keyProvider: AuthProvider = {
  scheme: 'key',
  isAuthenticated: true,
  authenticate: (_, auth) => (auth === null ? undefined : [{ scheme: 'key', id: text(auth)! }]),
  matches: (connectionId, aclId) => connectionId === aclId,
  isValid: () => true,
  userName: (id) => id,
};

describe('permissions', () => {
  let harness: Harness;
  let client: RawClient;

  async function start(parts: HarnessParts = {}): Promise<void> {
    harness = await new Harness(parts).start();
    client = await harness.connect();
  }

  const withSuper = {
    registrations: [[AUTH_PROVIDERS, createAuthProviders({ digest: { superDigest: SUPER } })]],
  } as const;

  beforeEach(() => start(withSuper));

  afterEach(() => harness.end());

  const restart = async (parts: HarnessParts): Promise<void> => {
    await harness.stop();
    await start(parts);
  };

  /** Each operation, the permission it needs, and of what. */
  const needs: readonly [name: string, call: (c: RawClient) => Promise<unknown>, perms: number, of: '/p' | '/p/n'][] = [
    ['create', (c) => c.create('/p/new'), create, '/p'],
    ['create2', (c) => c.create2('/p/new'), create, '/p'],
    ['createContainer', (c) => c.createContainer('/p/new'), create, '/p'],
    ['createTTL', (c) => c.createTTL('/p/new', 1000), create, '/p'],
    ['delete', (c) => c.delete('/p/n'), remove, '/p'],
    ['setData', (c) => c.setData('/p/n', 'x'), write, '/p/n'],
    ['setACL', (c) => c.setACL('/p/n', OPEN_ACL_UNSAFE), admin, '/p/n'],
    ['getData', (c) => c.getData('/p/n'), read, '/p/n'],
    ['exists', (c) => c.exists('/p/n'), read, '/p/n'],
    ['getChildren', (c) => c.getChildren('/p/n'), read, '/p/n'],
    ['getChildren2', (c) => c.getChildren2('/p/n'), read, '/p/n'],
    ['getAllChildrenNumber', (c) => c.getAllChildrenNumber('/p/n'), read, '/p/n'],
    ['getACL', (c) => c.getACL('/p/n'), read | admin, '/p/n'],
    ['sync', (c) => c.sync('/p/n'), 0, '/p/n'],
    ['addWatch', (c) => c.addWatch('/p/n', 0), 0, '/p/n'],
    ['setWatches', (c) => c.setWatches({ dataWatches: ['/p/n'] }), 0, '/p/n'],
    ['whoAmI', (c) => c.whoAmI(), 0, '/p/n'],
    ['getEphemerals', (c) => c.getEphemerals('/p/n'), 0, '/p/n'],
  ];

  it.each(needs)('%s', async (_, call, perms, of) => {
    await client.create('/p');
    await client.create('/p/n');
    await client.auth('digest', 'bob:pw');
    const others = all & ~perms;
    await client.setACL(of, [world(others), bob(admin)]);
    if (perms !== 0) {
      // Without any of them, not at all; bob has one more, to be able to give rights again.
      const stranger = await harness.connect();
      expect(await outcome(call(stranger))).toBe('NOAUTH');
    }
    for (const bit of [1, 2, 4, 8, 16]) {
      if ((perms & bit) === 0) continue;
      await client.setACL(of, [world(bit), bob(admin)]);
      const stranger = await harness.connect();
      expect(await outcome(call(stranger))).toBe('OK');
    }
    if (perms === 0) expect(await outcome(call(await harness.connect()))).toBe('OK');
  });

  it.each([
    ['setData', { op: 'setData', path: '/p', data: null, version: -1 }, write],
    ['check', { op: 'check', path: '/p', version: -1 }, read],
    ['delete', { op: 'delete', path: '/p/n', version: -1 }, remove],
    ['create', { op: 'create', path: '/p/m', data: null, acl: OPEN_ACL_UNSAFE, flags: 0 }, create],
  ] as const)('%s inside a multi', async (_, op, perms) => {
    await client.auth('digest', 'bob:pw');
    await client.create('/p');
    await client.create('/p/n');
    await client.setACL('/p', [world(all & ~perms), bob(admin)]);
    const stranger = await harness.connect();
    expect(await stranger.multi([op])).toEqual([{ op: 'error', err: -102 }]);
    await client.setACL('/p', [world(perms), bob(admin)]);
    expect((await stranger.multi([op]))[0]!.op).toBe(op.op);
  });

  it('are not inherited', async () => {
    await client.create('/p', null, { acl: [world(all & ~read), bob(all)] });
    await client.create('/p/n', 'x');
    expect(await outcome(client.getData('/p/n'))).toBe('OK');
    expect(await outcome(client.getChildren('/p'))).toBe('NOAUTH');
  });

  it('need not be ones that exist', async () => {
    await client.create('/p', null, { acl: [{ ...world(99) }, world(0)] });
    expect((await client.getACL('/p')).acl).toEqual([world(99), world(0)]);
  });

  it('of a znode on its way count already', async () => {
    const calls = [
      client.create('/p', null, { acl: [world(read)] }),
      client.create('/p/n'),
      client.setData('/p', 'x'),
      client.setACL('/p', OPEN_ACL_UNSAFE),
    ];
    expect(await Promise.all(calls.map(outcome))).toEqual(['OK', 'NOAUTH', 'NOAUTH', 'NOAUTH']);
  });

  it('are those at the time the request was read, even when it is executed later', async () => {
    await client.create('/p', null, { acl: [bob(all)] });
    await client.auth('digest', 'bob:pw');
    const stranger = await harness.connect();
    const before = outcome(stranger.getData('/p'));
    const proved = stranger.auth('digest', 'bob:pw');
    const after = outcome(stranger.getData('/p'));
    expect([await before, await outcome(proved), await after]).toEqual(['NOAUTH', 'OK', 'OK']);
  });

  describe('the list of a znode', () => {
    it.each([
      ['duplicates go, the first stays', [world(1), bob(2), world(1), bob(4)], [world(1), bob(2), bob(4)]],
      ['order stays', [bob(31), world(1)], [bob(31), world(1)]],
      ['an address', [{ perms: 1, scheme: 'ip', id: '10.0.0.0/8' }], [{ perms: 1, scheme: 'ip', id: '10.0.0.0/8' }]],
      [
        'auth becomes who asks',
        [{ perms: 5, scheme: 'auth', id: 'anything' }],
        [bob(5), { perms: 5, scheme: 'digest', id: digestId('eve:pw') }],
      ],
      [
        'auth is not compared again',
        [bob(5), { perms: 5, scheme: 'auth', id: '' }],
        [bob(5), bob(5), { perms: 5, scheme: 'digest', id: digestId('eve:pw') }],
      ],
    ])('%s', async (_, submitted, stored) => {
      await client.auth('digest', 'bob:pw');
      await client.auth('digest', 'eve:pw');
      await client.create('/p', null, { acl: submitted });
      await client.create('/q');
      await client.setACL('/q', submitted);
      await client.auth('digest', 'super:test');
      expect((await client.getACL('/p')).acl).toEqual(stored);
      expect((await client.getACL('/q')).acl).toEqual(stored);
    });

    it.each([
      ['null', null],
      ['empty', []],
      ['a scheme nobody knows', [{ perms: 31, scheme: 'nonsense', id: 'x' }]],
      ['a null scheme', [{ perms: 31, scheme: null, id: 'x' }]],
      ['a null id', [{ perms: 31, scheme: 'digest', id: null }]],
      ['world and somebody', [{ perms: 31, scheme: 'world', id: 'bob' }]],
      ['super', [{ perms: 31, scheme: 'super', id: '' }]],
      ['auth without having proved anything', [{ perms: 31, scheme: 'auth', id: '' }]],
      ['digest without a colon', [{ perms: 31, scheme: 'digest', id: 'bob' }]],
      ['digest with two colons', [{ perms: 31, scheme: 'digest', id: 'a:b:c' }]],
      ['an address that is none', [{ perms: 31, scheme: 'ip', id: '1.2.3' }]],
      ['too many bits', [{ perms: 31, scheme: 'ip', id: '1.2.3.4/33' }]],
      ['sasl, which is not configured', [{ perms: 31, scheme: 'sasl', id: 'x' }]],
      ['one bad entry among good ones', [world(31), { perms: 1, scheme: 'nonsense', id: 'x' }]],
    ])('%s is refused', async (_, acl) => {
      await client.create('/q');
      expect(await outcome(client.create('/p', null, { acl: acl as readonly Acl[] | null }))).toBe('INVALIDACL');
      expect(await outcome(client.setACL('/q', acl as readonly Acl[] | null))).toBe('INVALIDACL');
    });

    it('shows hashes only to who may administer', async () => {
      await client.auth('digest', 'bob:pw');
      const acl = [world(read), bob(all), { perms: 1, scheme: 'ip', id: '10.0.0.1' }];
      await client.create('/p', null, { acl });
      expect((await client.getACL('/p')).acl).toEqual(acl);
      const stranger = await harness.connect();
      expect((await stranger.getACL('/p')).acl).toEqual([acl[0], { ...bob(all), id: 'bob:x' }, acl[2]]);
    });

    it('is the open one where none was given', async () => {
      for (const path of ['/', '/zookeeper', '/zookeeper/quota']) {
        expect((await client.getACL(path)).acl).toEqual(OPEN_ACL_UNSAFE);
      }
      expect((await client.getACL('/zookeeper/config')).acl).toEqual(READ_ACL_UNSAFE);
    });

    it('outlives a restart', async () => {
      await client.create('/p', null, { acl: [world(read), bob(write)] });
      await client.create('/open');
      const storage = harness.storage;
      await harness.server.snapshotter.take();
      await client.create('/later', null, { acl: [bob(all)] });
      await restart({ storage });
      expect((await client.getACL('/p')).acl).toEqual([world(read), { ...bob(write), id: 'bob:x' }]);
      expect((await client.getACL('/open')).acl).toEqual(OPEN_ACL_UNSAFE);
      expect(await outcome(client.getACL('/later'))).toBe('NOAUTH');
    });
  });

  describe('proving who one is', () => {
    it('by digest lets one in', async () => {
      await client.create('/p', 'secret', { acl: [bob(all)] });
      expect(await outcome(client.getData('/p'))).toBe('NOAUTH');
      await client.auth('digest', 'bob:wrong');
      expect(await outcome(client.getData('/p'))).toBe('NOAUTH');
      await client.auth('digest', 'bob:pw');
      expect(text((await client.getData('/p')).data)).toBe('secret');
    });

    it('belongs to the connection, not to the session', async () => {
      await client.create('/p', null, { acl: [bob(all)] });
      await client.auth('digest', 'bob:pw');
      const again = await harness.reattach(client);
      expect(await outcome(again.getData('/p'))).toBe('NOAUTH');
      await again.auth('digest', 'bob:pw');
      expect(await outcome(again.getData('/p'))).toBe('OK');
    });

    it('by address is not needed', async () => {
      await client.create('/mine', null, { acl: [{ perms: all, scheme: 'ip', id: '127.0.0.1' }] });
      await client.create('/theirs', null, { acl: [{ perms: all, scheme: 'ip', id: '10.1.2.3' }] });
      await client.create('/net', null, { acl: [{ perms: all, scheme: 'ip', id: '127.0.0.0/8' }] });
      expect(await outcome(client.getData('/mine'))).toBe('OK');
      expect(await outcome(client.getData('/theirs'))).toBe('NOAUTH');
      expect(await outcome(client.getData('/net'))).toBe('OK');
    });

    it.each([
      ['an unknown scheme', 'nonsense', 'x'],
      ['no scheme', null, 'x'],
      ['world', 'world', 'anyone'],
      ['super', 'super', ''],
      ['auth', 'auth', ''],
      ['digest with nothing', 'digest', null],
    ])('by %s is refused and the connection is closed', async (_, scheme, auth) => {
      expect(await outcome(client.auth(scheme, auth))).toBe('AUTHFAILED');
      await client.closed;
      expect(harness.server.pipeline!.authFailures).toBe(1);
      expect(await outcome((await harness.reattach(client)).exists('/'))).toBe('OK');
    });

    it('by sasl, which is not configured, is answered with a token of null, and proves nothing', async () => {
      const reply = await client.request(OpCode.sasl, new Uint8Array([0, 0, 0, 0]));
      expect(reply).toMatchObject({ err: 0, zxid: 0n, body: new Uint8Array([255, 255, 255, 255]) });
      expect(await client.whoAmI()).toEqual([{ authScheme: 'ip', user: '127.0.0.1' }]);
    });

    it('is answered with zxid 0 and the xid that was sent', async () => {
      const record = new Uint8Array([0, 0, 0, 0, 0, 0, 0, 2, 0x69, 0x70, 0, 0, 0, 0]);
      expect(await client.request(OpCode.auth, record, 77)).toMatchObject({ xid: 77, zxid: 0n, err: 0 });
      expect(await client.request(OpCode.auth, record, Xid.auth)).toMatchObject({ xid: -4, zxid: 0n, err: 0 });
    });

    it('twice counts once', async () => {
      for (let i = 0; i < 3; i++) await client.auth('digest', 'bob:pw');
      expect(await client.whoAmI()).toHaveLength(2);
    });

    it('is told by whoAmI, without hashes', async () => {
      expect(await client.whoAmI()).toEqual([{ authScheme: 'ip', user: '127.0.0.1' }]);
      await client.auth('digest', 'bob:pw');
      await client.auth('digest', 'no colon');
      expect(await client.whoAmI()).toEqual([
        { authScheme: 'ip', user: '127.0.0.1' },
        { authScheme: 'digest', user: 'bob' },
        { authScheme: 'digest', user: 'no colon' },
      ]);
    });

    it('may be pipelined behind the ConnectRequest', async () => {
      await client.create('/p', null, { acl: [bob(all)] });
      const raw = await RawSession.open(harness);
      raw.send(-4, OpCode.auth, (w) => w.int32(0).ustring('digest').ustring('bob:pw'));
      raw.send(1, OpCode.getData, (w) => w.ustring('/p').boolean(false));
      expect(await raw.take(2)).toEqual(['-4:0', '1:0']);
    });

    it('by a scheme of one’s own', async () => {
      const providers = createAuthProviders({ custom: [keyProvider] });
      await restart({ registrations: [[AUTH_PROVIDERS, providers]] });
      await client.create('/p', null, { acl: [{ perms: all, scheme: 'key', id: '7' }] });
      expect(await outcome(client.getData('/p'))).toBe('NOAUTH');
      await client.auth('key', '7');
      expect(await outcome(client.getData('/p'))).toBe('OK');
      await client.create('/q', null, { acl: [{ perms: all, scheme: 'auth', id: '' }] });
      expect((await client.getACL('/q')).acl).toEqual([{ perms: all, scheme: 'key', id: '7' }]);
    });

    it('a scheme that throws refuses', async () => {
      const broken: AuthProvider = {
        ...keyProvider,
        authenticate: () => {
          throw new Error('broken');
        },
      };
      await restart({ registrations: [[AUTH_PROVIDERS, createAuthProviders({ custom: [broken] })]] });
      expect(await outcome(client.auth('key', '7'))).toBe('AUTHFAILED');
    });
  });

  it('the super user may do everything', async () => {
    await client.create('/p', 'x', { acl: [bob(read)] });
    await client.auth('digest', 'super:wrong');
    expect(await outcome(client.setData('/p', 'y'))).toBe('NOAUTH');
    await client.auth('digest', 'super:test');
    expect(await outcome(client.setData('/p', 'y'))).toBe('OK');
    expect(await outcome(client.setACL('/p', OPEN_ACL_UNSAFE))).toBe('OK');
    expect(await outcome(client.setData('/zookeeper/config', 'y'))).toBe('OK');
    expect(await client.whoAmI()).toContainEqual({ authScheme: 'super', user: '' });
  });

  it('skipAcl opens everything, and stores lists all the same', async () => {
    await restart({ options: { skipAcl: true } });
    await client.create('/p', null, { acl: [bob(read)] });
    expect(await outcome(client.setData('/p', 'x'))).toBe('OK');
    expect((await client.getACL('/p')).acl).toEqual([bob(read)]);
    expect(await outcome(client.create('/q', null, { acl: [] }))).toBe('INVALIDACL');
  });

  describe('authentication that is required', () => {
    beforeEach(() => restart({ options: { requiredAuthSchemes: ['digest', 'sasl'] } }));

    it.each([
      ['exists', (c: RawClient) => c.request(OpCode.exists, new Uint8Array(9))],
      ['create', (c: RawClient) => c.request(OpCode.create, new Uint8Array(9))],
      ['ping', (c: RawClient) => c.request(OpCode.ping, undefined, Xid.ping)],
      ['closeSession', (c: RawClient) => c.request(OpCode.closeSession)],
      ['an unknown request', (c: RawClient) => c.request(77)],
    ])('refuses %s of a stranger and closes the connection', async (_, call) => {
      expect(await call(client)).toMatchObject({ err: -124, zxid: 0n });
      await client.closed;
    });

    it('lets in who has proved one of the schemes', async () => {
      await client.auth('digest', 'bob:pw');
      expect(await client.create('/p')).toBe('/p');
      await client.ping();
      expect(client.isClosed).toBe(false);
    });
  });

  it('a list that would multiply beyond any transaction is refused, whatever it would become', async () => {
    await Promise.all(Array.from({ length: 300 }, (_, i) => client.auth('digest', `user${i}:pw`)));
    const acl = Array.from({ length: 20_000 }, (_, perms) => ({ perms, scheme: 'auth', id: '' }));
    expect(await outcome(client.create('/p', null, { acl }))).toBe('MARSHALLINGERROR');
    await client.create('/p', null, { acl: acl.slice(30, 40) });
    await client.auth('digest', 'super:test');
    expect((await client.getACL('/p')).acl).toHaveLength(3000);
  });

  it('an id may be as long as a frame that was allowed to be longer than usual', async () => {
    await restart({ options: { maxFrameBytes: 16_000_000, maxTxnBytes: 32_000_000 } });
    const acl = [
      { perms: all, scheme: 'world', id: 'anyone' },
      { perms: all, scheme: 'digest', id: `a:${'x'.repeat(3_000_000)}` },
    ];
    await client.create('/p', null, { acl });
    const reply = await client.request(OpCode.getACL, new RecordWriter().ustring('/p').bytes());
    expect(reply.body.length).toBeGreaterThan(3_000_000);
  });

  it('hundreds of different lists are kept apart, and forgotten with their znodes', async () => {
    for (let i = 0; i < 200; i++) {
      await client.create(`/n${i}`, null, { acl: [{ perms: 31, scheme: 'ip', id: `10.0.${i}.1` }, world(31)] });
    }
    for (let i = 0; i < 200; i++) {
      expect((await client.getACL(`/n${i}`)).acl![0]!.id).toBe(`10.0.${i}.1`);
    }
    await Promise.all(Array.from({ length: 200 }, (_, i) => client.delete(`/n${i}`)));
    await client.create('/e', null, { flags: CreateMode.ephemeral, acl: [world(31)] });
    expect((await client.getACL('/e')).acl).toEqual([world(31)]);
  });

  it('keep an id that is no text as what it was taken for, as Java does', async () => {
    const listWith = (id: Uint8Array): RecordWriter =>
      new RecordWriter().int32(2).int32(all).ustring('world').ustring('anyone').int32(1).ustring('digest').buffer(id);
    const submitted = listWith(Uint8Array.of(0x75, 0xff, 0x3a, 0x68)).bytes();
    const create = new RecordWriter().ustring('/a').buffer(null).raw(submitted).int32(0);
    expect(await client.request(OpCode.create, create.bytes())).toMatchObject({ err: 0 });
    const { body } = await client.request(OpCode.getACL, new RecordWriter().ustring('/a').bytes());
    const stored = listWith(utf8('u\ufffd:h')).bytes();
    expect(Buffer.from(body.subarray(0, stored.length)).toString('hex')).toBe(Buffer.from(stored).toString('hex'));
  });
});
