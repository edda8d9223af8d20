import { SessionExpiredError, connect } from '@zk/client';
import { TIMEOUT_MS, connected, failureOf, server, settle, statesOf, useFaultRig } from './rig.js';

useFaultRig();

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

  it('without renewal the client says that its session is over, and not that somebody has closed it', async () => {
    const client = await connected({ renewSession: false });
    await server.stop();
    await settle();
    const waiting = failureOf(client.exists('/'));
    await server.advance(TIMEOUT_MS);
    const failures = [waiting, ...[client.get('/'), client.connected(), client.create('/a')].map(failureOf)];
    for (const failure of await Promise.all(failures)) {
      expect(failure).toBeInstanceOf(SessionExpiredError);
      expect(failure).toMatchObject({ name: 'SESSIONEXPIRED', maybeApplied: false, isFinal: true });
    }
    expect(() => client.watch('/').subscribe({ error: () => undefined })).not.toThrow();
  });

  it('without renewal nobody connects to a session that is over', async () => {
    const { transport, runtime, connectionString } = server;
    const client = await connected();
    const { id, password } = client.session!;
    await server.time!.during(client.close());
    const options = { transport, runtime, session: { id, password }, renewSession: false } as const;
    expect(await failureOf(connect(connectionString, options))).toMatchObject({
      name: 'SESSIONEXPIRED',
      isFinal: true,
    });
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
