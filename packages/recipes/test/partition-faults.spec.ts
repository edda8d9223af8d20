import { SetPartitioner, UniqueIds } from '../src/index.js';
import { a, b, pass, server, until, useVirtualRig } from './virtual-rig.js';

useVirtualRig();

it('a set partitioner gives out no share of which a lock is lost', async () => {
  const inTheWay = '/work/locks/two/other__lock__0000000000';
  await pass(b.create(inTheWay, null, { parents: 'persistent' }));
  const partitioner = new SetPartitioner(a, '/work', ['one', 'two'], { timeBoundary: 10, maxReactionTime: '30s' });
  const shares = partitioner.shares();
  const sharing = shares.next();
  const contenders = async (item: string): Promise<readonly string[]> =>
    (await pass(b.getChildren(`/work/locks/${item}`))).children;
  await until(async () => (await contenders('two')).length === 2);
  const [own] = await contenders('one');
  await pass(b.delete(`/work/locks/one/${own}`));
  await pass(b.delete(inTheWay));
  const share = (await pass(sharing)).value!;
  expect(share.signal.aborted).toBe(false);
  expect(await contenders('one')).not.toContain(own);
  expect(() => share.assertHeld()).not.toThrow();
  await pass(shares.return());
});

it('unique ids wait for a connection as long as each call wants', async () => {
  const ids = new UniqueIds(a, '/ids', { blockSize: 1 });
  expect(await pass(ids.next())).toBe(0n);
  await server.refuseConnections();
  server.cut(a);
  const short = ids.next({ timeout: '1s' }).catch((error: unknown) => error);
  const long = ids.next({ timeout: '5m' });
  await server.advance('2m');
  expect(await short).toMatchObject({ name: 'OPERATIONTIMEOUT', timeoutMs: 1_000 });
  await server.acceptConnections();
  expect(await pass(long)).toBe(1n);
});
