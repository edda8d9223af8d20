import { CreateMode } from '@zk/model';
import type { RawClient } from '@zk/test-client';
import { memberLine } from '@zk/testing';
import { outcome, text } from './outcomes.js';
import { Trio, until } from './trio.js';

const EPHEMERAL = { flags: CreateMode.ephemeral };
const SEQUENTIAL = { flags: CreateMode.persistentSequential };

describe('three servers', () => {
  let trio: Trio;

  beforeEach(async () => {
    trio = await new Trio().start();
  });

  afterEach(() => trio.end());

  const dataAt = async (client: RawClient, path: string): Promise<string | null> => {
    await client.sync('/');
    return text((await client.getData(path)).data);
  };

  it('have one leader, and take writes everywhere', async () => {
    const clients = await Promise.all([1, 2, 3].map((id) => trio.connect(id)));
    await Promise.all(clients.map((client, i) => client.create(`/from-${i}`, String(i))));
    for (const client of clients) {
      for (let i = 0; i < 3; i++) expect(await dataAt(client, `/from-${i}`)).toBe(String(i));
    }
    expect(new Set((await trio.digests()).map((digest) => JSON.stringify(digest))).size).toBe(1);
    expect([1, 2, 3].filter((id) => trio.server(id).ensemble!.role.role === 'leader')).toEqual([trio.leader]);
  });

  describe.each(['leader', 'follower'] as const)('a client of the %s', (role) => {
    let client: RawClient;
    let other: RawClient;

    beforeEach(async () => {
      client = await trio.connect(trio[role]);
      other = await trio.connect(role === 'leader' ? trio.follower : trio.leader);
      await client.create('/a', 'x');
    });

    it.each<[string, (c: RawClient) => Promise<unknown>, string]>([
      ['setData', (c) => c.setData('/a', 'y'), 'OK'],
      ['setData of another version', (c) => c.setData('/a', 'y', 7), 'BADVERSION'],
      ['create of what there is', (c) => c.create('/a'), 'NODEEXISTS'],
      ['create without a parent', (c) => c.create('/no/parent'), 'NONODE'],
      ['create of no path', (c) => c.create('a'), 'BADARGUMENTS'],
      [
        'a child of an ephemeral',
        (c) => c.create('/e', '', EPHEMERAL).then(() => c.create('/e/x')),
        'NOCHILDRENFOREPHEMERALS',
      ],
      ['delete', (c) => c.delete('/a'), 'OK'],
      ['delete of what is not empty', (c) => c.create('/a/b').then(() => c.delete('/a')), 'NOTEMPTY'],
      ['setACL', (c) => c.setACL('/a', [{ perms: 1, scheme: 'world', id: 'anyone' }]), 'OK'],
      ['setACL to nothing', (c) => c.setACL('/a', []), 'INVALIDACL'],
      ['a container', (c) => c.createContainer('/c'), 'OK'],
      ['a znode with a time to live', (c) => c.createTTL('/t', 5000), 'OK'],
      ['reconfig, which is switched off', (c) => c.reconfig({ leavingServers: '1' }), 'RECONFIGDISABLED'],
      ['sync', (c) => c.sync('/a'), 'OK'],
    ])('is answered: %s', async (_, call, expected) => {
      expect(await outcome(call(client))).toBe(expected);
    });

    it('gets the stats and the paths that the operation leads to', async () => {
      expect((await client.setData('/a', 'yy')).version).toBe(1);
      expect(await client.create('/a/s-', '', SEQUENTIAL)).toBe('/a/s-0000000000');
      const { path, stat } = await client.create2('/a/s-', 'abc', SEQUENTIAL);
      expect([path, stat.dataLength, stat.version]).toEqual(['/a/s-0000000001', 3, 0]);
    });

    it('gets the results of a multi, and all its errors', async () => {
      const set = { op: 'setData', path: '/a', data: null, version: 0 } as const;
      expect(await client.multi([set, { op: 'check', path: '/a', version: 1 }])).toMatchObject([
        { op: 'setData', stat: { version: 1 } },
        { op: 'check' },
      ]);
      expect(await client.multi([set, { op: 'check', path: '/a', version: 1 }])).toEqual([
        { op: 'error', err: -103 },
        { op: 'error', err: -2 },
      ]);
    });

    it('sees its own writes, in order, with reads between them', async () => {
      const answers = await Promise.all(
        Array.from({ length: 40 }, (_, i) =>
          i % 2 === 0 ? client.setData('/a', String(i)) : client.getData('/a').then(({ data }) => text(data)),
        ),
      );
      expect(answers.filter((_, i) => i % 2 === 1)).toEqual(Array.from({ length: 20 }, (_, i) => String(2 * i)));
    });

    it('hears of changes made elsewhere, before it sees them', async () => {
      await client.getData('/a', true);
      await other.sync('/');
      await other.setData('/a', 'changed');
      const seen = await dataAt(client, '/a');
      expect(seen).toBe('changed');
      expect(client.events).toMatchObject([{ path: '/a', type: 3 }]);
    });

    it('sees after a sync what was acknowledged elsewhere before it', async () => {
      for (let i = 0; i < 20; i++) {
        await other.setData('/a', String(i));
        expect(await dataAt(client, '/a')).toBe(String(i));
      }
    });

    it('takes its ephemerals away when it ends its session, and is told so', async () => {
      await client.create('/e', '', EPHEMERAL);
      await other.sync('/');
      expect((await other.exists('/e')).ephemeralOwner).toBe(client.sessionId);
      await client.close();
      await other.sync('/');
      expect(await outcome(other.exists('/e'))).toBe('NONODE');
    });

    it('comes back to its session at another server, and loses its old connection', async () => {
      await client.create('/e', '', EPHEMERAL);
      const again = await trio.move(client, role === 'leader' ? trio.follower : trio.leader);
      expect(again.sessionId).toBe(client.sessionId);
      await again.setData('/e', 'still mine');
      expect(await outcome(client.setData('/e', 'not any more'))).toBe('CLOSED');
      expect(await dataAt(other, '/e')).toBe('still mine');
    });

    it.each([
      ['a session that never was', { sessionId: 0x7fn, password: new Uint8Array(16) }],
      ['a wrong password', { password: new Uint8Array(16).fill(1) }],
    ])('is refused with %s', async (_, wrong) => {
      const { sessionId } = client;
      expect(await outcome(trio.connect(trio[role], { sessionId, ...wrong }))).toBe('SESSIONEXPIRED');
    });
  });

  it('go on under a new leader: what was acknowledged is there, and sessions live', async () => {
    const first = trio.leader;
    const client = await trio.connect(trio.follower);
    await client.create('/kept', 'before');
    await client.create('/mine', '', EPHEMERAL);
    await trio.crash(first);
    await trio.electing();
    await trio.serving();
    expect(trio.leader).not.toBe(first);
    const again = await trio.move(client, trio.leader);
    expect(await dataAt(again, '/kept')).toBe('before');
    expect((await again.exists('/mine')).ephemeralOwner).toBe(client.sessionId);
    await again.setData('/kept', 'after');
    await trio.start(first);
    const returned = await trio.connect(first);
    expect(await dataAt(returned, '/kept')).toBe('after');
    expect(new Set((await trio.digests()).map((digest) => JSON.stringify(digest))).size).toBe(1);
  });

  it('answer no write that their leader made before it lost its quorum', async () => {
    const { leader } = trio;
    const client = await trio.connect(leader);
    await client.create('/a', '');
    const others = [1, 2, 3].filter((id) => id !== leader);
    for (const id of others) trio.storage(id).holdSyncs();
    const lost = outcome(client.setData('/a', 'nobody has it'));
    for (const id of others) await trio.crash(id);
    expect(await lost).toBe('CLOSED');
    await trio.electing();
    expect(await outcome(trio.connect(leader))).toBe('CLOSED');
  });

  it('show their configuration to clients', async () => {
    const client = await trio.connect(trio.follower);
    const config = text((await client.getData('/zookeeper/config')).data)!;
    expect(config.split('\n')).toEqual([memberLine(1), memberLine(2), memberLine(3), 'version=0']);
  });
});

