import { CreateMode, OPEN_ACL_UNSAFE } from '@zk/model';
import { Harness } from './harness.js';
import { outcome } from './outcomes.js';
import { seedCreate, seededStorage } from './seeded-storage.js';

const SEQUENTIAL = { flags: CreateMode.persistentSequential };

describe('sequential znodes', () => {
  let harness: Harness;

  afterEach(() => harness.end());

  it('are numbered by how many children the parent ever had, of whatever kind', async () => {
    harness = await new Harness().start();
    const client = await harness.connect();
    await client.create('/p');
    expect(await client.create('/p/a', null, SEQUENTIAL)).toBe('/p/a0000000000');
    await client.create('/p/plain');
    await client.createContainer('/p/container');
    expect(await client.create('/p/b', null, { flags: CreateMode.ephemeralSequential })).toBe('/p/b0000000003');
    await client.delete('/p/plain');
    await client.setData('/p', 'x');
    expect(await client.create('/p/', null, SEQUENTIAL)).toBe('/p/0000000004');
    expect((await client.createTTL('/p/t', 1000, null, { flags: 6 })).path).toBe('/p/t0000000005');
    expect((await client.createContainer('/p/c', null, SEQUENTIAL)).path).toBe('/p/c0000000006');
    expect(await outcome(client.create('/p/plain2', null, { flags: 7 }))).toBe('BADARGUMENTS');
    expect(await client.create('/p/.', null, SEQUENTIAL)).toBe('/p/.0000000007');
  });

  it('are numbered without gaps or repetitions when they are pipelined by many', async () => {
    harness = await new Harness().start();
    const clients = await Promise.all(Array.from({ length: 5 }, () => harness.connect()));
    await clients[0]!.create('/q');
    const paths = await Promise.all(
      clients.flatMap((c) => Array.from({ length: 40 }, () => c.create('/q/n', null, SEQUENTIAL))),
    );
    const numbers = paths.map((path) => Number(path.slice('/q/n'.length))).sort((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: 200 }, (_, i) => i));
  });

  it('inside a multi see the creations before them', async () => {
    harness = await new Harness().start();
    const client = await harness.connect();
    await client.create('/p');
    const create = (path: string, flags: number) =>
      ({ op: 'create', path, data: null, acl: OPEN_ACL_UNSAFE, flags }) as const;
    expect(await client.multi([create('/p/s', 2), create('/p/x', 0), create('/p/s', 2)])).toEqual([
      { op: 'create', path: '/p/s0000000000' },
      { op: 'create', path: '/p/x' },
      { op: 'create', path: '/p/s0000000002' },
    ]);
    // A failed multi takes no numbers.
    await client.multi([create('/p/s', 2), create('/none/x', 0)]);
    expect(await client.create('/p/s', null, SEQUENTIAL)).toBe('/p/s0000000003');
  });

  it('repeat the last number once the counter is at its end', async () => {
    const storage = await seededStorage([
      { zxid: 1n, body: seedCreate('/p', 1) },
      { zxid: 2n, body: seedCreate('/p/old', 2147483646) },
    ]);
    harness = await new Harness({ storage }).start();
    const client = await harness.connect();
    expect(await client.create('/p/n', null, SEQUENTIAL)).toBe('/p/n2147483646');
    expect(await client.create('/p/n', null, SEQUENTIAL)).toBe('/p/n2147483647');
    const { pzxid } = await client.exists('/p');
    expect(await outcome(client.create('/p/n', null, SEQUENTIAL))).toBe('NODEEXISTS');
    expect(await client.create('/p/m', null, SEQUENTIAL)).toBe('/p/m2147483647');
    expect((await client.exists('/p')).pzxid).toBe(pzxid);
    expect(harness.log.errors).toEqual([]);
  });

  it('are numbered below zero with a sign and nine digits', async () => {
    const storage = await seededStorage([
      { zxid: 1n, body: seedCreate('/p', 1) },
      {
        zxid: 2n,
        body: {
          kind: 'create',
          path: '/p/old',
          data: null,
          acl: OPEN_ACL_UNSAFE,
          ephemeral: false,
          parentCVersion: -1,
        },
      },
    ]);
    harness = await new Harness({ storage }).start();
    const client = await harness.connect();
    // -1 in the log means: one more than before.
    expect(await client.create('/p/n', null, SEQUENTIAL)).toBe('/p/n0000000001');
  });
});
