import { CreateMode } from '@zk/model';
import type { RawClient } from '@zk/test-client';
import { outcome, text } from './outcomes.js';
import { Trio } from './trio.js';

const OBSERVER = 4;

const changes: readonly (readonly [name: string, make: (client: RawClient) => Promise<unknown>])[] = [
  ['create', (client) => client.create('/new', '')],
  ['create of an ephemeral', (client) => client.create('/new', '', { flags: CreateMode.ephemeral })],
  ['setData', (client) => client.setData('/old', 'changed')],
  ['delete', (client) => client.delete('/old')],
  ['multi', (client) => client.multi([{ op: 'delete', path: '/old', version: -1 }])],
];

describe('a connection that a session has left for another server', () => {
  let trio: Trio;

  beforeAll(async () => {
    trio = await new Trio({ observers: 1 }).start();
    const client = await trio.connect(trio.leader);
    await client.create('/old', 'as it was');
    await client.close();
  });

  afterAll(() => trio.end());

  const places: readonly (readonly [string, () => number])[] = [
    ['a follower', () => trio.follower],
    ['an observer', () => OBSERVER],
    ['the leader', () => trio.leader],
  ];

  describe.each(places)('at %s', (_, left) => {
    it.each(changes)('is closed, without a reply, by a %s, which changes nothing', async (_name, change) => {
      const other = [1, 2, 3].find((id) => id !== left())!;
      const before = await trio.connect(left());
      const after = await trio.move(before, other);
      expect(await outcome(change(before))).toBe('CLOSED');
      await after.sync('/');
      expect(text((await after.getData('/old')).data)).toBe('as it was');
      expect(await outcome(after.exists('/new'))).toBe('NONODE');
      await after.close();
    });
  });
});
