import { type ZkClient, utf8 } from '@zk/client-api';
import { FaultyTransport, type TestServer, createTestServer, seededRandom } from '@zk/testing';
import { DistributedAtomicLong, DistributedDoubleBarrier, DistributedQueue, type QueueConsumer } from '../src/index.js';
import { connectTo } from './memory-rig.js';

/**
 * Counters, queues and barriers under virtual time, while connections are cut, fall silent, lose requests and replies, and
 * sessions end. One seed decides everything, so what fails fails again. What is called unknown is counted apart: each of
 * those may have happened or not, and nothing else may be uncertain.
 */
const CLIENTS = 4;
const SESSION_MS = 2_000;
const STORM_MS = 20_000;
const STEP_MS = 50;
const CALL_LIMIT = '10m';

interface Participant {
  readonly client: ZkClient;
  readonly way: FaultyTransport;
  calmAtMs: number;
}

class Storm {
  readonly participants: Participant[] = [];
  readonly #random: () => number;
  readonly #server: TestServer;

  private constructor(server: TestServer, seed: number) {
    this.#server = server;
    const random = seededRandom(seed * 7_907);
    this.#random = () => random.next();
  }

  static async begin(seed: number): Promise<Storm> {
    const server = await createTestServer({ clock: 'virtual', seed });
    const storm = new Storm(server, seed);
    for (let i = 0; i < CLIENTS; i++) {
      const way = new FaultyTransport(server.transport, { scheduler: server.runtime.scheduler });
      const client = await storm.pass(connectTo(server, { transport: way, sessionTimeout: SESSION_MS }));
      storm.participants.push({ client, way, calmAtMs: 0 });
    }
    return storm;
  }

  below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  pass<T>(promise: Promise<T>): Promise<T> {
    return this.#server.time!.during(promise);
  }

  /** Virtual time that a loop lets pass: one that never rests would not let it pass at all. */
  rest(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#server.runtime.scheduler.after(ms, () => resolve()));
  }

  advance(ms: number): Promise<void> {
    return this.#server.advance(ms);
  }

  async rage(): Promise<void> {
    const { time } = this.#server;
    for (let ms = 0; ms < STORM_MS; ms += STEP_MS) {
      if (this.below(4) === 0) await this.#disturb(this.participants[this.below(CLIENTS)]!);
      for (const { way, calmAtMs } of this.participants) if (calmAtMs <= time!.monotonicMs()) way.release();
      await this.#server.advance(STEP_MS);
    }
    for (const { way } of this.participants) {
      way.disarm();
      way.release();
    }
  }

  async end(): Promise<void> {
    await this.pass(Promise.all(this.participants.map(({ client }) => client.close())));
    for (const { way } of this.participants) way.close();
    await this.#server.close();
  }

  async #disturb(participant: Participant): Promise<void> {
    const { client, way } = participant;
    switch (this.below(6)) {
      case 0:
        way.cut();
        break;
      case 1:
        void way.dropNextReply('any');
        break;
      case 2:
        void way.dropNextRequest('any');
        break;
      case 3:
        way.stall(undefined, this.below(2) === 0 ? 'both' : 'toClient');
        participant.calmAtMs = this.#server.time!.monotonicMs() + this.below(SESSION_MS * 2);
        break;
      case 4:
        if (client.session !== undefined && this.#server.sessionIds.includes(client.session.id)) {
          await this.pass(this.#server.expireSession(client));
        }
        break;
      default:
        void way.dropNextReply('multi');
    }
  }
}

const SEEDS = [1, 2, 14];

