import type { ClientSession, WatchItem } from '@zk/client';
import { createTestServer, seededRandom, type TestServer } from '@zk/testing';
import { makeClient, noLookUp } from '../src/create-client.js';
import type { ZooKeeperClient } from '../src/zookeeper-client.js';

/**
 * Clients at work while connections break, stall and are refused, and sessions expire, all by chance from a seed, in
 * virtual time. Whatever happens: every call ends, nothing is counted twice, no session is believed alive after the server
 * has expired it, and no rejection goes unhandled.
 */

const RUN_MS = 60_000;
const TIMEOUT_MS = 6_000;
const WORKERS = 4;

interface Tally {
  succeeded: number;
  unknown: number;
  refused: number;
  readonly surprises: string[];
}

const number = {
  encode: (value: number): Uint8Array => new TextEncoder().encode(`${value}`),
  decode: (bytes: Uint8Array | null): number => Number(new TextDecoder().decode(bytes ?? new Uint8Array())),
};

async function increment(client: ZooKeeperClient, tally: Tally): Promise<void> {
  try {
    await client.update('/counter', (n) => n + 1, { codec: number, timeout: '20s' });
    tally.succeeded++;
  } catch (error) {
    const { name, maybeApplied } = error as Error & { readonly maybeApplied: boolean };
    const expected = ['CONNECTIONLOSS', 'SESSIONEXPIRED', 'OPERATIONTIMEOUT', 'ClientClosedError'];
    if (!expected.includes(name)) tally.surprises.push(`${name}: ${(error as Error).message}`);
    else if (maybeApplied) tally.unknown++;
    else tally.refused++;
  }
}

function misfortune(
  server: TestServer,
  clients: readonly ZooKeeperClient[],
  next: () => number,
  /** Sessions that were ended by force. */
  forced: Set<bigint>,
): void {
  const client = clients[Math.floor(next() * clients.length)]!;
  const kind = Math.floor(next() * 7);
  if (kind === 0) server.cut(client);
  else if (kind === 1) server.cut();
  else if (kind === 2) server.stall(client, next() < 0.5 ? 'toClient' : 'toServer');
  else if (kind === 3) void server.dropNextReply('any', client);
  else if (kind === 4) void server.dropNextRequest('any', client);
  else if (kind === 5) server.stall();
  else if (client.session !== undefined) {
    forced.add(client.session.id);
    server.expireSession(client.session.id).catch(() => undefined);
  }
}

describe('under misfortunes by chance', () => {
  it.each([1, 2, 3])('all goes as promised (seed %d)', async (seed) => {
    const random = seededRandom(seed);
    const next = (): number => random.next();
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    process.on('unhandledRejection', note);
    const server = await createTestServer({ clock: 'virtual', seed });
    const { transport, runtime } = server;
    const tally: Tally = { succeeded: 0, unknown: 0, refused: 0, surprises: [] };
    const sessions = new Map<bigint, ClientSession>();
    const events: WatchItem[] = [];
    const forced = new Set<bigint>();
    const clients = Array.from({ length: 3 }, () => {
      const options = { transport, runtime, sessionTimeout: TIMEOUT_MS, requestTimeout: '20s' } as const;
      const client = makeClient(server.connectionString, options, {
        createTransport: () => transport,
        resolve: noLookUp,
      });
      client.session$.subscribe((session) => session !== undefined && sessions.set(session.id, session));
      client.watch('/counter').subscribe((item) => events.push(item));
      return client;
    });
    server.server.sessions$.subscribe(({ kind, sessionId }) => {
      // Taken by force, a session may end at any time; by its timeout, never before the client has given it up.
      const session = sessions.get(sessionId);
      if (kind === 'expired' && !forced.has(sessionId) && session?.isAlive())
        tally.surprises.push('expired before its deadline');
    });
    await server.time!.during(clients[0]!.create('/counter', 0, { codec: number }));

    let isOver = false;
    const workers = clients.flatMap((client) =>
      Array.from({ length: WORKERS }, async () => {
        while (!isOver) {
          await increment(client, tally);
          await new Promise<void>((resolve) => runtime.scheduler.after(next() * 500, resolve));
        }
      }),
    );
    const endMs = runtime.clock.monotonicMs() + RUN_MS;
    while (runtime.clock.monotonicMs() < endMs) {
      misfortune(server, clients, next, forced);
      await server.advance(next() * 5_000);
      server.release();
      await server.advance(next() * 3_000);
    }
    isOver = true;
    server.faults.disarm();
    server.release();
    await server.time!.during(Promise.all(workers));
    const [reader] = clients;
    const { data } = await server.time!.during(reader!.get('/counter', { codec: number, linearizable: true }));
    await server.time!.during(Promise.all(clients.map((client) => client.close())));
    await server.close();
    process.off('unhandledRejection', note);

    expect(tally.surprises).toEqual([]);
    expect(unhandled).toEqual([]);
    expect(tally.succeeded).toBeGreaterThan(20);
    expect(data).toBeGreaterThanOrEqual(tally.succeeded);
    expect(data).toBeLessThanOrEqual(tally.succeeded + tally.unknown);
    expect(events.some(({ type }) => type === 'reset')).toBe(true);
    expect(clients.map(({ metrics: { outstanding, waiting, watches } }) => outstanding + waiting + watches)).toEqual([
      0, 0, 0,
    ]);
  });
});
