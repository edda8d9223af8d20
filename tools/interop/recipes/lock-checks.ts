/** Locks, leaders and barriers that our recipes share with Curator's and kazoo's. */
import assert from 'node:assert/strict';
import { type ZkClient, utf8 } from '@zk/client';
import {
  type Dialect,
  DistributedBarrier,
  DistributedDoubleBarrier,
  LeaderLatch,
  type Lockable,
  type LockHold,
  Mutex,
  ReadWriteLock,
  Semaphore,
} from '@zk/recipes';
import { type Company, check, eventually, isPending } from './check.ts';

const ROUNDS = 15;

export async function lockChecks(company: Company): Promise<void> {
  await mutexChecks(company);
  await handOverChecks(company);
  await leaderChecks(company);
  await barrierChecks(company);
}

/** Adds to a number without any care, so that only the lock keeps it right. */
async function contend(client: ZkClient, lock: Lockable<LockHold>, resource: string): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    await using hold = await lock.acquire({ timeout: '60s' });
    const { data } = await client.get(resource, { codec: utf8 });
    hold.assertHeld();
    await client.set(resource, `${Number(data) + 1}`, { codec: utf8 });
  }
}

async function sum(company: Company, resource: string, contenders: readonly Promise<string | void>[]): Promise<void> {
  await Promise.all(contenders);
  assert.equal((await company.client.get(resource, { codec: utf8 })).data, `${contenders.length * ROUNDS}`);
}

async function mutexChecks(company: Company): Promise<void> {
  const { client, curator, kazoo } = company;
  const make = async (path: string): Promise<string> => {
    const { path: resource } = await client.create(`${path}-resource`, '0', { codec: utf8, parents: 'persistent' });
    return resource;
  };

  await check(
    company,
    'mutex: Curator, kazoo (with the names of Curator) and two of ours exclude each other',
    async (path) => {
      const resource = await make(path);
      const other = await company.open();
      await sum(company, resource, [
        contend(client, new Mutex(client, path), resource),
        contend(other, new Mutex(other, path), resource),
        curator.on('a', 'contend', 'mutex', path, resource, ROUNDS),
        kazoo.on('a', 'contend', 'mutex', path, resource, ROUNDS),
      ]);
    },
  );
  await check(company, 'mutex: kazoo as it is and two of ours in its dialect exclude each other', async (path) => {
    const resource = await make(path);
    const other = await company.open();
    await sum(company, resource, [
      contend(client, new Mutex(client, path, { dialect: 'kazoo' }), resource),
      contend(other, new Mutex(other, path, { dialect: 'kazoo' }), resource),
      kazoo.on('a', 'contend', 'kazoo', path, resource, ROUNDS),
      kazoo.on('b', 'contend', 'kazoo', path, resource, ROUNDS),
    ]);
  });
  for (const [dialect, partner, kind] of [
    ['curator', curator, 'write'],
    ['kazoo', kazoo, 'kazoo-write'],
  ] as const) {
    await check(company, `read/write lock: writers of ${dialect} and ours exclude each other`, async (path) => {
      const resource = await make(path);
      const lock = new ReadWriteLock(client, path, { dialect });
      await sum(company, resource, [
        contend(client, lock.write, resource),
        partner.on('a', 'contend', kind, path, resource, ROUNDS),
        partner.on('b', 'contend', kind, path, resource, ROUNDS),
      ]);
    });
  }
}