describe.each(SEEDS)('in a storm (seed %i)', (seed) => {
  let storm: Storm;
  beforeEach(async () => (storm = await Storm.begin(seed)));
  afterEach(() => storm.end());

  it('a counter is what was added to it', async () => {
    let [known, unknown, isOver] = [0, 0, false];
    const adding = storm.participants.map(async ({ client }) => {
      const counter = new DistributedAtomicLong(client, '/count');
      while (!isOver) {
        try {
          expect((await counter.increment({ timeout: CALL_LIMIT })).succeeded).toBe(true);
          known++;
        } catch (error) {
          expect((error as Error).name).toBe('OutcomeUnknownError');
          unknown++;
        }
        await storm.rest(60);
      }
    });
    await storm.rage();
    isOver = true;
    await storm.pass(Promise.all(adding));
    const { client } = storm.participants[0]!;
    const count = Number(await storm.pass(new DistributedAtomicLong(client, '/count').get({ linearizable: true })));
    expect(count).toBeGreaterThanOrEqual(known);
    expect(count).toBeLessThanOrEqual(known + unknown);
    expect(known).toBeGreaterThan(20);
  });

  it.each([true, false])('a queue hands out what was put into it (with locks: %s)', async (isLocked) => {
    const options = isLocked ? { codec: utf8, lockPath: '/locks' } : { codec: utf8 };
    const queues = storm.participants.map(({ client }) => new DistributedQueue(client, '/q', options));
    const put = new Set<string>();
    const perhaps = new Set<string>();
    const seen = new Map<string, number>();
    let isOver = false;
    const consumers = queues.slice(2).map((queue) => {
      const consumer: QueueConsumer<string> = queue.consume((item) => void seen.set(item, (seen.get(item) ?? 0) + 1));
      // Handed out as well, though nobody can tell to whom.
      consumer.problems$.subscribe(({ kind, error }) => {
        const isUnknown = (error as Error).name === 'TakeUnknownError';
        if (kind === 'take' && isUnknown)
          for (const item of (error as unknown as { value: string[] }).value) perhaps.add(item);
      });
      return consumer;
    });
    const producing = queues.slice(0, 2).map(async (queue, index) => {
      for (let i = 0; !isOver; i++) {
        const item = `${index}-${i}`;
        try {
          await queue.put(item, { timeout: CALL_LIMIT });
          put.add(item);
        } catch (error) {
          expect((error as Error).name).toBe('OutcomeUnknownError');
          perhaps.add(item);
        }
        await storm.rest(40);
      }
    });
    await storm.rage();
    isOver = true;
    await storm.pass(Promise.all(producing));
    for (let ms = 0; ms < 60_000 && [...put].some((item) => !seen.has(item) && !perhaps.has(item)); ms += STEP_MS) {
      await storm.advance(STEP_MS);
    }
    expect([...put].filter((item) => !seen.has(item) && !perhaps.has(item))).toEqual([]);
    expect([...seen.keys()].filter((item) => !put.has(item) && !perhaps.has(item))).toEqual([]);
    if (!isLocked) expect([...seen.values()].filter((count) => count > 1)).toEqual([]);
    expect(put.size).toBeGreaterThan(20);
    await storm.pass(Promise.all(consumers.map((consumer) => consumer.stop())));
  });

  it('a double barrier is entered and left together by all who stay', async () => {
    const inside = new Set<number>();
    let [rounds, isOver] = [0, false];
    const working = storm.participants.map(async ({ client }, index) => {
      const barrier = new DistributedDoubleBarrier(client, '/barrier', CLIENTS);
      while (!isOver) {
        try {
          await barrier.enter({ timeout: '5s' });
          inside.add(index);
          if (inside.size === CLIENTS) rounds++;
          await barrier.leave({ timeout: '5s' });
        } catch (error) {
          expect((error as Error).name).toBe('OPERATIONTIMEOUT');
        } finally {
          inside.delete(index);
        }
        await storm.rest(60);
      }
    });
    await storm.rage();
    await storm.advance(20_000);
    const before = rounds;
    // In the calm afterwards it works again, whatever the storm has left behind.
    for (let ms = 0; ms < 60_000 && rounds === before; ms += STEP_MS) await storm.advance(STEP_MS);
    expect(rounds).toBeGreaterThan(before);
    isOver = true;
    await storm.pass(Promise.all(working));
  });
});
