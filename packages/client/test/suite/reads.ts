import { BadArgumentsError, NoNodeError, json, utf8 } from '@zk/client';
import type { Suite } from './suite.js';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

export function describeReads(suite: Suite): void {
  describe('reads', () => {
    it('gets data and stat', async () => {
      const client = await suite.client();
      const { stat: created } = await client.create('/a', text('hello'));
      const { data, stat } = await client.get('/a');
      expect(data).toEqual(text('hello'));
      expect(stat).toEqual(created);
      expect(typeof stat.czxid).toBe('bigint');
      expect(stat).toMatchObject({ version: 0, dataLength: 5, numChildren: 0, ephemeralOwner: 0n });
    });

    it('gives no bytes for a znode without data', async () => {
      const client = await suite.client();
      await client.create('/none', null);
      await client.create('/empty', new Uint8Array(0));
      expect((await client.get('/none')).data).toEqual(new Uint8Array(0));
      expect((await client.get('/empty')).data).toEqual(new Uint8Array(0));
    });

    it('keeps what it has read when more is read into the same memory', async () => {
      const client = await suite.client();
      const values = Array.from({ length: 40 }, (_, i) => new Uint8Array(i * 40).fill(i));
      await Promise.all(values.map((value, i) => client.create(`/n${i}`, value)));
      const read = await Promise.all(values.map((_, i) => client.get(`/n${i}`)));
      await Promise.all(values.map((_, i) => client.get(`/n${i}`)));
      expect(read.map(({ data }) => data)).toEqual(values);
    });

    it('decodes by a codec, and rejects with what that throws', async () => {
      const client = await suite.client();
      await client.create('/t', 'grüße', { codec: utf8 });
      expect((await client.get('/t', { codec: utf8 })).data).toBe('grüße');
      await client.create('/j', { n: 1 }, { codec: json<{ n: number }>() });
      expect((await client.get('/j', { codec: json<{ n: number }>() })).data).toEqual({ n: 1 });
      await expect(client.get('/t', { codec: json() })).rejects.toMatchObject({ name: 'SyntaxError', path: '/t' });
    });

    it('tells whether a znode exists', async () => {
      const client = await suite.client();
      expect(await client.exists('/a')).toBeNull();
      const { stat } = await client.create('/a');
      expect(await client.exists('/a')).toEqual(stat);
    });

    it('lists children, and the stat of their parent', async () => {
      const client = await suite.client();
      await Promise.all(['/c', '/a', '/ä'].map((path) => client.create(path)));
      const { children, stat } = await client.getChildren('/');
      expect([...children].sort()).toEqual(['a', 'c', 'ä']);
      expect(stat.numChildren).toBe(3);
    });

    it('rejects, never throws, for what cannot be', async () => {
      const client = await suite.client();
      const error: unknown = await client.get('/none').catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(NoNodeError);
      expect(error).toMatchObject({ name: 'NONODE', code: -101, path: '/none', maybeApplied: false });
      for (const path of ['', 'a', '/a/', '//', '/a//b', '/./a', '/a/../b', '/a\u0000', '/\ud800']) {
        await expect(client.get(path)).rejects.toBeInstanceOf(BadArgumentsError);
        await expect(client.getAndWatch(path)).rejects.toBeInstanceOf(BadArgumentsError);
      }
      await expect(client.get('/a', { timeout: -1 })).rejects.toBeInstanceOf(RangeError);
    });

    it('sees what was acknowledged elsewhere before, when asked to', async () => {
      const client = await suite.client();
      const other = await suite.another();
      for (let i = 0; i < 5; i++) {
        await other.create(`/n${i}`, text(`${i}`));
        expect((await client.get(`/n${i}`, { linearizable: true })).data).toEqual(text(`${i}`));
        expect(await client.exists(`/n${i}`, { linearizable: true })).not.toBeNull();
      }
      await client.sync('/n0');
      await client.sync();
    });

    it('counts descendants, and lists its ephemerals', async () => {
      const client = await suite.client();
      await client.create('/a/b/c', null, { parents: 'persistent' });
      if (suite.target.lacks?.includes('counting')) return;
      expect(await client.countDescendants('/a')).toBe(2);
      await client.create('/a/e', null, { mode: 'ephemeral' });
      await client.create('/f', null, { mode: 'ephemeral' });
      expect([...(await client.getEphemerals())].sort()).toEqual(['/a/e', '/f']);
      expect(await client.getEphemerals('/a')).toEqual(['/a/e']);
    });

    it('asks for many things at a time, and gets the answers in order', async () => {
      const client = await suite.client();
      await client.create('/n', text('x'));
      const order: number[] = [];
      const gets = Array.from({ length: 3000 }, (_, i) => client.get('/n').then(() => order.push(i)));
      await Promise.all(gets);
      expect(order).toEqual(Array.from({ length: 3000 }, (_, i) => i));
      expect(client.metrics.outstanding).toBe(0);
      expect(client.metrics.latencyMs.count).toBeGreaterThan(3000);
    });
  });
}
