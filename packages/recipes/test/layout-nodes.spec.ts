import { type ZkClient, utf8 } from '@zk/client-api';
import { type TestServer, createTestServer } from '@zk/testing';
import {
  ChildrenCache,
  GroupMembership,
  NodeCache,
  PersistentNode,
  PersistentTtlNode,
  ServiceDiscovery,
  TreeCache,
  compressed,
  javaPayload,
  namespace,
  serviceInstanceCodec,
} from '../src/index.js';
import { presentLines, recordedLines, recordedStep } from './layouts.js';
import { connectTo } from './memory-rig.js';
import { eventually } from './suite/rig.js';

// What our recipes leave in the tree and tell, beside what Curator and kazoo left and told on Apache ZooKeeper 3.8
// (fixtures). Unique parts of names are replaced; the text where Curator writes its own address is given to ours.

const ADDRESS = utf8.encode('10.1.2.3')!;
const text = (value: string): Uint8Array => utf8.encode(value)!;

let server: TestServer;
let one: ZkClient;
let two: ZkClient;

beforeEach(async () => {
  server = await createTestServer({ server: { extendedTypesEnabled: true } });
  [one, two] = await Promise.all([connectTo(server), connectTo(server)]);
});

afterEach(async () => {
  await Promise.all([one, two].map((client) => client.close()));
  await server.close();
});

function line(node: string, kind: string, data: string | null): string {
  const name = node
    .replace(/_c_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}-/, '<guid>')
    .replace(/\/[0-9a-f]{32}(?=$|_|-)/, '/<hex>')
    .replace(/\d{10}$/, '<number>');
  // The byte of gzip that names the operating system, which depends on the version of Java.
  const anySystem = data?.replace(/^(1f8b080000000000)00(ff|00)/, '$1');
  // No data and no bytes are one and the same to every reader.
  return `${name} ${kind} ${anySystem ?? ''}`;
}

const recorded = (file: string, step: string): string[] => recordedLines(line, file, step);
const present = (...roots: readonly string[]): Promise<string[]> => presentLines(line, server, one, roots);

describe("the nodes of Curator's recipes", () => {
  it('persistent nodes, and one that was deleted by somebody', async () => {
    const open = (name: string, options: object): PersistentNode =>
      new PersistentNode(one, `/v/pn/${name}`, text('d'), options).start();
    const nodes = [
      open('eph', { mode: 'ephemeral' }),
      open('protseq-', { mode: 'ephemeralSequential', protection: true }),
      open('prot', { mode: 'persistent', protection: true }),
    ];
    await Promise.all(nodes.map((node) => node.waitForInitialCreate()));
    expect(await present('/v/pn')).toEqual(recorded('curator-main/nodes', 'PersistentNode ephemeral'));
    const { czxid } = (await one.exists(nodes[1]!.path!))!;
    await two.delete(nodes[1]!.path!);
    await eventually(async () => ((await one.exists(nodes[1]!.path!))?.czxid ?? czxid) > czxid);
    expect(await present('/v/pn')).toEqual(recorded('curator-main/nodes', 'after somebody deleted'));
  });

  it.each([
    ['curator-main', 'ttl'],
    ['curator-5.4.0', 'container'],
  ] as const)('a TTL node as %s makes it', async (version, layout) => {
    const options = { ttl: 4000, touchFactor: 0.01, touchData: ADDRESS, layout };
    await using node = new PersistentTtlNode(one, '/v/ttl/node', text('ttl-data'), options).start();
    await node.waitForInitialCreate();
    await eventually(async () => (await one.exists('/v/ttl/node/touch')) !== null);
    expect(await present('/v/ttl')).toEqual(recorded(`${version}/nodes`, 'PersistentTtlNode after first touch'));
  });

  it('members of a group', async () => {
    await new GroupMembership(one, '/v/group', { id: 'm-1', data: ADDRESS }).join();
    await new GroupMembership(two, '/v/group', { id: 'm-2', data: text('payload') }).join();
    expect(await present('/v/group')).toEqual(recorded('curator-main/nodes', 'GroupMember m-1'));
  });

  it.each(['curator-5.4.0', 'curator-main'])('services (%s)', async (version) => {
    const file = `${version}/discovery`;
    for (const { step, options } of [
      { step: 'default serializer', options: {} },
      { step: 'serializer with compatible mode off', options: { payload: javaPayload('H$Pay'), withEnabled: true } },
    ]) {
      const nodes = recordedStep(file, step).nodes!;
      const base = nodes[0]!.path;
      const codec = serviceInstanceCodec<object>(options);
      const discovery = new ServiceDiscovery<object>(one, base, options);
      for (const { data } of nodes.filter((node) => node.data !== null && node.data !== '')) {
        await discovery.register(codec.decode(Buffer.from(data!, 'hex')));
      }
      expect(await present(base)).toEqual(recorded(file, step));
    }
  });

  it('compressed data', async () => {
    const view = compressed(one);
    await view.create('/v/gzip/default', ADDRESS, { parents: 'persistent' });
    await view.create('/v/gzip/empty', new Uint8Array());
    await view.create('/v/gzip/hello', text('hello hello hello'));
    const anyParent = (lines: string[]): string[] => lines.filter((node) => !node.startsWith('/v/gzip '));
    expect(anyParent(await present('/v/gzip'))).toEqual(anyParent(recorded('curator-main/framework', 'compressed')));
  });

  it('a namespace', async () => {
    await namespace(one, 'app/ns').create('/p/q', ADDRESS, { parents: 'persistent' });
    const kinds = (lines: string[]): string[] => lines.map((node) => node.split(' ').slice(0, 2).join(' '));
    expect(kinds(await present('/app'))).toEqual(kinds(recorded('curator-main/framework', 'namespace app/ns')));
  });
});

