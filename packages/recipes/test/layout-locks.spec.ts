import { type ZkClient, utf8 } from '@zk/client-api';
import { type TestServer, createTestServer } from '@zk/testing';
import {
  LeaderElection,
  LeaderLatch,
  type LockOptions,
  Mutex,
  MultiLock,
  ReadWriteLock,
  Semaphore,
} from '../src/index.js';
import { presentLines, recordedLines } from './layouts.js';
import { connectTo } from './memory-rig.js';
import { eventually } from './suite/rig.js';

/**
 * The znodes that our recipes leave, beside those that Curator and kazoo left on Apache ZooKeeper 3.8 (fixtures). Unique
 * parts of names are replaced; the text in the nodes is given to ours where Curator would write its own address.
 */
const ADDRESS = '10.1.2.3';

let server: TestServer;
let one: ZkClient;
let two: ZkClient;
let three: ZkClient;

beforeEach(async () => {
  server = await createTestServer();
  [one, two, three] = await Promise.all([connectTo(server), connectTo(server), connectTo(server)]);
});

afterEach(async () => {
  await Promise.all([one, two, three].map((client) => client.close()));
  await server.close();
});

function line(node: string, kind: string, data: string | null): string {
  const name = node
    .replace(/_c_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}-/, '<guid>')
    .replace(/\/[0-9a-f]{32}(?=$|_)/, '/<hex>');
  return `${name} ${kind} ${data ?? 'null'}`;
}

const recorded = (file: string, step: string): string[] => recordedLines(line, file, step);
const present = (...roots: readonly string[]): Promise<string[]> => presentLines(line, server, one, roots);

const waitsAs = (parent: string, count: number): Promise<void> =>
  eventually(async () => (await one.getChildren(parent, { linearizable: true })).children.length === count);

describe("the nodes of Curator's recipes", () => {
  const withAddress: LockOptions = { identity: ADDRESS };

  it('a mutex that is held and waited for, then handed over', async () => {
    const hold = await new Mutex(one, '/v/mutex/deep', withAddress).acquire();
    const waiting = new Mutex(two, '/v/mutex/deep', withAddress).acquire();
    await waitsAs('/v/mutex/deep', 2);
    expect(await present('/v/mutex')).toEqual(recorded('curator-main/mutex', 'held+waiter'));
    await hold.release();
    await waiting;
    expect(await present('/v/mutex')).toEqual(recorded('curator-main/mutex', 'handover'));
  });

  it('a mutex that is asked back', async () => {
    await new Mutex(one, '/v/mutex-revoke').acquire();
    expect(await present('/v/mutex-revoke')).toEqual(recorded('curator-main/mutex', 'revocable'));
    await new Mutex(two, '/v/mutex-revoke').revoke();
    expect(await present('/v/mutex-revoke')).toEqual(recorded('curator-main/mutex', 'revoke requested'));
  });

  it('several locks', async () => {
    await new MultiLock(one, ['/v/multi/a', '/v/multi/b'], withAddress).acquire();
    expect(await present('/v/multi')).toEqual(recorded('curator-main/mutex', 'multi lock a,b'));
  });

  it('a read/write lock with a downgrade', async () => {
    const owner = {};
    const lock = new ReadWriteLock(one, '/v/rw', { identity: 'owner-1' });
    const writer = await lock.write.acquire({ owner });
    expect(await present('/v/rw')).toEqual(recorded('curator-main/rwlock', 'write held'));
    await lock.read.acquire({ owner });
    expect(await present('/v/rw')).toEqual(recorded('curator-main/rwlock', 'downgrade'));
    const other = new ReadWriteLock(two, '/v/rw', withAddress);
    const reading = other.read.acquire();
    await waitsAs('/v/rw', 3);
    void other.write.acquire().catch(() => undefined);
    await waitsAs('/v/rw', 4);
    expect(await present('/v/rw')).toEqual(recorded('curator-main/rwlock', 'plus other reader'));
    await writer.release();
    await reading;
    expect(await present('/v/rw')).toEqual(recorded('curator-main/rwlock', 'write released'));
  });

  it('a semaphore of one lease', async () => {
    await new Semaphore(one, '/v/semmutex', 1, withAddress).acquire();
    void new Semaphore(two, '/v/semmutex', 1, withAddress).acquire().catch(() => undefined);
    await waitsAs('/v/semmutex/leases', 2);
    expect(await present('/v/semmutex')).toEqual(recorded('curator-main/semaphore', 'semaphore mutex held+waiter'));
  });

  it('a semaphore of two leases', async () => {
    // One by one, since Curator takes the inner lock anew for each, and its number shows that.
    const semaphore = new Semaphore(one, '/v/sem', 2, { identity: 'worker' });
    const leases = [await semaphore.acquire(), await semaphore.acquire()];
    const waiting = new Semaphore(two, '/v/sem', 2, withAddress).acquire();
    await waitsAs('/v/sem/leases', 3);
    expect(await present('/v/sem')).toEqual(recorded('curator-main/semaphore', '2 of 2 leased'));
    for (const lease of leases) await lease.release();
    await waiting;
    await waitsAs('/v/sem/locks', 0);
    expect(await present('/v/sem')).toEqual(recorded('curator-main/semaphore', 'returned'));
  });

  it('a semaphore with a shared limit', async () => {
    await one.create('/v', null, { ifExists: 'keep' });
    await one.create('/v/sem-count', Uint8Array.of(0, 0, 0, 1));
    await new Semaphore(one, '/v/sem-shared', { path: '/v/sem-count' }, withAddress).acquire();
    await waitsAs('/v/sem-shared/locks', 0);
    expect(await present('/v/sem-count', '/v/sem-shared')).toEqual(recorded('curator-main/semaphore', 'limit from'));
  });

  it('a leader latch, with an id and without one', async () => {
    await using first = new LeaderLatch(one, '/v/latch', { id: 'n1' }).start();
    await first.leadership();
    await using second = new LeaderLatch(two, '/v/latch').start();
    await waitsAs('/v/latch', 2);
    expect(await present('/v/latch')).toEqual(recorded('curator-main/leader', 'latch id n1'));
    await first.close();
    await second.leadership();
    expect(await present('/v/latch')).toEqual(recorded('curator-main/leader', 'latch after l1 closed'));
  });

  it('a leader selector', async () => {
    await new LeaderElection(one, '/v/selector', { id: 'sel-1' }).campaign();
    void new LeaderElection(two, '/v/selector', { id: ADDRESS }).campaign().catch(() => undefined);
    await waitsAs('/v/selector', 2);
    expect(await present('/v/selector')).toEqual(recorded('curator-main/leader', 'selector id sel-1'));
  });
});

