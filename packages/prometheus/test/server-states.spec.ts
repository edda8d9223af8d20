import { TestEnsemble, createTestEnsemble, createTestServer } from '@zk/testing';
import { filter, firstValueFrom } from 'rxjs';
import { Scrape } from '../src/index.js';
import { type Exposition, parseExposition } from './exposition.js';

const ALL = new Set<string>();

const scrapeOf = async (server: ConstructorParameters<typeof Scrape>[0]): Promise<Exposition> =>
  parseExposition(await new Scrape(server, { exportsProcess: false }).text(ALL));

describe('metrics', () => {
  it('of the process stand beside those of the server when they are wanted', async () => {
    await using test = await createTestServer();
    const { types } = parseExposition(await new Scrape(test.server, { exportsProcess: true }).text(ALL));
    expect(types.get('process_cpu_seconds_total')).toBe('counter');
    expect(types.get('nodejs_eventloop_lag_p99_seconds')).toBe('gauge');
    const some = new Set(['process_resident_memory_bytes']);
    const named = parseExposition(await new Scrape(test.server, { exportsProcess: true }).text(some));
    expect([...named.types.keys()]).toEqual(['process_resident_memory_bytes']);
  });

  it('of a leader tell how many follow it, those of a follower how long it took to be one', async () => {
    await using ensemble = await createTestEnsemble();
    await ensemble.connect();
    const leader = await scrapeOf(ensemble.server(ensemble.leader!));
    expect(leader.values.get('synced_followers')).toBe(2);
    expect(leader.values.get('quorum_size')).toBe(3);
    expect(leader.values.get('proposal_count')).toBeGreaterThan(0);
    expect(leader.values.get('election_time_count')).toBe(1);
    for (const id of ensemble.learners) {
      expect(leader.values.get(`ack_latency_count{key="${id}"}`)).toBeGreaterThan(0);
      expect(leader.values.has(`ack_latency{key="${id}",quantile="0.99"}`)).toBe(true);
    }
    const follower = await scrapeOf(ensemble.server(ensemble.learners[0]!));
    expect(follower.values.has('synced_followers')).toBe(false);
    expect(follower.values.get('follower_sync_time_count')).toBe(1);
    expect(follower.types.get('propagation_latency')).toBe('summary');
  });

  it('of a server that serves nobody have no gauges, but go on counting', async () => {
    await using ensemble = new TestEnsemble();
    await ensemble.start(1);
    expect(ensemble.server(1).state).toBe('electing');
    const { types, values } = await scrapeOf(ensemble.server(1));
    expect(types.has('znode_count')).toBe(false);
    expect(values.get('looking_count')).toBe(1);
    expect(values.get('readlatency_count')).toBe(0);
    expect(values.get('bytes_received_count')).toBe(0);
  });

  it('do not fall when a server stops serving', async () => {
    await using ensemble = await createTestEnsemble();
    const id = ensemble.learners[0]!;
    const client = await ensemble.connect({ server: id });
    const { fired } = await client.existsAndWatch('/a');
    await client.create('/a', null);
    await fired;
    const before = await scrapeOf(ensemble.server(id));
    const counters = [...before.types].filter(([, type]) => type === 'counter').map(([name]) => name);
    for (const other of ensemble.ids) if (other !== id) await ensemble.stop(other);
    await firstValueFrom(ensemble.server(id).state$.pipe(filter((state) => state === 'electing')));
    const { values } = await scrapeOf(ensemble.server(id));
    expect(before.values.get('watch_bytes')).toBeGreaterThan(0);
    expect(counters.filter((name) => values.get(name)! < before.values.get(name)!)).toEqual([]);
    expect(values.get('watch_bytes')).toBe(before.values.get('watch_bytes'));
  });
});
