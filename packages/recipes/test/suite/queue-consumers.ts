import { utf8 as codec, json } from '@zk/client-api';
import { DistributedQueue } from '../../src/index.js';
import { drain } from './drain.js';
import { type RigClients, childrenOf, eventually, freshPath } from './rig.js';

export function consumerSuite(clients: RigClients): void {
  it('works through a queue, and puts at the end what has failed', async () => {
    const client = await clients.open();
    const path = freshPath(client, 'queue');
    await using queue = new DistributedQueue(client, path, { codec: json<number>(), lockPath: `${path}-locks` });
    const seen: number[] = [];
    await using consumer = queue.consume((item) => {
      seen.push(item);
      if (item === 2 && seen.length < 4) throw new Error('not yet');
    });
    const problems: unknown[] = [];
    consumer.problems$.subscribe(({ kind }) => problems.push(kind));
    for (const item of [1, 2, 3]) await queue.put(item);
    await eventually(() => seen.length === 4);
    await eventually(async () => (await queue.count()) === 0);
    expect([...seen].sort()).toEqual([1, 2, 2, 3]);
    expect(problems).toEqual(['handler']);
    await consumer.stop();
    await queue.put(4);
    expect(await queue.count()).toBe(1);
  });

  it.each([
    ['delete', []],
    ['release', ['bad']],
  ] as const)('does with what has failed as it is told: %s', async (onFailure, rest) => {
    const client = await clients.open();
    const path = freshPath(client, 'queue');
    await using queue = new DistributedQueue(client, path, { codec, lockPath: `${path}-locks` });
    let calls = 0;
    const consumer = queue.consume(
      () => {
        calls++;
        throw new Error('never');
      },
      { onFailure: () => onFailure },
    );
    await queue.put('bad');
    await eventually(() => calls > 0);
    await consumer.stop();
    await eventually(async () => (await childrenOf(client, `${path}-locks`)).length === 0);
    expect(await drain(queue)).toEqual(rest);
  });

  it('puts an item back when nobody can say what becomes of it', async () => {
    const client = await clients.open();
    const path = freshPath(client, 'queue');
    await using queue = new DistributedQueue(client, path, { codec, lockPath: `${path}-locks` });
    const seen: string[] = [];
    const messages: string[] = [];
    await using consumer = queue.consume(
      (item) => {
        seen.push(item);
        if (seen.length === 1) throw new Error('bug of the handler');
      },
      {
        onFailure: () => {
          throw new Error('bug of the policy');
        },
      },
    );
    consumer.problems$.subscribe(({ error }) => messages.push((error as Error).message));
    await queue.put('item');
    await eventually(() => seen.length === 2);
    expect(messages).toEqual(['bug of the handler', 'bug of the policy']);
  });

  it('works on several at a time, and waits for them when it stops', async () => {
    const client = await clients.open();
    const path = freshPath(client, 'queue');
    await using queue = new DistributedQueue(client, path, { codec, lockPath: `${path}-locks` });
    let running = 0;
    let most = 0;
    let go: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const consumer = queue.consume(
      async () => {
        most = Math.max(most, ++running);
        await gate;
        running--;
      },
      { concurrency: 3 },
    );
    for (let i = 0; i < 5; i++) await queue.put(`${i}`);
    await eventually(() => running === 3);
    const stopping = consumer.stop();
    go();
    await stopping;
    expect([running, most]).toEqual([0, 3]);
    expect(await queue.count()).toBe(2);
  });

  it('ends when the client is closed', async () => {
    const client = await clients.open();
    const queue = new DistributedQueue(client, freshPath(client, 'queue'), { codec });
    const consumer = queue.consume(() => undefined);
    await client.close();
    await expect(consumer.done).rejects.toMatchObject({ name: 'ClientClosedError' });
    await consumer.stop();
  });
}
