import type { CommonOptions, ConnectionState, RequestFailure, WatchItem } from '@zk/client';
import { createTestServer, type TestServer } from '@zk/testing';
import { makeClient, noLookUp } from '../src/create-client.js';
import type { InternalOptions } from '../src/options.js';
import type { ZooKeeperClient } from '../src/zookeeper-client.js';

/**
 * What hurts users of other clients, made to happen here: each test fails when the guard that it names is taken out.
 * Time is virtual, so that waiting costs nothing and happens to the millisecond.
 */

const TIMEOUT_MS = 9_000;
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

describe('faults', () => {
  let server: TestServer;
  const open: ZooKeeperClient[] = [];

  beforeEach(async () => {
    server = await createTestServer({ clock: 'virtual' });
  });

  afterEach(async () => {
    const closing = Promise.all(open.splice(0).map((client) => client.close()));
    await server.time!.during(closing);
    await server.close();
  });

  function start(
    options: CommonOptions & { readonly servers?: string } = {},
    internal: InternalOptions = {},
  ): ZooKeeperClient {
    const { servers = server.connectionString, ...rest } = options;
    const { transport, runtime } = server;
    const all = { transport, runtime, sessionTimeout: TIMEOUT_MS, requestTimeout: '1h' as const, ...rest };
    const client = makeClient(servers, all, { createTransport: () => transport, resolve: noLookUp, ...internal });
    open.push(client);
    return client;
  }

  async function connected(...args: Parameters<typeof start>): Promise<ZooKeeperClient> {
    const client = start(...args);
    await server.time!.during(client.connected());
    return client;
  }

  function statesOf(client: ZooKeeperClient): ConnectionState[] {
    const states: ConnectionState[] = [];
    client.state$.subscribe((state) => states.push(state));
    return states;
  }

  async function failureOf(promise: Promise<unknown>): Promise<RequestFailure> {
    const error: unknown = await server.time!.during(
      promise.then(
        () => new Error('it should have failed'),
        (thrown: unknown) => thrown,
      ),
    );
    return error as RequestFailure;
  }

  /** Breaks the connection of a client, and waits for the next one. */
  async function reconnect(client: ZooKeeperClient): Promise<void> {
    server.cut(client);
    await settle();
    await server.time!.during(client.connected());
  }

  const settle = (): Promise<void> => server.time!.settle();

  describe('connections', () => {
    it('a half-open connection is given up after two thirds of the session timeout', async () => {
      const client = await connected();
      const states = statesOf(client);
      server.stall(client);
      await server.advance(TIMEOUT_MS / 3 + 10);
      expect(states).toEqual(['connected']);
      await server.advance(TIMEOUT_MS / 3 + 100);
      expect(states.slice(0, 3)).toEqual(['connected', 'suspended', 'reconnected']);
    });

    it('a server that accepts and then says nothing is given up, and so is the call to connect', async () => {
      server.stall();
      const client = start({ connectTimeout: '2s' });
      await server.advance('7s');
      expect(client.failedAttempts.length).toBeGreaterThanOrEqual(3);
      expect(client.failedAttempts[0]!.error.message).toContain('no session within 2000 ms');
      const error = await failureOf(client.connected({ timeout: '1s' }));
      expect(error.name).toBe('OPERATIONTIMEOUT');
      server.release();
      await server.time!.during(client.connected());
    });

    it('an idle connection is kept alive by pings', async () => {
      const client = await connected();
      const kinds: (string | undefined)[] = [];
      server.requests$.subscribe(({ kind }) => kinds.push(kind));
      await server.advance(TIMEOUT_MS * 10);
      expect(client.state).toBe('connected');
      expect(kinds).toHaveLength(30);
      expect(new Set(kinds)).toEqual(new Set(['ping']));
    });

    it('pauses between attempts grow, up to a bound', async () => {
      await server.stop();
      const client = start({ backOff: { initialDelay: 100, maxDelay: '1s' }, session: undefined });
      await server.advance('60s');
      const { failedAttempts } = client.metrics;
      expect(failedAttempts).toBeGreaterThan(55);
      expect(failedAttempts).toBeLessThan(130);
    });

    it('names are looked up anew at each attempt', async () => {
      const asked: string[] = [];
      let address = '10.9.9.9';
      const resolve = (host: string): Promise<readonly string[]> => {
        asked.push(host);
        return address === '' ? Promise.reject(new Error('ENOTFOUND')) : Promise.resolve([address]);
      };
      const client = start({ servers: 'zk.example:2181', resolve });
      await server.advance('1s');
      address = '';
      await server.advance('1s');
      address = '127.0.0.1';
      await server.time!.during(client.connected());
      expect(asked.length).toBeGreaterThan(2);
      expect(new Set(asked)).toEqual(new Set(['zk.example']));
    });

    it('every address of a name is tried before the pause, and a name without one does not stop the others', async () => {
      const resolve = (host: string): Promise<readonly string[]> =>
        host === 'bad'
          ? Promise.reject(new Error('ENOTFOUND'))
          : Promise.resolve(['10.0.0.1', '10.0.0.2', '127.0.0.1']);
      const client = start({ servers: 'bad,good', resolve, backOff: { initialDelay: '1s' } });
      await server.advance('1500ms');
      expect(client.state).toBe('connected');
    });

    it('credentials are shown again on the next connection, before anything else', async () => {
      const client = await connected({ auth: [{ scheme: 'digest', auth: 'bob:pw' }] });
      await client.addAuth('digest', 'eve:pw');
      await client.create('/mine', text('x'), { acl: [{ perms: 31, scheme: 'auth', id: '' }] });
      server.cut(client);
      const kinds: (string | undefined)[] = [];
      server.requests$.subscribe(({ kind }) => kinds.push(kind));
      const read = await server.time!.during(client.get('/mine'));
      expect(read.data).toEqual(text('x'));
      expect(kinds).toEqual(['connect', 'auth', 'auth', 'getData']);
    });
  });

  describe('sessions', () => {
    it('expiry is known without a server', async () => {
      const client = await connected();
      const states = statesOf(client);
      const session = client.session!;
      await server.stop();
      const { deadlineMs } = session;
      await server.advance(deadlineMs - server.time!.monotonicMs() - 1);
      expect([session.isAlive(), session.signal.aborted, client.state]).toEqual([true, false, 'suspended']);
      await server.advance(1);
      expect([session.isAlive(), session.signal.aborted, client.state]).toEqual([false, true, 'lost']);
      expect((session.signal.reason as Error).name).toBe('SESSIONEXPIRED');
      expect(client.session).toBeUndefined();
      await server.time!.during(server.start());
      await server.time!.during(client.connected());
      expect(states).toEqual(['connected', 'suspended', 'lost', 'connected']);
      expect(client.session!.id).not.toBe(session.id);
    });

    it('a session that was given up never comes back, even when a server still knows it', async () => {
      const client = await connected();
      const first = client.session!;
      server.pause();
      await server.advance(TIMEOUT_MS + 1);
      expect(client.state).toBe('lost');
      server.resume();
      await server.time!.during(client.connected());
      expect(client.session!.id).not.toBe(first.id);
    });

    it('an expiry that the server tells is one, and a new session begins', async () => {
      const client = await connected();
      const states = statesOf(client);
      const { signal } = client.session!;
      await client.create('/e', null, { mode: 'ephemeral' });
      await server.expireSession(client);
      // A read waits for the new session: it means the same there.
      await server.time!.during(client.exists('/'));
      expect(signal.aborted).toBe(true);
      expect(states).toEqual(['connected', 'suspended', 'lost', 'connected']);
      expect(await client.exists('/e')).toBeNull();
    });

    it('without renewal the client is closed when its session is lost', async () => {
      const client = await connected({ renewSession: false });
      const states = statesOf(client);
      await server.expireSession(client);
      await server.advance('1s');
      expect(states).toEqual(['connected', 'suspended', 'lost', 'closed']);
    });

    it('what was asked for in a session that is lost is rejected, and what is asked for later is answered', async () => {
      const client = await connected();
      await server.stop();
      await settle();
      const read = client.exists('/a');
      const queued = failureOf(client.create('/a'));
      await server.advance(TIMEOUT_MS);
      expect(await queued).toMatchObject({ name: 'SESSIONEXPIRED', maybeApplied: false });
      const later = client.create('/b');
      await server.time!.during(server.start());
      expect((await server.time!.during(later)).path).toBe('/b');
      expect(await read).toBeNull();
    });

    it('a process that was busy beyond the deadline has lost its session', async () => {
      const client = await connected();
      const session = client.session!;
      server.time!.jump(TIMEOUT_MS + 1_000);
      expect(session.isAlive()).toBe(false);
      await server.advance(0);
      await server.advance('1s');
      expect(session.signal.aborted).toBe(true);
      expect(client.session?.id).not.toBe(session.id);
    });

    it('a machine that slept while its monotonic clock stood still has lost its session', async () => {
      const client = await connected();
      const session = client.session!;
      server.time!.jumpWallClock(TIMEOUT_MS * 2);
      expect(session.isAlive()).toBe(false);
      await server.advance(TIMEOUT_MS / 3 + 1);
      expect(session.signal.aborted).toBe(true);
      await server.time!.during(client.connected());
      const next = client.session!;
      server.time!.jumpWallClock(-TIMEOUT_MS * 20);
      expect(next.isAlive()).toBe(true);
    });

    it('the deadline moves with every answer, from the moment of the question', async () => {
      const client = await connected();
      const session = client.session!;
      const before = session.deadlineMs;
      await server.advance('1s');
      await client.exists('/');
      expect(session.deadlineMs).toBe(before + 1_000);
      server.stall(client, 'toClient');
      const late = client.exists('/');
      await server.advance('2s');
      server.release(client);
      await late;
      expect(session.deadlineMs).toBe(before + 1_000);
    });
  });

  describe('requests', () => {
    it('a read without a reply is sent again, a write is rejected', async () => {
      const client = await connected();
      await client.create('/a', text('1'));
      const dropped = server.dropNextReply('setData', client);
      const set = failureOf(client.set('/a', text('2')));
      const get = client.get('/a');
      await server.time!.during(dropped);
      expect(await set).toMatchObject({ name: 'CONNECTIONLOSS', maybeApplied: true, path: '/a' });
      expect((await server.time!.during(get)).data).toEqual(text('2'));
    });

    it('a write that was cancelled after it was sent may have been applied, and says so', async () => {
      const client = await connected();
      server.stall(client, 'toClient');
      const abort = new AbortController();
      const error = failureOf(client.create('/a', null, { signal: abort.signal }));
      await settle();
      abort.abort(new Error('enough'));
      expect(await error).toMatchObject({ name: 'AbortError', maybeApplied: true, path: '/a' });
      server.release(client);
      expect(await client.exists('/a')).not.toBeNull();
    });

    it('a timeout says whether the request had been sent', async () => {
      const client = await connected();
      server.stall(client, 'toClient');
      const sent = failureOf(client.create('/a', null, { timeout: '1s' }));
      await server.advance('1s');
      expect(await sent).toMatchObject({ name: 'OPERATIONTIMEOUT', maybeApplied: true, timeoutMs: 1_000 });
      await server.stop();
      await settle();
      const unsent = failureOf(client.create('/b', null, { timeout: '1s' }));
      await server.advance('1s');
      expect(await unsent).toMatchObject({ name: 'OPERATIONTIMEOUT', maybeApplied: false });
    });

    it('the transaction ids start again where int32 ends', async () => {
      const client = await connected({}, { firstXid: 0x7fff_ffff - 5 });
      const xids: number[] = [];
      server.requests$.subscribe(({ xid }) => xids.push(xid));
      await Promise.all(Array.from({ length: 20 }, (_, i) => client.create(`/n${i}`)));
      expect(xids.slice(0, 8)).toEqual([...Array.from({ length: 6 }, (_, i) => 0x7fff_ffff - 5 + i), 1, 2]);
      expect(client.state).toBe('connected');
    });

    it('more than may wait is refused at once', async () => {
      const client = await connected({ limits: { maxQueued: 3 } });
      await server.stop();
      await settle();
      const waiting = Array.from({ length: 3 }, (_, i) => client.exists(`/n${i}`));
      expect(await failureOf(client.exists('/one-too-many'))).toMatchObject({
        name: 'QueueFullError',
        maybeApplied: false,
      });
      const abort = new AbortController();
      await server.time!.during(server.start());
      expect(await server.time!.during(Promise.all(waiting))).toEqual([null, null, null]);
      abort.abort();
    });

    it('no more is outstanding at a time than the limits say', async () => {
      const client = await connected({ limits: { maxOutstanding: 10, maxOutstandingBytes: 1_000 } });
      server.stall(client, 'toClient');
      const small = Array.from({ length: 30 }, (_, i) => client.exists(`/n${i}`));
      await settle();
      expect(client.metrics).toMatchObject({ outstanding: 10, waiting: 20 });
      server.release(client);
      await Promise.all(small);
      server.stall(client, 'toClient');
      const large = Array.from({ length: 6 }, (_, i) => client.create(`/n${i}`, new Uint8Array(300)));
      await settle();
      expect(client.metrics.outstanding).toBe(2);
      server.release(client);
      await Promise.all(large);
      expect(client.metrics).toMatchObject({ outstanding: 0, waiting: 0 });
    });

    it('a reply that is too long costs its call, not the connection', async () => {
      const client = await connected({ limits: { maxReplyBytes: 10_000 } });
      await client.create('/big', new Uint8Array(20_000));
      await client.create('/small', text('x'));
      const big = failureOf(client.get('/big'));
      const small = client.get('/small');
      expect((await big).message).toContain('maxReplyBytes');
      expect((await small).data).toEqual(text('x'));
      expect(client.metrics.reconnects).toBe(0);
    });

    it('a linearizable read that is sent again on another connection is behind what the sync saw', async () => {
      const client = await connected();
      await client.create('/a', text('1'));
      const dropped = server.dropNextReply('getData', client);
      const get = client.get('/a', { linearizable: true });
      await server.time!.during(dropped);
      expect((await server.time!.during(get)).data).toEqual(text('1'));
      const lost = server.dropNextReply('sync', client);
      const again = client.get('/a', { linearizable: true });
      await server.time!.during(lost);
      expect((await server.time!.during(again)).data).toEqual(text('1'));
    });
  });

  describe('creates and deletes', () => {
    it('a protected create survives the loss of its reply, and makes one znode', async () => {
      const client = await connected();
      await client.create('/locks');
      const dropped = server.dropNextReply('create', client);
      const creation = client.create('/locks/lock-', null, { mode: 'ephemeralSequential', protection: true });
      await server.time!.during(dropped);
      const { path, stat } = await server.time!.during(creation);
      expect(await client.getChildren('/locks')).toMatchObject({ children: [path.slice('/locks/'.length)] });
      expect(stat.ephemeralOwner).toBe(client.session!.id);
    });

    it('a protected create survives the loss of its request', async () => {
      const client = await connected();
      const dropped = server.dropNextRequest('create', client);
      const creation = client.create('/lock-', null, { mode: 'ephemeralSequential', protection: true });
      await server.time!.during(dropped);
      await server.time!.during(creation);
      expect((await client.getChildren('/')).children.filter((name) => name.includes('lock-'))).toHaveLength(1);
    });

    it('an ephemeral of a session that is over is not taken for one’s own', async () => {
      const client = await connected();
      const session = client.session!;
      const dropped = server.dropNextReply('create', client);
      const creation = failureOf(client.create('/lock-', null, { mode: 'ephemeralSequential', protection: true }));
      await server.time!.during(dropped);
      await server.expireSession(session.id);
      expect(await creation).toMatchObject({ name: 'SESSIONEXPIRED' });
    });

    it('a protected create that was cancelled leaves nothing behind', async () => {
      const client = await connected();
      server.stall(client, 'toClient');
      const abort = new AbortController();
      const options = { mode: 'ephemeralSequential', protection: true, signal: abort.signal } as const;
      const creation = failureOf(client.create('/lock-', null, options));
      await settle();
      abort.abort();
      expect(await creation).toMatchObject({ name: 'AbortError', maybeApplied: true });
      server.release(client);
      await server.advance('1s');
      expect((await client.getChildren('/')).children.filter((name) => name.includes('lock-'))).toEqual([]);
    });

    it('a guaranteed delete goes on after its call was given up', async () => {
      const client = await connected();
      await client.create('/lock');
      await server.stop();
      await settle();
      const deletion = failureOf(client.delete('/lock', { guaranteed: true, timeout: '1s' }));
      await server.advance('1s');
      expect(await deletion).toMatchObject({ name: 'OPERATIONTIMEOUT', maybeApplied: false });
      await server.advance(TIMEOUT_MS);
      await server.time!.during(server.start());
      await server.time!.during(client.connected());
      await server.advance('1s');
      expect(await client.exists('/lock')).toBeNull();
    });

    it('an update whose write has an unknown end says so, and is not repeated behind the back of the caller', async () => {
      const client = await connected();
      await client.create('/n', text('1'));
      const dropped = server.dropNextReply('setData', client);
      const update = failureOf(client.update('/n', () => text('2')));
      await server.time!.during(dropped);
      expect(await update).toMatchObject({ name: 'CONNECTIONLOSS', maybeApplied: true });
    });
  });

  describe('watches', () => {
    it('one-shot watches survive a reconnect, and tell what they missed', async () => {
      const client = await connected();
      const other = await connected();
      await Promise.all(['/a', '/b', '/c'].map((path) => client.create(path)));
      const missed = await client.getAndWatch('/a');
      const missedChildren = await client.getChildrenAndWatch('/b');
      const missedCreation = await client.existsAndWatch('/d');
      const later = await client.getAndWatch('/c');
      await server.faults.refuseConnections();
      server.cut(client);
      await settle();
      await other.set('/a', text('1'));
      await other.create('/b/x');
      await other.create('/d');
      await server.faults.acceptConnections();
      await server.time!.during(client.connected());
      expect(await missed.fired).toMatchObject({ type: 'dataChanged', path: '/a' });
      expect(await missedChildren.fired).toMatchObject({ type: 'childrenChanged', path: '/b' });
      expect(await missedCreation.fired).toMatchObject({ type: 'created', path: '/d' });
      await other.delete('/c');
      expect(await later.fired).toMatchObject({ type: 'deleted', path: '/c' });
    });

    it('one-shot watches end with the session', async () => {
      const client = await connected();
      const watch = await client.existsAndWatch('/a');
      await server.expireSession(client);
      expect(await server.time!.during(watch.fired)).toEqual({ type: 'sessionLost' });
      expect(client.metrics.watches).toBe(0);
    });

    it('persistent watches survive reconnects and sessions, and say that something may be missing', async () => {
      const client = await connected();
      const other = await connected();
      const items: WatchItem[] = [];
      await client.watch('/', { recursive: true }).start((item) => items.push(item));
      await reconnect(client);
      await other.create('/a');
      await client.sync('/');
      await server.expireSession(client);
      await server.advance('1s');
      await other.create('/b');
      await client.sync('/');
      expect(items.map((item) => (item.type === 'reset' ? item.reason : item.path))).toEqual([
        'reconnected',
        '/a',
        'newSession',
        '/b',
      ]);
    });

    it('a watch that is started while there is no connection is set by the next one', async () => {
      const client = await connected();
      await server.stop();
      await settle();
      const items: WatchItem[] = [];
      const starting = client.watch('/a').start((item) => items.push(item));
      await server.time!.during(server.start());
      const subscription = await server.time!.during(starting);
      await client.create('/a');
      expect(items).toMatchObject([{ type: 'created', path: '/a' }]);
      await subscription.unsubscribe();
      const late = client.watch('/b').start(() => undefined, { timeout: '1s' });
      await expect(late).resolves.toBeDefined();
    });

    it('many thousand watches are set again in packets below 128 KiB', async () => {
      const client = await connected();
      const name = 'x'.repeat(150);
      const count = 10_000;
      const watching = Array.from({ length: count }, (_, i) => client.existsAndWatch(`/${name}${i}`));
      const watches = await Promise.all(watching);
      const lengths: number[] = [];
      server.requests$.subscribe(({ kind, lengthBytes }) => {
        if (kind === 'setWatches') lengths.push(lengthBytes);
      });
      await reconnect(client);
      await client.create(`/${name}${count - 1}`);
      expect(await watches.at(-1)!.fired).toMatchObject({ type: 'created' });
      expect(lengths.length).toBeGreaterThan(10);
      expect(Math.max(...lengths)).toBeLessThanOrEqual(128 * 1024);
      expect(client.metrics.reconnects).toBe(1);
    });

    it('the last one who cancels removes the watch on the server', async () => {
      const client = await connected();
      await client.create('/a');
      const watchesOnServer = (): number => server.server.database.watches.watchCount;
      const one = await client.getAndWatch('/a');
      const two = await client.getAndWatch('/a');
      const children = await client.getChildrenAndWatch('/a');
      expect(watchesOnServer()).toBe(2);
      one.cancel();
      await client.sync();
      expect(watchesOnServer()).toBe(2);
      two.cancel();
      children.cancel();
      await client.sync();
      expect(watchesOnServer()).toBe(0);
      const subscription = await client.watch('/a').start(() => undefined);
      expect(watchesOnServer()).toBeGreaterThan(0);
      await subscription.unsubscribe();
      expect(watchesOnServer()).toBe(0);
    });

    it('a one-shot watch outlives the persistent one whose events stood in for it', async () => {
      const client = await connected();
      const other = await connected();
      await client.create('/a');
      const persistent = await client.watch('/a').start(() => undefined);
      const data = await client.getAndWatch('/a');
      const children = await client.getChildrenAndWatch('/a');
      const absent = await client.existsAndWatch('/a/b');
      await persistent.unsubscribe();
      await other.set('/a', text('1'));
      expect(await data.fired).toMatchObject({ type: 'dataChanged' });
      await other.create('/a/b');
      expect(await children.fired).toMatchObject({ type: 'childrenChanged' });
      expect(await absent.fired).toMatchObject({ type: 'created' });
      const recursive = await client.watch('/a', { recursive: true }).start(() => undefined);
      const reading = client.getAndWatch('/a');
      const leaving = recursive.unsubscribe();
      const late = await reading;
      await leaving;
      await other.set('/a', text('2'));
      expect(await late.fired).toMatchObject({ type: 'dataChanged' });
    });

    it('a cancelled read leaves no watch behind', async () => {
      const client = await connected();
      server.stall(client, 'toClient');
      const abort = new AbortController();
      const watching = failureOf(client.existsAndWatch('/a', { signal: abort.signal }));
      await settle();
      abort.abort();
      expect((await watching).name).toBe('AbortError');
      server.release(client);
      await client.sync();
      await client.sync();
      expect(server.server.database.watches.watchCount).toBe(0);
      expect(client.metrics.watches).toBe(0);
    });

    it('a consumer that takes its time gets a reset instead of a gap', async () => {
      const client = await connected();
      const items = client.watch('/', { recursive: true, bufferSize: 5 })[Symbol.asyncIterator]();
      await client.sync();
      for (let i = 0; i < 8; i++) await client.create(`/n${i}`);
      await client.sync();
      expect(await items.next()).toEqual({ done: false, value: { type: 'reset', reason: 'overflow' } });
      expect(await items.next()).toMatchObject({ value: { path: '/n6' } });
      await items.return!();
    });
  });
});
