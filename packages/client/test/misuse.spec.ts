import { type ZooKeeperClient, connect, createClient, json, op, read, utf8 } from '@zk/client';
import { type TestServer, createTestServer } from '@zk/testing';
import { getEventListeners } from 'node:events';

/** What JavaScript lets callers do. None of it may be taken for something else, throw at the call, or hang. */

/** What comes first, or why nothing does. */
function firstOf<T>(stream: AsyncIterable<T>): Promise<unknown> {
  return stream[Symbol.asyncIterator]().next();
}

/** Of no type that the client knows. */
const untyped = (value: unknown): never => value as never;

let server: TestServer;
let client: ZooKeeperClient;

beforeAll(async () => {
  server = await createTestServer();
  client = await connect(server.connectionString, { transport: server.transport });
  await client.create('/there', utf8.encode('as it was'));
});

afterAll(async () => {
  await client.close();
  await server.close();
});

describe('what is no request rejects, and changes nothing', () => {
  const notBytes = /data is a Uint8Array or null/;
  const noVersion = /a version is a 32-bit integer/;
  const noMode = /a mode is one of persistent, /;
  const noPrefix = /the prefix of a protected create/;
  const noAcl = /an ACL is an array of/;
  const encodesText = { encode: untyped(String), decode: String };
  const textPerms = untyped([{ perms: 'rw', scheme: 'world', id: 'anyone' }]);

  it.each<[string, () => Promise<unknown>, RegExp]>([
    ['text as data of a create', () => client.create('/new', untyped('text')), notBytes],
    ['text as data of a set', () => client.set('/there', untyped('text')), notBytes],
    ['text as data in a multi', () => client.multi([op.set('/there', untyped('text'))]), notBytes],
    ['text as data of a create in a multi', () => client.multi([op.create('/new', untyped('text'))]), notBytes],
    ['text from an update', () => client.update('/there', () => untyped('text')), notBytes],
    ['nothing from an update', () => client.update('/there', () => untyped(undefined)), notBytes],
    ['an array of numbers', () => client.create('/new', untyped([1, 2])), notBytes],
    ['16-bit numbers', () => client.create('/new', untyped(new Uint16Array([500]))), notBytes],
    ['an ArrayBuffer', () => client.create('/new', untyped(new ArrayBuffer(1))), notBytes],
    ['a codec that gives text', () => client.set('/there', 'text', { codec: encodesText }), notBytes],
    ['undefined as JSON', () => client.set('/there', undefined, { codec: json<undefined>() }), /undefined is no JSON/],
    ['a mode in capitals', () => client.create('/new', null, { mode: untyped('EPHEMERAL') }), noMode],
    ['a mode by number', () => client.create('/new', null, { mode: untyped(1) }), noMode],
    ['a mode that all objects have', () => client.create('/new', null, { mode: untyped('toString') }), noMode],
    ['a mode in a multi', () => client.multi([op.create('/new', null, { mode: untyped('E') })]), noMode],
    ['a time to live without a mode for it', () => client.multi([op.create('/new', null, { ttl: 5 })]), /needs a mode/],
    ['an ACL with letters', () => client.create('/new', null, { acl: textPerms }), noAcl],
    ['an ACL with letters in a multi', () => client.multi([op.create('/new', null, { acl: textPerms })]), noAcl],
    ['an ACL as text', () => client.setAcl('/there', untyped('world:anyone:r')), noAcl],
    ['a version that is half', () => client.set('/there', null, { version: 0.5 }), noVersion],
    ['a version that is text', () => client.set('/there', null, { version: untyped('0') }), noVersion],
    ['NaN as a version', () => client.delete('/there', { version: NaN }), noVersion],
    ['2^32 as a version', () => client.delete('/there', { version: 2 ** 32 }), noVersion],
    ['a version of an ACL', () => client.setAcl('/there', [], { version: untyped('a') }), noVersion],
    ['a version in a multi', () => client.multi([op.delete('/there', NaN)]), noVersion],
    ['a version in place of options', () => client.delete('/there', untyped(7)), /options are an object/],
    ['a version behind data', () => client.set('/there', null, untyped(7)), /options are an object/],
    ['options that are null', () => client.create('/new', null, untyped(null)), /options are an object/],
    ['a signal that is none', () => client.get('/there', { signal: untyped({}) }), /signal is an AbortSignal/],
    ['its controller', () => client.get('/there', { signal: untyped(new AbortController()) }), /is an AbortSignal/],
    ['a path that is undefined', () => client.get(untyped(undefined)), /a path is a string, not undefined/],
    ['a path that is a number', () => client.delete(untyped(42)), /a path is a string, not number/],
    ['a watched path that is none', () => client.watch(untyped(null)).start(() => undefined), /a path is a string/],
    ['a path to sync that is relative', () => client.sync('there'), /must start with \//],
    ['a prefix of ephemerals that is relative', () => client.getEphemerals('there'), /must start with \//],
    ['a relative path of a sequence', () => client.create('n', null, { mode: 'ephemeralSequential' }), /for n:/],
    ['an empty prefix', () => client.create('/new', null, { protection: { prefix: '' } }), noPrefix],
    ['no prefix', () => client.create('/new', null, { protection: untyped({}) }), noPrefix],
    ['a prefix with a slash', () => client.create('/new', null, { protection: { prefix: 'there/' } }), noPrefix],
    ['credentials that are none', () => client.addAuth('digest', untyped(undefined)), /credentials are a string or/],
    [
      'a change of servers that is none',
      () => client.reconfig(untyped(undefined)),
      /a reconfiguration are an object, no/,
    ],
    [
      'one server where a list is asked for',
      () => client.reconfig({ joining: untyped('server.1=a') }),
      /an array of str/,
    ],
    [
      'parents that are true',
      () => client.create('/new', null, { parents: untyped(true) }),
      /"container" or "persistent"/,
    ],
    [
      'parents that are false',
      () => client.create('/new', null, { parents: untyped(false) }),
      /parents is .*, not false/,
    ],
    [
      'an unknown ifExists',
      () => client.create('/new', null, { ifExists: untyped('replace') }),
      /ifExists is "fail", "ke/,
    ],
    [
      'an unknown ifMissing',
      () => client.delete('/there', { ifMissing: untyped(true) }),
      /ifMissing is "fail" or "ignore"/,
    ],
    [
      'text in place of true',
      () => client.delete('/there', { recursive: untyped('no') }),
      /recursive is true or false/,
    ],
    [
      'a codec by half',
      () => client.get('/there', { codec: untyped({ encode: String }) }),
      /codec is a codec, as utf8/,
    ],
    ['an option by the wrong name', () => client.get('/there', untyped({ timeoutMs: 5 })), /did you mean "timeout"/],
    ['an option with a slip', () => client.create('/new', null, untyped({ parent: 'x' })), /did you mean "parents"/],
    ['an update that changes by nothing', () => client.update('/there', untyped('new')), /is a function, not a string/],
    ['no operations', () => client.multi(untyped(undefined)), /operations are an array of what op.create, op.set, op/],
    ['an operation that is none', () => client.multi(untyped([client.exists('/there')])), /operations are an array/],
    [
      'reads among writes',
      () => client.multi(untyped([read.get('/there')])),
      /operations are an array of what op.create/,
    ],
    ['writes among reads', () => client.multiRead(untyped([op.delete('/there')])), /what read.get, read.children make/],
    [
      'a watch without a listener',
      () => client.watch('/there').start(untyped(undefined)),
      /listener of a watch is a fu/,
    ],
    [
      'a listener in place of options',
      () =>
        firstOf(
          client.watch(
            '/there',
            untyped(() => 0),
          ),
        ),
      /options are an object/,
    ],
    [
      'a buffer of nothing',
      () => firstOf(client.watch('/there', { bufferSize: 0 })),
      /bufferSize is an integer from 1 on/,
    ],
  ])('%s', async (_what, call, message) => {
    let result: Promise<unknown> | undefined;
    expect(() => (result = call())).not.toThrow();
    await expect(result).rejects.toThrow(message);
    expect((await client.get('/there', { codec: utf8 })).data).toBe('as it was');
    expect(await client.exists('/new')).toBeNull();
  });
});

describe('what makes no client throws, and says why', () => {
  it.each<[string, unknown, object, RegExp]>([
    ['no servers', undefined, {}, /servers are one text/],
    ['an array of servers', ['a', 'b'], {}, /servers are one text/],
    [
      'a limit of nothing',
      'a',
      { limits: { maxOutstanding: 0 } },
      /maxOutstanding of the limits is an integer from 1 on, or Infinity, not 0/,
    ],
    ['a limit that is no number', 'a', { limits: { maxQueued: NaN } }, /maxQueued/],
    ['a session id that is a number', 'a', { session: { id: 5, password: new Uint8Array(16) } }, /id: bigint/],
    ['a password of a session that is text', 'a', { session: { id: 5n, password: 'x' } }, /password: Uint8Array/],
    ['credentials without any', 'a', { auth: [{ scheme: 'digest' }] }, /credentials are a string or/],
    ['options that are text', 'a', untyped('30s'), /the options of a client are an object, not a string/],
    ['an option that is unknown', 'a', { retries: 3 }, /"retries" is no option of a client: the options are/],
    ['an option with a unit', 'a', { sessionTimeoutMs: 5 }, /did you mean "sessionTimeout"\?/],
    ['an option in lower case', 'a', { readonly: true }, /did you mean "readOnly"\?/],
    ['what only connect takes', 'a', { timeout: 5 }, /"timeout" is no option of a client/],
    ['a timeout without a unit', 'a', { sessionTimeout: '30' }, /sessionTimeout of a client is a duration.*, not "30"/],
    ['text in place of true', 'a', { readOnly: 'false' }, /readOnly of a client is true or false, not "false"/],
    ['a logger that cannot log', 'a', { logger: {} }, /a logger \(with debug, info, warn and error\), not an object/],
    ['a transport that cannot dial', 'a', { transport: {} }, /a transport \(with dial\)/],
    ['TLS by a word', 'a', { tls: true }, /tls of a client is an object/],
    ['a clock that tells no time', 'a', { runtime: { clock: {} } }, /a clock \(with wallMs and monotonicMs\)/],
    ['a pause by a word', 'a', { backOff: { maxDelay: 'long' } }, /maxDelay of the backOff is a duration/],
    [
      'a limit that is unknown',
      'a',
      { limits: { maxQueue: 5 } },
      /"maxQueue" is no option of the limits: did you mean "maxQueued"/,
    ],
    ['credentials that are no list', 'a', { auth: { scheme: 'digest' } }, /an array of { scheme, auth }/],
    ['SASL without a password', 'a', { sasl: { username: 'a' } }, /sasl of a client is an object of { username/],
    ['credentials without a scheme', 'a', { auth: [{ auth: 'a:b' }] }, /the scheme of credentials is a string/],
  ])('%s', (_what, servers, options, message) => {
    expect(() => createClient(untyped(servers), options)).toThrow(message);
  });
});

it('a limit that is undefined is the default', async () => {
  const limits = untyped({ maxRequestBytes: undefined });
  await using other = await connect(server.connectionString, { transport: server.transport, limits });
  await expect(other.create('/long', new Uint8Array(2 ** 20))).rejects.toThrow('servers accept 1048575');
});

it.each<[string, () => unknown]>([
  ['throws', () => { throw new Error('no names today'); }], // prettier-ignore
  ['gives nothing', () => Promise.resolve(undefined)],
])('a look-up that %s is an attempt that failed', async (_what, resolve) => {
  const connecting = connect('a', { transport: server.transport, resolve: untyped(resolve), timeout: 50 });
  await expect(connecting).rejects.toThrow(/no connection to any server.*(no names today|not iterable)/);
});

it('puts one listener on a signal that many calls share', async () => {
  const { signal } = new AbortController();
  const calls = Array.from({ length: 20 }, () => client.watch('/there', { signal }));
  const started = await Promise.all(calls.map((watch) => watch.start(() => undefined)));
  const subscriptions = calls.map((watch) => watch.subscribe());
  await Promise.all(calls.map(() => client.connected({ signal })));
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  for (const subscription of subscriptions) subscription.unsubscribe();
  await Promise.all(started.map((subscription) => subscription.unsubscribe()));
});

it('a close with an option that is none says so, and closes nothing', async () => {
  await expect(client.close(untyped({ keepsession: true }))).rejects.toThrow('did you mean "keepSession"?');
  expect(client.state).toBe('connected');
});

it('what is undefined counts as not given', async () => {
  const { transport, connectionString } = server;
  const nothing = undefined;
  const runtime = { clock: nothing, scheduler: nothing, random: nothing };
  const own = await connect(connectionString, { transport, runtime, limits: { maxQueued: nothing }, acl: nothing });
  expect(await own.exists('/there', { timeout: nothing, signal: nothing, linearizable: nothing })).not.toBeNull();
  const subscription = await own.watch('/there', { timeout: '5s' }).start(() => undefined, { timeout: nothing });
  await subscription.unsubscribe();
  await own.close({ keepSession: nothing });
});

it.each(['OPEN_ACL_UNSAFE', 'READ_ACL_UNSAFE', 'Perms'])('%s comes with the client', async (name) => {
  expect(await import('@zk/client')).toHaveProperty(name);
});
