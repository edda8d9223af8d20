import {
  BadVersionError,
  NoChildrenForEphemeralsError,
  NodeExistsError,
  NotEmptyError,
  json,
  read,
  utf8,
} from '@zk/client';
import type { Suite } from './suite.js';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const THREAD_COUNT = 20;

export function describeChanges(suite: Suite): void {
  describe('changes', () => {
    it('creates znodes of every kind', async () => {
      const client = await suite.client();
      expect((await client.create('/p')).path).toBe('/p');
      expect((await client.create('/s', null, { mode: 'persistentSequential' })).path).toMatch(/^\/s\d{10}$/);
      const { path, stat } = await client.create('/e-', text('x'), { mode: 'ephemeralSequential' });
      expect(path).toMatch(/^\/e-\d{10}$/);
      expect(stat.ephemeralOwner).toBe(client.session!.id);
      expect((await client.create('/c', null, { mode: 'container' })).stat.numChildren).toBe(0);
      if (suite.target.lacks?.includes('ttl')) return;
      expect((await client.create('/t', null, { mode: 'persistentWithTtl', ttl: '1h' })).path).toBe('/t');
      await expect(client.create('/u', null, { mode: 'persistentWithTtl' })).rejects.toMatchObject({
        name: 'BADARGUMENTS',
      });
    });

    it('refuses what the tree refuses', async () => {
      const client = await suite.client();
      await client.create('/e', null, { mode: 'ephemeral' });
      await expect(client.create('/e')).rejects.toBeInstanceOf(NodeExistsError);
      await expect(client.create('/e/x')).rejects.toBeInstanceOf(NoChildrenForEphemeralsError);
      await expect(client.create('/no/parent')).rejects.toMatchObject({ name: 'NONODE', path: '/no/parent' });
      await expect(client.create('/b', null, { acl: [] })).rejects.toMatchObject({ name: 'INVALIDACL' });
    });

    it.each(['container', 'persistent'] as const)('creates parents as %s znodes', async (parents) => {
      const client = await suite.client();
      const { path } = await client.create('/a/b/c/d', text('x'), { parents });
      expect(path).toBe('/a/b/c/d');
      expect((await client.get('/a/b/c')).data).toHaveLength(0);
      await Promise.all(Array.from({ length: 10 }, (_, i) => client.create(`/x/y/n${i}`, null, { parents })));
      expect((await client.getChildren('/x/y')).children).toHaveLength(10);
      if (suite.target.lacks?.includes('multiStat')) return;
      // Not null: as from Curator and kazoo.
      const [parent] = await client.multiRead([read.get('/a/b')]);
      expect(parent).toMatchObject({ kind: 'get', data: new Uint8Array() });
    });

    it('creates the chroot itself as a parent', async () => {
      const client = await suite.client();
      const below = client.chroot('/not/there');
      await below.create('/a', null, { parents: 'persistent' });
      expect(await client.exists('/not/there/a')).not.toBeNull();
    });

    it('leaves alone or sets what exists, when told to', async () => {
      const client = await suite.client();
      await client.create('/a', text('1'));
      const kept = await client.create('/a', text('2'), { ifExists: 'keep' });
      expect(kept.stat.version).toBe(0);
      expect((await client.get('/a', { codec: utf8 })).data).toBe('1');
      const set = await client.create('/a', text('3'), { ifExists: 'set' });
      expect(set.stat.version).toBe(1);
      expect((await client.get('/a', { codec: utf8 })).data).toBe('3');
    });

    it('protects a create with a name of its own', async () => {
      const client = await suite.client();
      const curator = await client.create('/lock-', null, { mode: 'ephemeralSequential', protection: true });
      const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}';
      expect(curator.path).toMatch(new RegExp(`^/_c_${uuid}-lock-\\d{10}$`));
      const kazoo = await client.create('/__lock__', null, { protection: { prefix: 'abc' } });
      expect(kazoo.path).toBe('/abc__lock__');
    });

    it('sets data, with and without a condition', async () => {
      const client = await suite.client();
      await client.create('/a');
      expect((await client.set('/a', text('1'))).version).toBe(1);
      expect((await client.set('/a', { n: 2 }, { version: 1, codec: json<{ n: number }>() })).version).toBe(2);
      await expect(client.set('/a', text('3'), { version: 1 })).rejects.toBeInstanceOf(BadVersionError);
      await client.set('/a', null);
      expect((await client.exists('/a'))!.dataLength).toBe(0);
    });

    it('deletes, with and without a condition, with and without what is below', async () => {
      const client = await suite.client();
      await client.create('/a/b/c', null, { parents: 'persistent' });
      await expect(client.delete('/a/b/c', { version: 7 })).rejects.toBeInstanceOf(BadVersionError);
      await expect(client.delete('/a')).rejects.toBeInstanceOf(NotEmptyError);
      await Promise.all(
        Array.from({ length: 30 }, (_, i) => client.create(`/a/b/n${i}/x`, null, { parents: 'persistent' })),
      );
      await client.delete('/a', { recursive: true });
      expect(await client.exists('/a')).toBeNull();
      await expect(client.delete('/a')).rejects.toMatchObject({ name: 'NONODE' });
      await client.delete('/a', { ifMissing: 'ignore', guaranteed: true });
    });

    it('updates by compare and set, whoever else does', async () => {
      const client = await suite.client();
      const codec = json<{ n: number }>();
      const create = { parents: 'container' } as const;
      const increment = (): Promise<unknown> =>
        client.update('/counters/a', ({ n }) => ({ n: n + 1 }), { codec, initial: { n: 0 }, create });
      await Promise.all(Array.from({ length: THREAD_COUNT }, increment));
      expect((await client.get('/counters/a', { codec })).data).toEqual({ n: THREAD_COUNT });
      const before = await client.exists('/counters/a');
      await client.update('/counters/a', (same) => same, { codec });
      expect(await client.exists('/counters/a')).toEqual(before);
      await expect(client.update('/none', (data) => data)).rejects.toMatchObject({ name: 'NONODE' });
      await expect(client.update('/no/parent', () => text('x'), { initial: text('') })).rejects.toMatchObject({
        name: 'NONODE',
      });
    });

    it('gives up an update after so many attempts', async () => {
      const client = await suite.client();
      await client.create('/a');
      let calls = 0;
      const overtaken = client.update(
        '/a',
        async () => {
          calls++;
          await client.set('/a', text(`${calls}`));
          return text('mine');
        },
        { maxAttempts: 3 },
      );
      await expect(overtaken).rejects.toBeInstanceOf(BadVersionError);
      expect(calls).toBe(3);
    });

    it('reads and sets ACLs', async () => {
      const client = await suite.client();
      await client.create('/a', null, { acl: [{ perms: 31, scheme: 'world', id: 'anyone' }] });
      const stat = await client.setAcl('/a', [{ perms: 1 | 16, scheme: 'world', id: 'anyone' }], { version: 0 });
      expect(stat.aversion).toBe(1);
      expect((await client.getAcl('/a')).acl).toEqual([{ perms: 17, scheme: 'world', id: 'anyone' }]);
      await expect(client.set('/a', null)).rejects.toMatchObject({ name: 'NOAUTH' });
      await expect(
        client.setAcl('/a', [{ perms: 31, scheme: 'world', id: 'anyone' }], { version: 0 }),
      ).rejects.toMatchObject({
        name: 'BADVERSION',
      });
    });

    it('refuses a request that no server would read, before it is sent', async () => {
      const client = await suite.client();
      const error: unknown = await client.create('/big', new Uint8Array(2_000_000)).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ name: 'BADARGUMENTS', path: '/big', maybeApplied: false });
      await client.create('/big', new Uint8Array(1_000_000).fill(7));
      const { data } = await client.get('/big');
      expect([data.length, data.every((byte) => byte === 7)]).toEqual([1_000_000, true]);
      expect(client.state).toBe('connected');
    });
  });
}