describe('an observer', () => {
  it('serves clients as a follower does, and is not asked for its vote', async () => {
    const trio = await new Trio({ observers: 1 }).start();
    const client = await trio.connect(4);
    const other = await trio.connect(trio.leader);
    await client.create('/a', 'x');
    await other.setData('/a', 'y');
    await client.sync('/');
    expect(text((await client.getData('/a')).data)).toBe('y');
    expect(trio.server(4).ensemble!.role.role).toBe('observer');
    expect(new Set((await trio.digests()).map((digest) => JSON.stringify(digest))).size).toBe(1);
    await trio.end();
  });
});

describe('a server without a quorum', () => {
  it('lets clients read that are content with that, where it is told to', async () => {
    const trio = await new Trio({ member: { isReadOnlyModeEnabled: true } }).start();
    const writer = await trio.connect(1);
    await writer.create('/a', 'x');
    await writer.close();
    await trio.digests();
    await Promise.all([2, 3].map((id) => trio.stopOne(id)));
    await trio.electing();
    expect(await outcome(trio.connect(1, { readOnly: true }))).toBe('CLOSED');
    await trio.serving();
    expect(await outcome(trio.connect(1))).toBe('CLOSED');
    const reader = await trio.connect(1, { readOnly: true });
    expect(reader.session.readOnly).toBe(true);
    expect(text((await reader.getData('/a')).data)).toBe('x');
    expect(await outcome(reader.setData('/a', 'y'))).toBe('NOTREADONLY');
    expect(await outcome(reader.sync('/a'))).toBe('NOTREADONLY');
    await trio.start(2, 3);
    await until(() => trio.running.every(({ state, ensemble }) => state === 'serving' && ensemble!.role.isServing));
    expect(await outcome(reader.getData('/a'))).toBe('CLOSED');
    expect(await outcome(trio.connect(1))).toBe('OK');
    await trio.end();
  });
});

describe('members that change', () => {
  it('join, are told to everybody, and leave', async () => {
    const superuser = { skipAcl: true, reconfigEnabled: true };
    const trio = await new Trio({
      server: superuser,
      member: { peer: { isReconfigEnabled: true } },
    }).start();
    const client = await trio.connect(trio.leader);
    const leaving = [1, 2, 3].find((id) => id !== trio.leader)!;
    const { data } = await client.reconfig({ leavingServers: String(leaving) });
    expect(text(data)).not.toContain(`server.${leaving}=`);
    await client.create('/after', '');
    const back = await client.reconfig({ joiningServers: memberLine(leaving) });
    expect(text(back.data)).toContain(`server.${leaving}=`);
    const elsewhere = await trio.connect(trio.follower);
    await elsewhere.sync('/');
    expect(text((await elsewhere.getData('/zookeeper/config')).data)).toBe(text(back.data));
    await trio.end();
  });
});
