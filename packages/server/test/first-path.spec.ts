import type { RawClient } from '@zk/test-client';
import { Harness } from './harness.js';

describe('a server in memory', () => {
  let harness: Harness;
  let client: RawClient;

  beforeEach(async () => {
    harness = await new Harness().start();
    client = await harness.connect();
  });

  afterEach(() => harness.end());

  it('creates, reads, changes, lists and deletes a znode', async () => {
    expect(await client.create('/app', 'one')).toBe('/app');
    const { data, stat } = await client.getData('/app');
    expect(new TextDecoder().decode(data!)).toBe('one');
    expect(stat).toMatchObject({ version: 0, cversion: 0, aversion: 0, dataLength: 3, numChildren: 0 });
    expect((await client.setData('/app', 'two', 0)).version).toBe(1);
    await client.create('/app/child');
    expect(await client.getChildren('/app')).toEqual(['child']);
    expect((await client.exists('/app')).cversion).toBe(1);
    await client.delete('/app/child');
    await client.delete('/app', 1);
    await expect(client.exists('/app')).rejects.toMatchObject({ name: 'NONODE' });
  });

  it('answers pipelined requests of one session in order, reads seeing the writes before them', async () => {
    await client.create('/n', '0');
    const replies = Array.from({ length: 50 }, async (_, i) => {
      await client.setData('/n', String(i));
    });
    const seen = Array.from({ length: 50 }, async () => (await client.getData('/n')).stat.version);
    await Promise.all(replies);
    expect(await Promise.all(seen)).toEqual(Array.from({ length: 50 }, () => 50));
  });
});
