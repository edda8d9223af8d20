import { type StandardSchema, utf8 } from '@zk/client-api';
import { type TestServer, createTestServer } from '@zk/testing';
import { Configuration, type ConfigurationChange } from '../src/index.js';
import { rigOf } from './memory-rig.js';
import { RigClients, eventually, freshPath } from './suite/rig.js';

const text = (value: string): Uint8Array => utf8.encode(value)!;

interface Settings {
  readonly level: 'debug' | 'info';
  readonly limits?: Readonly<Record<string, number>> | undefined;
  readonly hosts?: readonly string[] | undefined;
  readonly title?: string | undefined;
}

/** What a library for schemas would make: unknown keys are dropped. */
const schema: StandardSchema<Settings> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (input) => {
      const { level, limits, hosts, title } = (input ?? {}) as Partial<Settings>;
      if (level !== 'debug' && level !== 'info') return { issues: [{ message: 'no such level', path: ['level'] }] };
      const isWrong = Object.values(limits ?? {}).some((limit) => typeof limit !== 'number');
      if (isWrong) return { issues: [{ message: 'not a number', path: ['limits'] }] };
      if (title !== undefined && typeof title !== 'string')
        return { issues: [{ message: 'not text', path: ['title'] }] };
      return { value: { level, limits, hosts, title } };
    },
  },
};
const defaults: Settings = { level: 'info' };

let server: TestServer;
beforeAll(async () => (server = await createTestServer()));
afterAll(() => server.close());
const rig = rigOf('a server in memory', () => server);
const clients = new RigClients(rig);
afterEach(() => clients.close());

describe('a configuration in one znode', () => {
  it('follows valid changes, and keeps the last good value through others', async () => {
    const [client, other] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(client, 'config');
    await other.create(path, text('{"level":"info","unknown":1}'), { parents: 'container' });
    await client.sync(path);
    await using config = new Configuration(client, path, { schema });
    expect(() => config.value).toThrow('not known yet');
    await config.start();
    expect(config.value).toEqual({ level: 'info' });
    const problems: string[] = [];
    config.problems$.subscribe(({ error }) => problems.push((error as Error).name));
    const changes: ConfigurationChange<Settings>[] = [];
    config.changes.subscribe((change) => changes.push(change));
    await other.set(path, text('{"level":"loud"}'));
    await other.set(path, text('{'));
    await eventually(() => problems.length >= 1);
    await other.set(path, text('{"level":"info"}'));
    await other.set(path, text('{"level":"debug"}'));
    await eventually(() => changes.length === 1);
    expect(changes[0]).toEqual({ value: { level: 'debug' }, previous: { level: 'info' } });
    await other.delete(path);
    await eventually(() => problems.at(-1) === 'NONODE');
    expect(config.value).toEqual({ level: 'debug' });
    expect(config.status).toBe('current');
  });

  it('starts with defaults, or not at all', async () => {
    const client = await clients.open();
    const path = freshPath(client, 'config');
    await expect(new Configuration(client, path, { schema }).start()).rejects.toMatchObject({ name: 'NONODE' });
    await using config = new Configuration(client, path, { schema, defaults });
    await config.start();
    expect(config.value).toEqual(defaults);
    expect(await config.update((value) => ({ ...value, title: 'x' }))).toEqual({ level: 'info', title: 'x' });
    await eventually(() => config.value.title === 'x');
    await client.set(path, text('[]'));
    await expect(new Configuration(client, path, { schema }).start()).rejects.toMatchObject({ name: 'SchemaError' });
  });
});

describe.each(['json', 'tree'] as const)('updates of a configuration (%s)', (layout) => {
  it('are compared and set: none is lost', async () => {
    const [a, b] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(a, 'config');
    const open = (client: typeof a) => new Configuration<Settings>(client, path, { schema, layout, defaults });
    await using first = open(a);
    await using second = open(b);
    await Promise.all([first.start(), second.start()]);
    const raise = (config: Configuration<Settings>, key: string) =>
      config.update((value) => ({ ...value, limits: { ...value.limits, [key]: (value.limits?.[key] ?? 0) + 1 } }));
    await Promise.all([first, second, first, second].flatMap((config) => [raise(config, 'x'), raise(config, 'y')]));
    await eventually(() => first.value.limits?.x === 4 && first.value.limits.y === 4);
    await eventually(() => second.value.limits?.x === 4 && second.value.limits.y === 4);
    await using fresh = open(a);
    await fresh.start();
    expect(fresh.value.limits).toEqual({ x: 4, y: 4 });
  });

  it('are refused when they are not valid, and nothing is written', async () => {
    const client = await clients.open();
    const path = freshPath(client, 'config');
    await using config = new Configuration<Settings>(client, path, { schema, layout, defaults });
    await config.start();
    await expect(config.update(() => ({ level: 'loud' }) as never)).rejects.toMatchObject({ name: 'SchemaError' });
    expect(await client.exists(path)).toBeNull();
    await expect(config.update((value) => value, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    });
  });
});

describe('a configuration in a tree', () => {
  it('has a znode per key, with JSON or text in the leaves', async () => {
    const client = await clients.open();
    const path = freshPath(client, 'config');
    await using config = new Configuration<Settings>(client, path, { schema, layout: 'tree', defaults });
    await config.start();
    const value: Settings = { level: 'debug', limits: { a: 1 }, hosts: ['h', '7'], title: 'text' };
    await config.update(() => value);
    const leaf = async (name: string): Promise<string> => utf8.decode((await client.get(`${path}/${name}`)).data);
    expect(await Promise.all(['level', 'limits/a', 'hosts', 'title'].map(leaf))).toEqual([
      'debug',
      '1',
      '["h","7"]',
      'text',
    ]);
    await eventually(() => config.value.title === 'text');
    expect(config.value).toEqual(value);
    // Text that looks like something else comes back as text.
    await config.update((before) => ({ ...before, title: '12', limits: {} }));
    expect(await leaf('title')).toBe('"12"');
    expect(await client.exists(`${path}/limits/a`)).toBeNull();
    await eventually(() => config.value.title === '12');
    expect(config.value.limits).toEqual({});
    await config.update(({ level }) => ({ level }));
    expect((await client.getChildren(path)).children).toEqual(['level']);
  });

  it('follows what others write, and never shows an invalid whole', async () => {
    const [client, other] = await Promise.all([clients.open(), clients.open()]);
    const path = freshPath(client, 'config');
    await other.create(`${path}/level`, text('info'), { parents: 'persistent' });
    await client.sync(path);
    await using config = new Configuration<Settings>(client, path, { schema, layout: 'tree' });
    await config.start();
    const problems: unknown[] = [];
    config.problems$.subscribe((problem) => problems.push(problem));
    await other.create(`${path}/limits`, null);
    await other.create(`${path}/limits/x`, text('7'));
    await eventually(() => config.value.limits?.x === 7);
    problems.length = 0;
    await other.set(`${path}/limits/x`, text('seven'));
    await eventually(() => problems.length === 1);
    expect(config.value).toEqual({ level: 'info', limits: { x: 7 } });
    await rig.faults!.expireSession(client);
    await other.set(`${path}/limits/x`, text('8'));
    await eventually(() => config.value.limits?.x === 8);
  });
});