describe("the nodes of kazoo's recipes", () => {
  it.each([
    ['party', 'Party with identifier', ['p1', '']],
    ['shallowParty', 'ShallowParty', ['p1', '', 'a-b']],
  ] as const)('members of a %s', async (dialect, step, ids) => {
    const base = dialect === 'party' ? '/k/party' : '/k/shallow';
    for (const id of ids) await new GroupMembership(one, base, { id, dialect }).join();
    const shape = (lines: string[]): string[] => lines.filter((node) => !node.startsWith(`${base} `)).sort();
    expect(shape(await present(base))).toEqual(shape(recorded('kazoo/kazoo-party', step)));
    await using group = new GroupMembership(two, base, { dialect });
    await group.start();
    expect([...group.members().keys()]).toEqual([...ids].sort());
  });
});

describe("what Curator's caches tell", () => {
  it.each(['curator-5.4.0', 'curator-main'])('ours tell as well, in that order (%s)', async (version) => {
    const root = '/v/cache';
    const events = (step: string): string[] => [...recordedStep(`${version}/cache`, step).events!];
    for (const [name, value] of Object.entries({ '': '0', '/a': '1', '/b': '1', '/a/x': '1' })) {
      await one.create(root + name, text(value), { parents: 'persistent' });
    }
    await two.sync(root);
    const caches = [
      new TreeCache(two, root),
      new ChildrenCache(two, root, { codec: utf8 }),
      new NodeCache(two, `${root}/a`, { codec: utf8 }),
    ] as const;
    const told: [string[], string[], string[]] = [[], [], []];
    const [tree, children, node] = caches;
    tree.events.subscribe((event) => {
      if (event.type === 'initialized') return told[0].push('initialized');
      const before = 'previous' in event ? event.previous.stat.version : 'null';
      const after = 'node' in event ? event.node.stat.version : 'null';
      return told[0].push(`NODE_${event.type.toUpperCase()} ${event.path} old=${before} new=${after}`);
    });
    const kinds = { created: 'ADDED', changed: 'UPDATED', deleted: 'REMOVED' } as const;
    children.events.subscribe((event) => {
      if (event.type === 'initialized') return told[1].push('INITIALIZED -');
      const { data } = event.type === 'deleted' ? event.previous : event.node;
      return told[1].push(`CHILD_${kinds[event.type]} ${event.path}=${data}`);
    });
    node.changes.subscribe(({ current }) => told[2].push(`nodeChanged ${current?.data ?? null}`));
    await Promise.all(caches.map((cache) => cache.start()));
    const settle = async (): Promise<void> => {
      await two.sync(root);
      await eventually(() => caches.every(({ status }) => status === 'current'));
    };
    const steps: (() => Promise<unknown>)[] = [
      () => one.set(`${root}/a`, text('2')),
      () => one.set(`${root}/a`, text('2')),
      () => one.create(`${root}/c`, text('1')),
      () => one.create(`${root}/a/y`, text('1')),
      () => one.delete(`${root}/a/x`),
      () => one.delete(`${root}/a`, { recursive: true }),
      () => one.delete(`${root}/b`),
      () => one.delete(`${root}/c`),
      () => one.delete(root),
    ];
    for (const step of steps) {
      await step();
      await settle();
    }
    // The root that one of Curator's own caches created again is not there.
    expect(told[0]).toEqual(events('CuratorCache').slice(0, -1));
    expect(told[1]).toEqual(events('PathChildrenCache POST'));
    expect(told[2]).toEqual(events('NodeCache'));
    await Promise.all(caches.map((cache) => cache.close()));
  });
});
