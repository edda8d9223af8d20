import { utf8 as codec } from '@zk/client-api';
import { Perms } from '@zk/model';
import { SimpleDistributedQueue } from '../../src/index.js';
import { type RigClients, eventually, freshPath } from './rig.js';

export function simpleSuite(clients: RigClients, dialect: 'curator' | 'kazoo'): void {
  it('hands out what was put, in order, to one consumer each', async () => {
    const [a, b] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(a, 'simple');
    await using left = new SimpleDistributedQueue(a, path, { codec, dialect });
    await using right = new SimpleDistributedQueue(b, path, { codec, dialect });
    expect(await left.poll()).toBeUndefined();
    const waiting = right.take();
    await left.put('first');
    expect(await waiting).toBe('first');
    for (const item of ['one', 'two', 'three', 'four']) await left.put(item);
    expect([await left.count(), await left.peek()]).toEqual([4, 'one']);
    expect([await left.take(), await right.take(), await left.poll(), await right.poll()]).toEqual([
      'one',
      'two',
      'three',
      'four',
    ]);
    expect(await right.peek()).toBeUndefined();
    await expect(left.take({ timeout: 20 })).rejects.toMatchObject({ name: 'OPERATIONTIMEOUT', maybeApplied: false });
    await expect(left.take({ signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('loses and doubles nothing between many producers and consumers', async () => {
    const open = await Promise.all([clients.open(), clients.open(), clients.open()]);
    const path = freshPath(open[0], 'simple');
    const queues = open.map((client) => new SimpleDistributedQueue(client, path, { codec, dialect }));
    const taken: string[] = [];
    const consuming = queues.map(async (queue) => {
      for (let item = await queue.take(); item !== 'end'; item = await queue.take()) taken.push(item);
    });
    await Promise.all(queues.flatMap((queue, q) => [1, 2, 3, 4, 5, 6].map((i) => queue.put(`${q}-${i}`))));
    await eventually(() => taken.length === 18);
    for (const queue of queues) await queue.put('end');
    await Promise.all(consuming);
    expect(new Set(taken).size).toBe(18);
    await Promise.all(queues.map((queue) => queue.close()));
  });

  it('does without receipts where it may not create them', async () => {
    const client = await clients.open();
    const parent = freshPath(client, 'simple');
    const acl = [{ scheme: 'world', id: 'anyone', perms: Perms.read }];
    await client.create(`${parent}/queue`, null, { parents: 'persistent' });
    await client.setAcl(parent, acl);
    await using queue = new SimpleDistributedQueue(client, `${parent}/queue`, { codec, dialect });
    await queue.put('item');
    expect(await queue.take()).toBe('item');
    expect((await client.getChildren(parent)).children).toEqual(['queue']);
  });

  it('serves priorities where its format has them', async () => {
    const client = await clients.open();
    await using queue = new SimpleDistributedQueue(client, freshPath(client, 'simple'), { codec, dialect });
    if (dialect === 'curator') return void (await expect(queue.put('x', { priority: 1 })).rejects.toThrow(RangeError));
    await queue.put('normal');
    await queue.put('late', { priority: 999 });
    await queue.put('soon', { priority: 5 });
    expect([await queue.take(), await queue.take(), await queue.take()]).toEqual(['soon', 'normal', 'late']);
    await expect(queue.put('x', { priority: 1000 })).rejects.toThrow(RangeError);
  });
}
