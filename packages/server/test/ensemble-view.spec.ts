import { VirtualEnsemble, config } from './virtual-ensemble.js';

const NOT_SERVING = 'This ZooKeeper instance is not currently serving requests\n';

describe('what the servers of an ensemble say of themselves', () => {
  let ensemble: VirtualEnsemble;

  beforeEach(async () => {
    ensemble = new VirtualEnsemble();
    await ensemble.startAll();
  });

  afterEach(() => ensemble.stopAll());

  it('is who leads, who follows and who observes', async () => {
    const modes = await Promise.all(
      [1, 2, 3, 4].map(async (id) => /^Mode: (.*)$/m.exec(await ensemble.ask(id, 'srvr'))?.[1]),
    );
    expect(modes.slice(0, 3).sort()).toEqual(['follower', 'follower', 'leader']);
    expect(modes[3]).toBe('observer');
    const { leader } = await ensemble.roles();
    expect(await ensemble.metric(4, 'observer_master_id')).toBe(String(leader));
    expect(await ensemble.ask(4, 'conf')).toContain(`\npeerType=1\nmembership: \n${config.text}`);
  });

  it.each([
    ['learners', '3'],
    ['synced_followers', '2'],
    ['synced_non_voting_followers', '0'],
    ['synced_observers', '1'],
    ['quorum_size', '3'],
    ['looking_count', '1'],
    ['last_proposal_size', '-1'],
  ])('is, of the leader, %s: %s', async (name, expected) => {
    expect(await ensemble.metric((await ensemble.roles()).leader, name)).toBe(expected);
  });

  it('is, of the leader, how it brought each of its learners up to date', async () => {
    const { leader } = await ensemble.roles();
    const counts = await Promise.all(['diff_count', 'snap_count'].map((name) => ensemble.metric(leader, name)));
    expect(counts.reduce((sum, count) => sum + Number(count), 0)).toBe(3);
  });

  it('is how many transactions went through them', async () => {
    const { leader, follower } = await ensemble.roles();
    const client = await ensemble.connect(follower);
    for (const path of ['/a', '/b', '/c']) await ensemble.time.during(client.create(path, 'data'));
    await ensemble.time.advance(1000);
    const counts = async (id: number, ...names: readonly string[]): Promise<(string | undefined)[]> =>
      Promise.all(names.map((name) => ensemble.metric(id, name)));
    // The session is a transaction, too.
    expect(await counts(leader, 'proposal_count', 'commit_count', 'cnt_quorum_ack_latency')).toEqual(['4', '4', '4']);
    expect(await counts(leader, `cnt_${follower}_ack_latency`, `cnt_${leader}_ack_latency`)).toEqual(['4', undefined]);
    for (const [id, proposals] of [
      [follower, '4'],
      // Nothing is proposed to an observer.
      [4, '0'],
    ] as const) {
      expect(await counts(id, 'learner_proposal_received_count', 'cnt_proposal_latency')).toEqual([
        proposals,
        proposals,
      ]);
      expect(await counts(id, 'learner_commit_received_count', 'proposal_count')).toEqual(['4', '0']);
      expect(await counts(id, 'cnt_commit_propagation_latency', 'cnt_propagation_latency')).toEqual(['4', '4']);
    }
    expect(await ensemble.ask(leader, 'srvr')).toMatch(/\nProposal sizes last\/min\/max: \d+\/\d+\/\d+\n$/);
    expect(await ensemble.ask(follower, 'dump')).toContain('Global Sessions(1):\n');
    await client.disconnect();
  });

  it('goes on when another server leads', async () => {
    const { leader, follower } = await ensemble.roles();
    const client = await ensemble.connect(follower);
    await ensemble.time.during(client.getData('/', true));
    await ensemble.time.during(client.setData('/', 'x'));
    const before = await ensemble.metric(follower, 'watch_bytes');
    expect(Number(before)).toBeGreaterThan(0);
    await ensemble.stop(leader);
    await ensemble.until(false, follower);
    await ensemble.until(true, follower);
    expect(await ensemble.metric(follower, 'watch_bytes')).toBe(before);
    await client.disconnect();
  });

  it('is nothing while there is no quorum, and counts the time', async () => {
    const { leader } = await ensemble.roles();
    const [left, other] = [1, 2, 3].filter((id) => id !== leader) as [number, number];
    await ensemble.stop(leader, other);
    await ensemble.until(false, left);
    expect(await ensemble.ask(left, 'srvr')).toBe(NOT_SERVING);
    expect(await ensemble.ask(left, 'mntr')).toBe(NOT_SERVING);
    expect(await ensemble.ask(left, 'isro')).toBe('null');
    expect(await ensemble.ask(left, 'ruok')).toBe('imok');
    await expect(ensemble.connect(left)).rejects.toThrow();
    await ensemble.start(other);
    await ensemble.until(true, left, other);
    expect(Number(await ensemble.metric(left, 'looking_count'))).toBeGreaterThan(1);
    expect(await ensemble.metric(left, 'cnt_unavailable_time')).toBe('2');
    expect(await ensemble.metric(left, 'cnxn_closed_without_zk_server_running')).toBe('1');
  });
});

it('where followers serve observers, is which of them serves an observer, and how many it serves', async () => {
  const ensemble = new VirtualEnsemble({ member: { observerMaster: { port: 2191, maxQueuedBytes: 1 << 20 } } });
  await ensemble.startAll();
  const { leader } = await ensemble.roles();
  const master = Number(await ensemble.metric(4, 'observer_master_id'));
  const idle = [1, 2, 3].find((id) => id !== leader && id !== master)!;
  expect(master).not.toBe(leader);
  const served = [leader, master, idle].map((id) => ensemble.metric(id, 'synced_observers'));
  expect(await Promise.all(served)).toEqual(['0', '1', '0']);
  const client = await ensemble.connect(4);
  await ensemble.time.during(client.create('/through-the-observer', 'data'));
  expect(await ensemble.metric(leader, 'commit_count')).toBe('2');
  await ensemble.time.during(client.close());
  await ensemble.stopAll();
});