async function handOverChecks(company: Company): Promise<void> {
  const { client, curator, kazoo } = company;
  await check(company, 'mutex: ours waits for Curator, kazoo waits for ours, Curator for kazoo', async (path) => {
    const mutex = new Mutex(client, path);
    assert.equal(await curator.on('c', 'hold', 'mutex', path, 'c', 5_000), 'true');
    const ours = mutex.acquire();
    await eventually('our place', async () => (await mutex.participants()).length === 2);
    const theirs = kazoo.on('k', 'hold', 'mutex', path, 'k', 60_000);
    await eventually("kazoo's place", async () => (await mutex.participants()).length === 3);
    assert.equal(await mutex.tryAcquire(), null);
    assert.ok(await isPending(ours));
    await curator.on('c', 'release', 'c');
    const hold = await ours;
    assert.ok(await isPending(theirs));
    const again = curator.on('c', 'hold', 'mutex', path, 'c', 60_000);
    await hold.release();
    assert.equal(await theirs, 'true');
    assert.ok(await isPending(again));
    await kazoo.on('k', 'release', 'k');
    assert.equal(await again, 'true');
    await curator.on('c', 'release', 'c');
  });
  const dialects: readonly [Dialect, typeof curator, string, string][] = [
    ['curator', curator, 'read', 'write'],
    ['kazoo', kazoo, 'kazoo-read', 'kazoo-write'],
  ];
  for (const [dialect, partner, read, write] of dialects) {
    await check(
      company,
      `read/write lock: readers of ${dialect} and ours share, a writer of either waits`,
      async (path) => {
        const lock = new ReadWriteLock(client, path, { dialect });
        assert.equal(await partner.on('r', 'hold', read, path, `r-${path}`, 5_000), 'true');
        const reading = await lock.read.acquire({ timeout: '5s' });
        assert.equal(await lock.write.tryAcquire(), null);
        const writing = partner.on('w', 'hold', write, path, `w-${path}`, 60_000);
        assert.ok(await isPending(writing));
        await partner.on('r', 'release', `r-${path}`);
        assert.ok(await isPending(writing));
        await reading.release();
        assert.equal(await writing, 'true');
        assert.equal(await lock.read.tryAcquire(), null);
        await partner.on('w', 'release', `w-${path}`);
        await (await lock.write.acquire({ timeout: '10s' })).release();
      },
    );
  }
  await check(company, 'semaphore: two leases among Curator and ours', async (path) => {
    const semaphore = new Semaphore(client, path, 2);
    assert.equal(await curator.on('s', 'lease', path, 2, 'first', 5_000), 'true');
    const lease = await semaphore.acquire({ timeout: '5s' });
    assert.equal(await curator.on('s', 'lease', path, 2, 'second', 300), 'false');
    const waiting = semaphore.acquire({ timeout: '30s' });
    assert.ok(await isPending(waiting));
    await curator.on('s', 'return', 'first');
    const second = await waiting;
    await lease.release();
    assert.equal(await curator.on('s', 'lease', path, 2, 'third', 10_000), 'true');
    await Promise.all([second.release(), curator.on('s', 'return', 'third')]);
  });
  await check(company, 'semaphore: two leases among kazoo and ours in its dialect', async (path) => {
    const semaphore = new Semaphore(client, path, 2, { dialect: 'kazoo' });
    assert.equal(await kazoo.on('s', 'lease', path, 2, 's1', 5_000), 'true');
    const lease = await semaphore.acquire({ timeout: '5s' });
    assert.equal(await kazoo.on('t', 'lease', path, 2, 's2', 300), 'false');
    await kazoo.on('s', 'release', 's1');
    const second = await semaphore.acquire({ timeout: '10s' });
    await Promise.all([lease.release(), second.release()]);
  });
}

async function leaderChecks(company: Company): Promise<void> {
  const { client, curator } = company;
  await check(
    company,
    'leader latch: leadership goes from ours to Curator and back, and all know who leads',
    async (path) => {
      const ours = new LeaderLatch(client, path, { id: 'ours' }).start();
      await ours.leadership({ timeout: '10s' });
      await curator.do('latch', path, 'java');
      assert.equal(await curator.do('await-leadership', 'java', 200), 'false');
      await eventually('two candidates', async () => (await ours.participants()).length === 2);
      assert.equal(await curator.do('leader', 'java'), 'ours');
      assert.equal(await curator.do('candidates', 'java'), 'java,ours');
      await ours.close();
      assert.equal(await curator.do('await-leadership', 'java', 10_000), 'true');
      const again = new LeaderLatch(client, path, { id: 'again' }).start();
      await eventually('our place', async () => (await again.participants()).length === 2);
      assert.equal(again.hasLeadership, false);
      assert.equal((await again.leader())?.id, 'java');
      await curator.do('resign', 'java');
      await again.leadership({ timeout: '10s' });
      assert.equal(again.hasLeadership, true);
      await again.close();
    },
  );
}

async function barrierChecks(company: Company): Promise<void> {
  const { client, curator, kazoo } = company;
  await check(company, 'barrier: what one sets another removes, and all who wait go on', async (path) => {
    const barrier = new DistributedBarrier(client, path, { parents: 'persistent' });
    await barrier.set();
    const waiting = [
      curator.on('w', 'barrier-wait', path, 30_000),
      kazoo.on('w', 'barrier-wait', path, 30_000),
      barrier.wait({ timeout: '30s' }).then(() => 'true'),
    ];
    assert.ok((await Promise.all(waiting.map((each) => isPending(each)))).every(Boolean));
    await curator.do('barrier-remove', path);
    assert.deepEqual(
      (await Promise.all(waiting)).map((answer) => answer.toLowerCase()),
      ['true', 'true', 'true'],
    );
    await kazoo.do('barrier-set', path);
    assert.ok(await barrier.isClosed());
    const theirs = curator.on('w', 'barrier-wait', path, 30_000);
    assert.ok(await isPending(theirs));
    await barrier.remove();
    assert.equal(await theirs, 'true');
  });
  for (const dialect of ['curator', 'kazoo'] as const) {
    await check(
      company,
      `double barrier: Curator, kazoo and ours (named as by ${dialect}) enter and leave together`,
      async (path) => {
        const barrier = new DistributedDoubleBarrier(client, path, 3, { dialect });
        await client.create(path);
        const entering = [kazoo.on('e', 'enter', path, 3), barrier.enter({ timeout: '30s' })];
        await eventually('two members', async () => (await client.exists(path))?.numChildren === 2);
        assert.ok((await Promise.all(entering.map((each) => isPending(each)))).every(Boolean));
        assert.equal(await curator.on('e', 'enter', path, 3, 30_000), 'true');
        await Promise.all(entering);
        const leaving = [kazoo.on('e', 'leave', path), barrier.leave({ timeout: '30s' })];
        assert.ok(await isPending(Promise.all(leaving)));
        assert.equal(await curator.on('e', 'leave', path, 30_000), 'true');
        await Promise.all(leaving);
        assert.deepEqual((await client.getChildren(path)).children, []);
      },
    );
  }
}
