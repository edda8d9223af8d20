import { op } from '@zk/client-api';
import { type TestServer, createTestServer } from '@zk/testing';
import { TreeCache } from '../src/index.js';
import { connectTo } from './memory-rig.js';
import { eventually } from './suite/rig.js';

// As large as people have it; ZK_CACHE_NODES and ZK_CACHE_CHANGES make it larger (100000 and 10000 are what is promised).
const NODES = Number(process.env.ZK_CACHE_NODES ?? 10_000);
const CHANGES = Number(process.env.ZK_CACHE_CHANGES ?? 2_000);
const BATCH = 500;

describe(`a tree cache of ${NODES} znodes`, () => {
  let server: TestServer;
  beforeAll(async () => (server = await createTestServer()));
  afterAll(() => server.close());

  it.each(['auto', 'oneShot'] as const)(
    'fills, and stays current through a burst of changes (watches: %s)',
    async (watches) => {
      await using writer = await connectTo(server);
      await using client = await connectTo(server);
      const root = `/big-${watches}`;
      const nameOf = (i: number): string => `${root}/dir-${i % 10}/node-${i}`;
      await writer.multi([op.create(root), ...Array.from({ length: 10 }, (_, i) => op.create(`${root}/dir-${i}`))]);
      const data = new Uint8Array(100).fill(97);
      for (let i = 0; i < NODES; i += BATCH) {
        const count = Math.min(BATCH, NODES - i);
        await writer.multi(Array.from({ length: count }, (_, k) => op.create(nameOf(i + k), data)));
      }
      await client.sync(root);
      const cache = new TreeCache(client, root, { watches });
      const startMs = performance.now();
      await cache.start({ timeout: '5m' });
      const filledMs = performance.now();
      expect(cache.size).toBe(NODES + 11);
      const changed = new Uint8Array(100).fill(98);
      const writes: Promise<unknown>[] = [];
      for (let i = 0; i < CHANGES; i++) {
        const path = nameOf((i * 7919) % NODES);
        if (i % 10 === 0) writes.push(writer.create(`${path}-new-${i}`, changed));
        else writes.push(writer.set(path, changed));
      }
      await Promise.all(writes);
      const last = await writer.set(root, changed);
      const writtenMs = performance.now();
      await eventually(() => cache.get(root)!.stat.mzxid >= last.mzxid && cache.status === 'current');
      await eventually(() => cache.size === NODES + 11 + CHANGES / 10);
      const currentMs = performance.now();
      for (let i = 0; i < CHANGES; i++) {
        if (i % 10 !== 0) expect(cache.get(nameOf((i * 7919) % NODES))!.data[0]).toBe(98);
      }
      if (process.env.ZK_CACHE_NODES !== undefined) {
        const ms = (from: number, to: number): string => `${Math.round(to - from)} ms`;
        process.stdout.write(
          `${watches}: ${NODES} znodes filled in ${ms(startMs, filledMs)}; ${CHANGES} changes written in ` +
            `${ms(filledMs, writtenMs)}, current ${ms(writtenMs, currentMs)} after the last\n`,
        );
      }
      await cache.close();
    },
    300_000,
  );
});
