import type { ZkClient } from '@zk/client-api';
import { FaultyTransport, type TestServer, createTestServer, seededRandom } from '@zk/testing';
import { type Hold, LeaderElection, type Lockable, Mutex, ReadWriteLock, SemaphoreMutex } from '../src/index.js';
import { connectTo } from './memory-rig.js';

/**
 * Contenders under virtual time, with cuts, silences, stopped servers and clocks that run on while nothing else does. One
 * seed decides everything, so what fails fails again.
 */
const CLIENTS = 4;
const SESSION_MS = 2_000;
const STORM_MS = 25_000;
const STEP_MS = 50;
const PATH = '/storm';

interface Contender {
  readonly client: ZkClient;
  readonly way: FaultyTransport;
  hold: Hold | undefined;
  calmAtMs: number;
}

type Kind = 'mutex' | 'kazoo' | 'write' | 'semaphore' | 'election';

const lockOf: Readonly<Record<Kind, (client: ZkClient) => Pick<Lockable<Hold>, 'acquire'>>> = {
  mutex: (client) => new Mutex(client, PATH),
  kazoo: (client) => new Mutex(client, PATH, { dialect: 'kazoo' }),
  write: (client) => new ReadWriteLock(client, PATH).write,
  semaphore: (client) => new SemaphoreMutex(client, PATH),
  election: (client) => {
    const election = new LeaderElection(client, PATH);
    return { acquire: (options) => election.campaign(options) };
  },
};

describe.each<Kind>(['mutex', 'kazoo', 'write', 'semaphore', 'election'])('in a storm: %s', (kind) => {
  it.each([1, 2, 3])(
    'has one holder at a time, whose tokens grow, and leaves nothing behind (seed %i)',
    async (seed) => {
      const server = await createTestServer({ clock: 'virtual', seed });
      const time = server.time!;
      const random = seededRandom(seed * 7_919);
      const below = (limit: number): number => Math.floor(random.next() * limit);
      const contenders = await time.during(Promise.all(Array.from({ length: CLIENTS }, () => contenderOf(server))));
      const tokens: bigint[] = [];
      const stop = new AbortController();
      const loops = contenders.map((contender) => contend(server, contender, lockOf[kind], tokens, below, stop.signal));

      for (let ms = 0; ms < STORM_MS; ms += STEP_MS) {
        if (below(8) === 0) await disturb(server, contenders, below);
        for (const contender of contenders) {
          if (contender.calmAtMs <= time.monotonicMs()) contender.way.release();
        }
        await server.advance(STEP_MS);
        const held = contenders.filter(({ hold }) => hold?.isHeld === true);
        expect(held.length).toBeLessThanOrEqual(1);
      }
      stop.abort();
      for (const { way } of contenders) way.release();
      await time.during(Promise.all(loops));
      expect(tokens).toEqual([...tokens].sort((a, b) => (a < b ? -1 : 1)));
      expect(new Set(tokens).size).toBe(tokens.length);
      expect(tokens.length).toBeGreaterThan(10);

      await server.advance(SESSION_MS * 2);
      const left = await time.during(namesBelow(contenders[0]!.client, PATH));
      expect(left.filter((name) => /\d{10}$/.test(name))).toEqual([]);
      await time.during(Promise.all(contenders.map(({ client }) => client.close())));
      for (const { way } of contenders) way.close();
      await server.close();
    },
  );
});

async function contenderOf(server: TestServer): Promise<Contender> {
  const way = new FaultyTransport(server.transport, { scheduler: server.runtime.scheduler });
  const client = await connectTo(server, { transport: way, sessionTimeout: SESSION_MS });
  return { client, way, hold: undefined, calmAtMs: 0 };
}

async function contend(
  server: TestServer,
  contender: Contender,
  lock: (client: ZkClient) => Pick<Lockable<Hold>, 'acquire'>,
  tokens: bigint[],
  below: (limit: number) => number,
  stop: AbortSignal,
): Promise<void> {
  const mine = lock(contender.client);
  while (!stop.aborted) {
    try {
      const hold = await mine.acquire({ signal: stop, ...(below(5) === 0 ? { timeout: below(3_000) } : {}) });
      contender.hold = hold;
      if (hold.isHeld) tokens.push(hold.token);
      await pause(server, below(400), hold.signal);
      await hold.release();
    } catch (error) {
      if (!(error instanceof Error) || !/^(AbortError|AcquireTimeoutError)$/.test(error.name)) throw error;
      await pause(server, 20, stop);
    }
  }
}

/** One thing goes wrong. */
async function disturb(
  server: TestServer,
  contenders: readonly Contender[],
  below: (limit: number) => number,
): Promise<void> {
  const contender = contenders[below(contenders.length)]!;
  const what = below(20);
  if (what < 8) contender.way.cut();
  else if (what < 16) {
    const direction = (['both', 'toClient', 'toServer'] as const)[below(3)]!;
    contender.way.stall(undefined, direction);
    contender.calmAtMs = server.time!.monotonicMs() + below(SESSION_MS * 2);
  } else if (what < 18) {
    server.pause();
    await server.advance(below(SESSION_MS));
    server.resume();
  } else server.time!.jump(below(SESSION_MS));
}

function pause(server: TestServer, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      signal.removeEventListener('abort', done);
      resolve();
    };
    signal.addEventListener('abort', done);
    server.runtime.scheduler.after(ms, done);
  });
}

async function namesBelow(client: ZkClient, path: string): Promise<string[]> {
  if ((await client.exists(path)) === null) return [];
  const { children } = await client.getChildren(path, { linearizable: true });
  const below = await Promise.all(children.map((name) => namesBelow(client, `${path}/${name}`)));
  return [...children, ...below.flat()];
}
