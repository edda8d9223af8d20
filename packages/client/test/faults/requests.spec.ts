import { TIMEOUT_MS, connected, failureOf, server, settle, text, useFaultRig } from './rig.js';

useFaultRig();

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

  it('arguments that are no request cost their call, and nobody else anything', async () => {
    const client = await connected();
    const before = client.create('/before', null);
    const bad = failureOf(client.multi([{ path: '/a' } as never]));
    const after = client.create('/after', null);
    expect(await bad).toMatchObject({ name: 'BADARGUMENTS', maybeApplied: false });
    await Promise.all([before, after]);
    expect(client.metrics).toMatchObject({ outstanding: 0, reconnects: 0 });
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
