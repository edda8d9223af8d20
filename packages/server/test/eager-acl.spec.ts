import { READ_ACL_UNSAFE } from '@zk/model';
import { outcome } from './outcomes.js';
import { Trio } from './trio.js';

describe.each(['leader', 'follower'] as const)('a write without permission at the %s', (role) => {
  let trio: Trio;

  afterEach(() => trio.end());

  it.each([
    ['is refused there, and the ensemble hears nothing of it', true, 0n],
    ['is a transaction of the ensemble when nobody asked for anything else', false, 1n],
  ])('%s', async (_what, checksAclsEarly, transactions) => {
    trio = await new Trio({ member: { checksAclsEarly } }).start();
    const client = await trio.connect(trio[role]);
    await client.create('/readable', 'x', { acl: READ_ACL_UNSAFE });
    const before = trio.server(trio.leader).lastZxid;
    expect(await outcome(client.setData('/readable', 'y'))).toBe('NOAUTH');
    expect(trio.server(trio.leader).lastZxid - before).toBe(transactions);
  });
});
