import { OPEN_ACL_UNSAFE } from '@zk/model';
import type { RawClient } from '@zk/test-client';
import { Harness } from './harness.js';
import { outcome, text } from './outcomes.js';

describe('quotas', () => {
  let harness: Harness;
  let client: RawClient;

  async function start(enforceQuota: boolean): Promise<void> {
    harness = await Harness.inVirtualTime({ options: { enforceQuota } }).start();
    client = await harness.connect();
  }

  afterEach(() => harness.end());

  async function setQuota(path: string, limits: string): Promise<void> {
    const names = `/zookeeper/quota${path}`.split('/').slice(3);
    let at = '/zookeeper/quota';
    for (const name of names) {
      at += `/${name}`;
      await outcome(client.create(at));
    }
    await client.create(`${at}/zookeeper_limits`, limits);
    await client.create(`${at}/zookeeper_stats`, 'count=0,bytes=0');
  }

  const usage = async (path: string): Promise<string | null> =>
    text((await client.getData(`/zookeeper/quota${path}/zookeeper_stats`)).data);

  it('count znodes and data bytes, from what is there on', async () => {
    await start(false);
    await client.create('/app', 'abc');
    await client.create('/app/x', '12345');
    await setQuota('/app', 'count=5,bytes=100');
    expect(await usage('/app')).toBe('count=2,bytes=8');
    await client.create('/app/x/deep', 'z');
    expect(await usage('/app')).toBe('count=3,bytes=9');
    await client.setData('/app/x', '1');
    expect(await usage('/app')).toBe('count=3,bytes=5');
    await client.setData('/app/x', null);
    await client.delete('/app/x/deep');
    expect(await usage('/app')).toBe('count=2,bytes=3');
    await client.create('/apple', 'not part of it');
    await client.create('/other');
    expect(await usage('/app')).toBe('count=2,bytes=3');
  });

  it('are counted behind the reply to who creates the statistics', async () => {
    await start(false);
    await client.create('/app', 'data');
    for (const path of ['/zookeeper/quota/app', '/zookeeper/quota/app/zookeeper_limits']) await client.create(path);
    const path = '/zookeeper/quota/app/zookeeper_stats';
    expect((await client.create2(path, 'abc')).stat.dataLength).toBe(3);
    expect(await usage('/app')).toBe('count=1,bytes=4');
    await client.delete(path);
    const parts = [{ op: 'create2', path, data: null, acl: OPEN_ACL_UNSAFE, flags: 0 }] as const;
    expect(await client.multi(parts)).toMatchObject([{ stat: { dataLength: 0 } }]);
    expect(await usage('/app')).toBe('count=1,bytes=4');
  });

  it('change their statistics without a trace', async () => {
    await start(false);
    await client.create('/app');
    await setQuota('/app', 'count=5,bytes=100');
    const path = '/zookeeper/quota/app/zookeeper_stats';
    const { stat } = await client.getData(path, true);
    const before = harness.server.lastZxid;
    await client.create('/app/x', 'data');
    expect(harness.server.lastZxid).toBe(before + 1n);
    const after = await client.exists(path);
    expect({ ...after, dataLength: 0 }).toEqual({ ...stat, dataLength: 0 });
    expect(client.takeEvents()).toEqual([]);
  });

  it('charge the deepest path that has limits', async () => {
    await start(false);
    await client.create('/a');
    await client.create('/a/b');
    await setQuota('/a', 'count=100,bytes=-1');
    await setQuota('/a/b', 'count=100,bytes=-1');
    await client.create('/a/b/c', 'xx');
    await client.create('/a/d', 'x');
    expect([await usage('/a'), await usage('/a/b')]).toEqual(['count=3,bytes=1', 'count=2,bytes=2']);
  });

  it('are counted afresh at a start, and end with their limits', async () => {
    await start(false);
    await client.create('/app');
    await setQuota('/app', 'count=5,bytes=100');
    for (let i = 0; i < 4; i++) await client.create(`/app/${i}`, 'xx');
    await harness.server.snapshotter.take();
    await client.create('/app/later', 'y');
    await harness.restart();
    client = await harness.connect();
    expect(await usage('/app')).toBe('count=6,bytes=9');
    await client.delete('/zookeeper/quota/app/zookeeper_limits');
    await client.create('/app/free', 'y');
    expect(await usage('/app')).toBe('count=6,bytes=9');
  });

  it('refuse nothing unless they are enforced', async () => {
    await start(false);
    await client.create('/app');
    await setQuota('/app', 'count=1,bytes=1=;byteHardLimit=1;countHardLimit=1');
    expect(await outcome(client.create('/app/x', 'long'))).toBe('OK');
    expect(await outcome(client.setData('/app', 'longer'))).toBe('OK');
  });

  describe('that are enforced', () => {
    beforeEach(async () => {
      await start(true);
      await client.create('/app', 'abc');
    });

    it('refuse creations beyond the hard count; the limit itself is allowed', async () => {
      await setQuota('/app', 'count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=3');
      expect(await outcome(client.create('/app/1'))).toBe('OK');
      expect(await outcome(client.create('/app/2'))).toBe('OK');
      expect(await outcome(client.create('/app/3'))).toBe('QUOTAEXCEEDED');
      expect(await outcome(client.setData('/app/1', 'any length of data'))).toBe('OK');
      expect(await outcome(client.delete('/app/1'))).toBe('OK');
      expect(await outcome(client.create('/app/3'))).toBe('OK');
    });

    it('refuse data beyond the hard bytes, except what leaves the length as it was', async () => {
      await setQuota('/app', 'count=-1,bytes=-1=;byteHardLimit=5;countHardLimit=-1');
      expect(await outcome(client.create('/app/1', 'xy'))).toBe('OK');
      expect(await outcome(client.create('/app/2', 'x'))).toBe('QUOTAEXCEEDED');
      expect(await outcome(client.create('/app/2'))).toBe('OK');
      expect(await outcome(client.setData('/app/1', 'xyz'))).toBe('QUOTAEXCEEDED');
      expect(await outcome(client.setData('/app/1', 'zz'))).toBe('OK');
    });

    it('refuse even to come down to what is still too much', async () => {
      await setQuota('/app', 'count=-1,bytes=-1=;byteHardLimit=1;countHardLimit=-1');
      expect(await outcome(client.setData('/app', 'ab'))).toBe('QUOTAEXCEEDED');
      expect(await outcome(client.setData('/app', 'abX'))).toBe('OK');
      expect(await outcome(client.setData('/app', 'a'))).toBe('OK');
    });

    it('only warn, now and then, where they are soft', async () => {
      await setQuota('/app', 'count=2,bytes=4');
      for (let i = 0; i < 5; i++) expect(await outcome(client.create(`/app/${i}`, 'xx'))).toBe('OK');
      expect(harness.log.warnings.filter((w) => w.includes('quota'))).toHaveLength(1);
      await harness.time.advance(61_000);
      client = await harness.connect();
      await client.create('/app/more');
      expect(harness.log.warnings.filter((w) => w.includes('quota'))).toHaveLength(2);
    });

    it('take the hard limit before the soft one', async () => {
      await setQuota('/app', 'count=1,bytes=-1=;byteHardLimit=-1;countHardLimit=2');
      expect(await outcome(client.create('/app/1'))).toBe('OK');
      expect(await outcome(client.create('/app/2'))).toBe('QUOTAEXCEEDED');
      expect(harness.log.warnings).toEqual([]);
    });

    it('inside a multi refuse all of it', async () => {
      await setQuota('/app', 'count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=1');
      expect(
        await client.multi([
          { op: 'setData', path: '/app', data: null, version: -1 },
          { op: 'create', path: '/app/1', data: null, acl: OPEN_ACL_UNSAFE, flags: 0 },
        ]),
      ).toEqual([
        { op: 'error', err: 0 },
        { op: 'error', err: -125 },
      ]);
    });

    it('come behind everything else that may be wrong', async () => {
      await setQuota('/app', 'count=-1,bytes=-1=;byteHardLimit=1;countHardLimit=1');
      expect(await outcome(client.create('/app/none/x', 'xx'))).toBe('NONODE');
      expect(await outcome(client.create('/app'))).toBe('NODEEXISTS');
      // But before the version.
      expect(await outcome(client.setData('/app', 'much longer', 9))).toBe('QUOTAEXCEEDED');
    });
  });
});
