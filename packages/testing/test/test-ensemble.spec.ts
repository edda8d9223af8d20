import { utf8 } from '@zk/client-api';
import { type TestEnsemble, createTestEnsemble, memberLine } from '@zk/testing';
import { first, firstValueFrom } from 'rxjs';

const text = { codec: utf8 } as const;

describe('a test ensemble', () => {
  let ensemble: TestEnsemble;

  afterEach(async () => {
    await ensemble.close();
  });

  it('has a leader and learners, and one tree', async () => {
    ensemble = await createTestEnsemble({ observers: 1 });
    expect(ensemble.learners).toHaveLength(3);
    const clients = await Promise.all(ensemble.ids.map((server) => ensemble.connect({ server })));
    await clients[0]!.create('/app', 'hello', text);
    for (const client of clients)
      expect((await client.get('/app', { ...text, linearizable: true })).data).toBe('hello');
  });

  it.each(['kill', 'stop'] as const)('goes on with the same sessions when somebody does %s its leader', async (end) => {
    ensemble = await createTestEnsemble();
    const client = await ensemble.connect();
    const { id } = client.session!;
    await client.create('/mine', 'x', { ...text, mode: 'ephemeral' });
    const first = ensemble.leader!;
    await ensemble[end](first);
    await client.set('/mine', 'y', { ...text, timeout: '20s' }).catch(() => client.set('/mine', 'y', text));
    expect(client.session!.id).toBe(id);
    expect(ensemble.leader).not.toBe(first);
    await ensemble.start(first);
    await ensemble.serving();
    const returned = await ensemble.connect({ server: first });
    expect((await returned.get('/mine', { ...text, linearizable: true })).data).toBe('y');
  });

  it('has nobody acknowledge what an isolated leader is told', async () => {
    ensemble = await createTestEnsemble();
    const [first, other] = [ensemble.leader!, ensemble.learners[0]!];
    const client = await ensemble.connect({ server: other });
    await client.create('/app', '1', text);
    ensemble.isolate(first);
    await client.set('/app', '2', { ...text, timeout: '20s' }).catch(() => client.set('/app', '2', text));
    expect((await client.get('/app', text)).data).toBe('2');
    ensemble.rejoin(first);
    await ensemble.serving(first);
    const returned = await ensemble.connect({ server: first });
    expect((await returned.get('/app', { ...text, linearizable: true })).data).toBe('2');
  });

  it('tells who runs, and shows its members to clients as they were named', async () => {
    ensemble = await createTestEnsemble({ observers: 1 });
    const client = await ensemble.connect({ server: 1 });
    const { data } = await client.get('/zookeeper/config', text);
    const members = [memberLine(1), memberLine(2), memberLine(3), memberLine(4, 'observer')];
    expect(data!.split('\n').slice(0, 4)).toEqual(members);
    await ensemble.stop(4);
    expect(ensemble.running).toEqual([1, 2, 3]);
  });

  it('lets its members be told more than a server alone', async () => {
    ensemble = await createTestEnsemble({ member: { isReadOnlyModeEnabled: true } });
    const last = ensemble.leader!;
    // A server without a quorum takes no session of the ensemble: that has to be over before there is another one.
    const client = await ensemble.connect({ server: last, readOnly: true, sessionTimeout: '1s' });
    await Promise.all(ensemble.learners.map((id) => ensemble.stop(id)));
    await firstValueFrom(client.state$.pipe(first((state) => state === 'readOnly')));
    expect((await client.get('/zookeeper', text)).data).toBe('');
  });

  it('says so when there is no such server', async () => {
    ensemble = await createTestEnsemble({ servers: 1 });
    expect(() => ensemble.server(2)).toThrow('there is no server 2: they are numbered from 1 to 1');
    await ensemble.stop(1);
    expect(() => ensemble.server(1)).toThrow('server 1 is stopped');
  });
});
