import type { Scheduler } from '@zk/contracts';
import { createTestServer } from '@zk/testing';
import { PersistentTtlNode } from '../src/index.js';
import { connectTo } from './memory-rig.js';

/** Knows which of its timers have neither rung nor been cancelled. */
class CountingScheduler implements Scheduler {
  readonly pending = new Set<object>();

  constructor(private readonly inner: Scheduler) {}

  after(delayMs: number, callback: () => void): { cancel(): void } {
    const timer = this.inner.after(delayMs, () => {
      this.pending.delete(handle);
      callback();
    });
    const handle = {
      cancel: () => {
        this.pending.delete(handle);
        timer.cancel();
      },
    };
    this.pending.add(handle);
    return handle;
  }

  atTurnEnd(callback: () => void): void {
    this.inner.atTurnEnd(callback);
  }
}

it.each([
  ['while it waits', 0],
  ['after a sign of life', 2_500],
])('a node with a time to live keeps no process alive once its client is closed, %s', async (_when, afterMs) => {
  const server = await createTestServer({ clock: 'virtual' });
  const time = server.time!;
  const scheduler = new CountingScheduler(server.runtime.scheduler);
  const client = await time.during(connectTo(server, { runtime: { ...server.runtime, scheduler } }));
  const node = new PersistentTtlNode(client, '/ttl', new Uint8Array(), { ttl: '4s' }).start();
  await time.during(node.waitForInitialCreate());
  await server.advance(afterMs);
  await time.during(client.close());
  await time.settle();
  expect(node.state).toBe('closed');
  expect(scheduler.pending.size).toBe(0);
  expect(node.start()).toBe(node);
  expect(scheduler.pending.size).toBe(0);
  await server.close();
});
