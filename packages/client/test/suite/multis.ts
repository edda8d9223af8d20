import { BadVersionError, MultiError, op, read } from '@zk/client';
import type { Suite } from './suite.js';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

export function describeMultis(suite: Suite): void {
  describe('multi', () => {
    it('does everything, with a result for each', async () => {
      const client = await suite.client();
      await client.create('/old');
      const [created, set, checked, deleted] = await client.multi([
        op.create('/a', text('1'), { mode: 'persistentSequential' }),
        op.set('/old', text('x'), 0),
        op.check('/old', 1),
        op.delete('/old'),
      ]);
      expect(created.path).toMatch(/^\/a\d{10}$/);
      if (!suite.target.lacks?.includes('multiStat')) expect(created.stat!.dataLength).toBe(1);
      expect(set.stat.version).toBe(1);
      expect(checked).toEqual({ kind: 'check' });
      expect(deleted).toEqual({ kind: 'delete' });
      expect(await client.multi([])).toEqual([]);
    });

    it('does nothing when one operation is refused, and says which', async () => {
      const client = await suite.client();
      await client.create('/a');
      const error: unknown = await client
        .multi([op.create('/b'), op.check('/a', 5), op.create('/c')])
        .catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(MultiError);
      expect(error).toMatchObject({ name: 'BADVERSION', failedIndex: 1, path: '/a', maybeApplied: false });
      const { errors } = error as MultiError;
      expect(errors.map((each) => each?.name)).toEqual([undefined, 'BADVERSION', 'RUNTIMEINCONSISTENCY']);
      expect(errors[1]).toBeInstanceOf(BadVersionError);
      expect(errors.slice(1)).toMatchObject([
        { path: '/a', maybeApplied: false },
        { path: '/c', maybeApplied: false },
      ]);
      expect((await client.getChildren('/')).children).toEqual(['a']);
      await expect(client.multi([op.delete('no-path')])).rejects.toMatchObject({ name: 'BADARGUMENTS' });
    });

    it('creates ephemerals, containers and TTL znodes', async () => {
      const client = await suite.client();
      const operations = [
        op.create('/e', null, { mode: 'ephemeral' }),
        op.create('/c', null, { mode: 'container' }),
        op.create('/s', null, { mode: 'ephemeralSequential' }),
      ];
      await client.multi(operations);
      expect((await client.getChildren('/')).children).toHaveLength(3);
      if (suite.target.lacks?.includes('ttl')) return;
      await client.multi([op.create('/t', null, { mode: 'persistentWithTtl', ttl: '1h' })]);
    });

    it('reads many things of one moment, each with an answer of its own', async () => {
      const client = await suite.client();
      await client.create('/a', text('1'));
      await client.create('/a/b');
      if (suite.target.lacks?.includes('multiRead')) return;
      const [got, listed, missing] = await client.multiRead([read.get('/a'), read.children('/a'), read.get('/none')]);
      expect(got).toMatchObject({ kind: 'get', data: text('1') });
      expect(listed).toEqual({ kind: 'children', children: ['b'] });
      expect(missing).toMatchObject({ kind: 'error', error: { name: 'NONODE', path: '/none' } });
    });
  });
}
