import { type ZkClient, utf8 } from '@zk/client-api';
import { DistributedQueue, QueueSharder } from '../../src/index.js';
import { interfere } from '../interfere.js';
import { type RigClients, type RigFaults, eventually, freshPath } from './rig.js';

const SETTINGS = { threshold: 4, thresholdCheck: '30ms', maxQueues: 3 } as const;

export function sharderSuite(clients: RigClients, faults: RigFaults | undefined): void {
  const sharders: QueueSharder<DistributedQueue<string>>[] = [];
  afterEach(() => Promise.all(sharders.splice(0).map((sharder) => sharder.close())));

  function sharder(
    client: ZkClient,
    path: string,
    onQueue?: (queue: DistributedQueue<string>) => void,
  ): Promise<QueueSharder<DistributedQueue<string>>> {
    const made = new QueueSharder(client, `${path}/queues`, {
      leaderPath: `${path}/leader`,
      createQueue: (queuePath) =>
        new DistributedQueue(client, queuePath, { codec: utf8, lockPath: `${queuePath}-locks` }),
      ...(onQueue === undefined ? {} : { onQueue }),
      ...SETTINGS,
    });
    sharders.push(made);
    return made.start();
  }

  const fill = async (queue: DistributedQueue<string>, count: number): Promise<void> => {
    for (let i = 0; i < count; i++) await queue.put(`item ${i}`);
  };

  it('adds queues when they become too long, up to its limit, and puts into short ones', async () => {
    const [a, b] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(a, 'sharded');
    const looks = { first: 0, second: 0 };
    const counting = (client: ZkClient, which: 'first' | 'second'): ZkClient =>
      interfere(client, {
        getChildrenAndWatch: (at, options) => {
          if (at === `${path}/queues`) looks[which]++;
          return client.getChildrenAndWatch(at, options);
        },
      });
    const first = await sharder(counting(a, 'first'), path);
    const second = await sharder(counting(b, 'second'), path);
    expect([...first.queues.keys()]).toEqual([...second.queues.keys()]);
    expect([...first.queues.keys()][0]).toMatch(/\/queue-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    const full = new Set<string>();
    for (let count = 2; count <= SETTINGS.maxQueues; count++) {
      const queue = second.queue();
      full.add(queue.path);
      await fill(queue, SETTINGS.threshold);
      await eventually(() => first.queues.size === count && second.queues.size === count);
      await eventually(() => !full.has(first.queue().path) && !full.has(second.queue().path));
    }
    await fill(first.queue(), SETTINGS.threshold);
    // Each has taken a look that began after this one, and begun another: all that follows from it has been done.
    const before = { ...looks };
    await eventually(() => looks.first > before.first + 1 && looks.second > before.second + 1);
    expect([first.queues.size, second.queues.size]).toEqual([SETTINGS.maxQueues, SETTINGS.maxQueues]);
    // One that has become short again is put into again.
    const [drained] = full;
    const queue = first.queues.get(drained!)!;
    for (let i = 0; i < SETTINGS.threshold; i++) await (await queue.take()).complete();
    await eventually(() => first.queue().path === drained);
  });

  it('is consumed from as a whole', async () => {
    const [a, b] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(a, 'sharded');
    const seen: string[] = [];
    const producer = await sharder(a, path);
    await fill(producer.queue(), SETTINGS.threshold);
    await eventually(() => producer.queues.size === 2);
    await fill(producer.queue(), 2);
    await sharder(b, path, (queue) => queue.consume((item) => void seen.push(item)));
    await eventually(() => seen.length === SETTINGS.threshold + 2);
    expect(seen.sort()).toEqual(['item 0', 'item 0', 'item 1', 'item 1', 'item 2', 'item 3']);
  });

  if (faults === undefined) return;

  it('goes on when the session of the leader is over', async () => {
    const [a, b] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(a, 'sharded');
    const first = await sharder(a, path);
    const second = await sharder(b, path);
    await faults.expireSession(a);
    await fill(second.queue(), SETTINGS.threshold);
    await eventually(() => first.queues.size === 2 && second.queues.size === 2);
    expect([...first.queues.keys()].sort()).toEqual([...second.queues.keys()].sort());
  });
}