describe("the nodes of kazoo's recipes", () => {
  const dialect = 'kazoo';

  it('a lock that is held and waited for', async () => {
    await new Mutex(one, '/k/lock/deep', { dialect, identity: 'me-é' }).acquire();
    void new Mutex(two, '/k/lock/deep', { dialect }).acquire().catch(() => undefined);
    await waitsAs('/k/lock/deep', 2);
    expect(await present('/k/lock')).toEqual(recorded('kazoo/kazoo-locks', 'Lock held'));
  });

  it('readers and a writer', async () => {
    await new ReadWriteLock(one, '/k/rw', { dialect, identity: 'r1' }).read.acquire();
    void new ReadWriteLock(two, '/k/rw', { dialect, identity: 'w1' }).write.acquire().catch(() => undefined);
    await waitsAs('/k/rw', 2);
    void new ReadWriteLock(one, '/k/rw', { dialect, identity: 'r2' }).read.acquire().catch(() => undefined);
    await waitsAs('/k/rw', 3);
    expect(await present('/k/rw')).toEqual(recorded('kazoo/kazoo-locks', 'ReadLock r1 held'));
  });

  it('an election', async () => {
    await new LeaderElection(one, '/k/election', { dialect, id: 'e1' }).campaign();
    expect(await present('/k/election')).toEqual(recorded('kazoo/kazoo-locks', 'Election running'));
  });

  it('a semaphore', async () => {
    const first = await new Semaphore(one, '/k/sem', 2, { dialect, identity: 's1' }).acquire();
    await new Semaphore(two, '/k/sem', 2, { dialect, identity: 's2' }).acquire();
    // kazoo writes Python's text of bytes into the node of the inner lock.
    const python = utf8.decode(Buffer.from("b's3'"));
    const waiting = new Semaphore(three, '/k/sem', 2, { dialect, identity: python }).acquire();
    await waitsAs('/k/sem-__lock__', 1);
    expect(await present('/k/sem', '/k/sem-__lock__')).toEqual(recorded('kazoo/kazoo-semaphore', '2 of 2 leased'));
    await first.release();
    await waiting;
    await waitsAs('/k/sem-__lock__', 0);
    const after = await present('/k/sem', '/k/sem-__lock__');
    const expected = recorded('kazoo/kazoo-semaphore', 'one returned');
    const name = (text: string): string => text.slice(0, text.lastIndexOf(' '));
    expect(after.map(name)).toEqual(expected.map(name));
  });
});
