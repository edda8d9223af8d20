import { readFileSync } from 'node:fs';
import path from 'node:path';
import { hex64 } from '@zk/model';
import { environmentFacts } from '@zk/server';
import { RawClient } from '@zk/test-client';
import { type TestEnsemble, createTestEnsemble } from '@zk/testing';
import { AdminServer } from '../src/index.js';
import { keyPaths } from './key-paths.js';
import { LOCAL, Rig } from './rig.js';

/** Keys of each command, as Apache ZooKeeper 3.9.5 was seen to give them. */
const RECORDED = JSON.parse(readFileSync(path.join(__dirname, 'fixtures/apache-3.9.5.json'), 'utf8')) as Readonly<
  Record<string, Readonly<Record<string, readonly string[]>>>
>;

const commandsOf = (where: string): string[] => Object.keys(RECORDED[where] ?? {});

describe('a server on its own, with a client', () => {
  let rig: Rig;
  let client: RawClient;

  beforeAll(async () => {
    rig = await Rig.started({ initialConfiguration: 'tickTime=1\n' });
    client = await rig.client();
    await client.create('/ephemeral', '', { flags: 1 });
    for (let count = 0; count < 130; count++) await client.setData('/ephemeral', 'x');
    await client.getData('/ephemeral', true);
  });
  afterAll(async () => {
    await client.close();
    await rig.stop();
  });

  it.each(commandsOf('alone'))('answers %s with the keys of Apache’s, in their order', async (command) => {
    expect(keyPaths(await rig.json(command))).toEqual(RECORDED['alone']?.[command]);
  });

  it.each([
    ['conf', 'configuration'],
    ['config', 'configuration'],
    ['crst', 'connection_stat_reset'],
    ['cons', 'connections'],
    ['env', 'environment'],
    ['envi', 'environment'],
    ['gtmk', 'get_trace_mask'],
    ['stmk', 'set_trace_mask'],
    ['icfg', 'initial_configuration'],
    ['isro', 'is_read_only'],
    ['lsnp', 'last_snapshot'],
    ['lead', 'leader'],
    ['mntr', 'monitor'],
    ['orst', 'observer_connection_stat_reset'],
    ['obsr', 'observers'],
    ['srvr', 'server_stats'],
    ['stat', 'stats'],
    ['srst', 'stat_reset'],
    ['sysp', 'system_properties'],
    ['wchc', 'watches'],
    ['wchp', 'watches_by_path'],
    ['wchs', 'watch_summary'],
  ])('answers %s as %s', async (alias, command) => {
    expect((await rig.json(alias))['command']).toBe(command);
  });

  it.each(['cons', 'dump', 'wchc', 'wchp'])('shows session ids to the last digit in %s', async (command) => {
    const text = await (await rig.get(`/commands/${command}`)).text();
    expect(text).toContain(String(client.sessionId));
    expect(Number.isSafeInteger(Number(client.sessionId))).toBe(false);
  });

  it.each([
    ['stmk', { error: 'setTraceMask requires long traceMask argument', command: 'set_trace_mask' }],
    ['stmk?traceMask=x', { error: 'setTraceMask requires long traceMask argument, got x', command: 'set_trace_mask' }],
    ['stmk?traceMask=5&traceMask=6', { tracemask: 5, command: 'set_trace_mask', error: null }],
    ['gtmk', { tracemask: 5, command: 'get_trace_mask', error: null }],
    ['lead', { error: 'server is not initialized', command: 'leader' }],
    ['zabstate', { voting: false, zabstate: '', command: 'zabstate', error: null }],
    ['nope', { command: 'nope', error: 'Unknown command: nope' }],
    ['%22%3Cb%3E', { command: '"<b>', error: 'Unknown command: "<b>' }],
    ['__proto__', { command: '__proto__', error: 'Unknown command: __proto__' }],
    ['icfg', { initial_configuration: 'tickTime=1\n', command: 'initial_configuration', error: null }],
    ['wchs', { num_connections: 1, num_paths: 1, num_total_watches: 1, command: 'watch_summary', error: null }],
  ])('answers %s', async (command, answer) => {
    expect(await rig.json(command)).toEqual(answer);
  });

  it('tells of the environment what envi tells', async () => {
    const keys = Object.keys(environmentFacts());
    expect(Object.keys(await rig.json('environment'))).toEqual([...keys, 'command', 'error']);
  });

  it('monitors with numbers, averages among them', async () => {
    const text = await (await rig.get('/commands/monitor')).text();
    expect(text).toMatch(/^\{\n {2}"version" : ".*",\n {2}"server_state" : "standalone",\n/);
    expect(text).toMatch(/\n {2}"avg_latency" : \d+\.\d+,\n/);
    expect(text).toMatch(/\n {2}"ephemerals_count" : 1,\n/);
  });

  it('begins its counts anew', async () => {
    expect(await rig.json('connections')).toHaveProperty('connections.0.packets_received', expect.any(Number));
    await rig.json('crst');
    expect(await rig.json('connections')).toHaveProperty('connections.0.packets_received', 0);
    await rig.json('srst');
    expect(await rig.json('srvr')).toHaveProperty('server_stats.packets_received', 0);
  });

  it.each(['connections', 'stats'])('tells whose connections are encrypted in %s', async (command) => {
    const secure = await rig.client('secure');
    await secure.ping();
    const { connections, secure_connections: secureConnections } = await rig.json(command);
    expect([connections, secureConnections]).toEqual([
      [expect.objectContaining({ remote_socket_address: expect.any(String) })],
      [expect.objectContaining({ packets_received: 2 })],
    ]);
    await secure.close();
  });

  it('names the newest snapshot', async () => {
    const newest = await rig.server.snapshotter.take();
    expect(await rig.json('lsnp')).toMatchObject({
      zxid: hex64(newest!.zxid),
      timestamp: Math.floor(newest!.modifiedMs / 1000),
    });
  });
});

describe('servers of an ensemble', () => {
  /** The last one. */
  const OBSERVER = 3;
  let ensemble: TestEnsemble;
  const admins = new Map<string, AdminServer>();

  beforeAll(async () => {
    ensemble = await createTestEnsemble({ servers: 2, observers: 1 });
    for (const id of ensemble.ids) {
      const server = ensemble.server(id);
      const admin = new AdminServer(server, LOCAL);
      await admin.start();
      admins.set(server.ensemble!.role.role, admin);
    }
  });
  afterAll(async () => {
    await Promise.all([...admins.values()].map((admin) => admin.stop()));
    await ensemble.close();
  });

  const json = async (role: string, command: string): Promise<Readonly<Record<string, unknown>>> => {
    const answer = await fetch(`http://127.0.0.1:${admins.get(role)!.address.port}/commands/${command}`);
    return (await answer.json()) as Readonly<Record<string, unknown>>;
  };

  const everyCommand = ['leader', 'follower', 'observer'].flatMap((role) =>
    commandsOf(role).map((command) => [role, command] as const),
  );
  it.each(everyCommand)('a %s answers %s with the keys of Apache’s, in their order', async (role, command) => {
    expect(keyPaths(await json(role, command))).toEqual(RECORDED[role]?.[command]);
  });

  it.each([
    ['leader', { is_leader: true, voting: true, zabstate: 'broadcast' }],
    ['follower', { is_leader: false, voting: true, zabstate: 'broadcast' }],
    ['observer', { is_leader: false, voting: false, zabstate: 'broadcast' }],
  ])('a %s says what it is', async (role, expected) => {
    expect(await json(role, 'zabstate')).toMatchObject(expected);
    expect(await json(role, 'leader')).toMatchObject({
      is_leader: expected.is_leader,
      leader_id: ensemble.leader,
    });
    expect(await json(role, 'srvr')).toHaveProperty('server_stats.server_state', role);
  });

  it('lists voters only, and an observer at its leader', async () => {
    const { current_config: voters } = await json('observer', 'voting_view');
    expect(Object.keys(voters as object)).toHaveLength(2);
    expect(await json('leader', 'observers')).toMatchObject({ synced_observers: 1 });
  });

  it('says of an observer where it comes from and what its connection carried, and counts anew', async () => {
    const writer = await RawClient.connect(ensemble.transport, {
      ...ensemble.server(OBSERVER).clientAddress,
      timeoutMs: 30_000,
    });
    for (let count = 0; count < 10; count++) await writer.create(`/${count}`, '');
    const { observers } = await json('leader', 'observers');
    expect(observers).toEqual([
      {
        remote_socket_address: expect.stringMatching(/^\/127\.0\.0\.1:\d+$/),
        sid: OBSERVER,
        established: expect.any(Number),
        queued_packets: 0,
        queued_packets_size: 0,
        packets_received: expect.any(Number),
        packets_sent: expect.any(Number),
        // Those of the session's beginning and of the writes.
        requests: 11,
        last_zxid: expect.any(Number),
      },
    ]);
    const [{ packets_received: received, packets_sent: sent, last_zxid: zxid }] = observers as [Record<string, number>];
    expect([received! > 11, sent! > 11, zxid! >= 0x10000000b]).toEqual([true, true, true]);
    await json('leader', 'orst');
    expect(await json('leader', 'observers')).toMatchObject({ observers: [{ requests: 0 }] });
    await writer.close();
  });

  it('cannot be restored one by one', async () => {
    const url = `http://127.0.0.1:${admins.get('leader')!.address.port}/commands/restore`;
    const answer = await fetch(url, { method: 'POST', headers: { authorization: 'ip x' }, body: 'x' });
    expect([answer.status, await answer.text()]).toEqual([503, expect.stringContaining('on its own')]);
  });
});
