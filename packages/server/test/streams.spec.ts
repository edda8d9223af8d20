import { lastValueFrom, toArray } from 'rxjs';
import type { SessionEvent, ServerState } from '../src/index.js';
import { Harness } from './harness.js';

describe('state$', () => {
  it('replays the present state, tells each change, and completes with the server', async () => {
    const harness = new Harness().create();
    const all = lastValueFrom(harness.server.state$.pipe(toArray()));
    await harness.server.start();
    const late = lastValueFrom(harness.server.state$.pipe(toArray()));
    await harness.stop();
    expect(await all).toEqual(['stopped', 'loading', 'serving', 'stopping', 'stopped']);
    expect(await late).toEqual(['serving', 'stopping', 'stopped']);
  });

  it('has completed for who comes after the end', async () => {
    const harness = await new Harness().start();
    await harness.stop();
    const seen: (ServerState | 'complete')[] = [];
    harness.server.state$.subscribe({ next: (state) => seen.push(state), complete: () => seen.push('complete') });
    expect(seen).toEqual(['complete']);
    expect(harness.server.state).toBe('stopped');
  });

  it('tells of a start that failed; the server can be stopped all the same', async () => {
    const first = await new Harness().start();
    const second = new Harness({
      transport: first.transport,
      options: { clientPort: first.server.clientAddress.port },
    }).create();
    const all = lastValueFrom(second.server.state$.pipe(toArray()));
    await expect(second.server.start()).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect(second.server.state).toBe('failed');
    await second.stop();
    expect(await all).toEqual(['stopped', 'loading', 'failed', 'stopping', 'stopped']);
    // The storage was closed: somebody else may have it.
    await second.storage.open();
    await second.storage.close();
    await first.stop();
  });

  it('a subscriber who leaves hears nothing more', async () => {
    const harness = new Harness().create();
    const seen: ServerState[] = [];
    const subscription = harness.server.state$.subscribe((state) => seen.push(state));
    await harness.server.start();
    subscription.unsubscribe();
    await harness.stop();
    expect(seen).toEqual(['stopped', 'loading', 'serving']);
  });
});

describe('sessions$', () => {
  it('tells sessions that begin, come back and end, once each, and completes with the server', async () => {
    const harness = Harness.inVirtualTime({ options: { tickTimeMs: 1000 } }).create();
    const all = lastValueFrom(harness.server.sessions$.pipe(toArray()));
    await harness.server.start();
    const one = await harness.connect({ timeoutMs: 4000 });
    const two = await harness.connect({ timeoutMs: 2000 });
    const again = await harness.reattach(one, { timeoutMs: 4000 });
    await again.close();
    await harness.time.advance(4000);
    const three = await harness.connect();
    await harness.stop();
    const events: SessionEvent[] = [
      { kind: 'created', sessionId: one.sessionId },
      { kind: 'created', sessionId: two.sessionId },
      { kind: 'reattached', sessionId: one.sessionId },
      { kind: 'closed', sessionId: one.sessionId },
      { kind: 'expired', sessionId: two.sessionId },
      { kind: 'created', sessionId: three.sessionId },
    ];
    expect(await all).toEqual(events);
  });

  it('is not replayed', async () => {
    const harness = await new Harness().start();
    await harness.connect();
    const seen: SessionEvent[] = [];
    harness.server.sessions$.subscribe((event) => seen.push(event));
    expect(seen).toEqual([]);
    await harness.stop();
  });

  it('tells of a session when it is durable, not before', async () => {
    const harness = await new Harness().start();
    const seen: SessionEvent[] = [];
    harness.server.sessions$.subscribe((event) => seen.push(event));
    harness.storage.holdSyncs();
    const connecting = harness.connect();
    await harness.storage.heldSync();
    expect(seen).toEqual([]);
    harness.storage.releaseSyncs();
    await connecting;
    expect(seen).toHaveLength(1);
    await harness.stop();
  });
});

describe('a server', () => {
  it('starts once and stops once, however often it is told to', async () => {
    const harness = new Harness().create();
    const { server } = harness;
    await Promise.all([server.start(), server.start()]);
    await harness.connect();
    await Promise.all([server.stop(), server.stop()]);
    await server.stop();
    expect(server.state).toBe('stopped');
  });

  it('that is told to stop while it starts stops when it has', async () => {
    const harness = new Harness().create();
    const states: ServerState[] = [];
    harness.server.state$.subscribe((state) => states.push(state));
    const starting = harness.server.start();
    await harness.server.stop();
    await starting;
    expect(states).toEqual(['stopped', 'loading', 'serving', 'stopping', 'stopped']);
  });

  it('answers what is on its way before it stops, and closes every connection', async () => {
    const harness = await new Harness().start();
    const clients = await Promise.all(Array.from({ length: 20 }, () => harness.connect()));
    harness.storage.holdSyncs();
    const writes = clients.map((c, i) => c.create(`/n${i}`));
    await harness.storage.heldSync();
    const stopping = harness.stop();
    harness.storage.releaseSyncs();
    expect(await Promise.all(writes)).toHaveLength(20);
    await stopping;
    await Promise.all(clients.map((c) => c.closed));
    await expect(harness.connect()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('has no address before it listens', () => {
    expect(() => new Harness().create().server.clientAddress).toThrow('not listening');
  });
});
