/** One round of one client: worker.ts CLIENT HOST:PORT get|set CALLS IN_FLIGHT, or … cache ZNODES CHANGES. */
import { createRequire } from 'node:module';
import { delimiter } from 'node:path';
import { connect } from '@zk/client';
import { TreeCache } from '@zk/recipes';

const [client, address, task, first, second] = process.argv.slice(2) as [string, string, string, string, string];
const PATH = '/bench-client';
const data = Buffer.alloc(100, 'x');

/** A call that tells when it is over. */
type Call = (done: (error?: unknown) => void) => void;

interface Driver {
  readonly get: Call;
  readonly set: Call;
  close(): void;
}

const drivers: Record<string, () => Promise<Driver>> = {
  '@zk/client': async () => {
    const zk = await connect(address);
    await zk.create(PATH, data, { ifExists: 'keep' });
    return {
      get: (done) => void zk.get(PATH).then(() => done(), done),
      set: (done) => void zk.set(PATH, data).then(() => done(), done),
      close: () => void zk.close(),
    };
  },
  'node-zookeeper-client': async () => {
    const zookeeper = load('node-zookeeper-client') as NodeZookeeperClient;
    const zk = zookeeper.createClient(address);
    await new Promise<void>((resolve) => {
      zk.once('connected', resolve);
      zk.connect();
    });
    await new Promise<void>((resolve) => zk.create(PATH, data, () => resolve()));
    return {
      get: (done) => zk.getData(PATH, done),
      set: (done) => zk.setData(PATH, data, done),
      close: () => zk.close(),
    };
  },
  'zookeeper (native)': async () => {
    const ZooKeeper = load('zookeeper') as NativeZooKeeper;
    const zk = new ZooKeeper({ connect: address, timeout: 30_000, debug_level: 1, host_order_deterministic: false });
    await new Promise<void>((resolve) => {
      zk.once('connect', () => resolve());
      zk.init({});
    });
    await zk.create(PATH, data, 0).catch(() => undefined);
    return {
      get: (done) => void zk.get(PATH, false).then(() => done(), done),
      set: (done) => void zk.set(PATH, data, -1).then(() => done(), done),
      close: () => zk.close(),
    };
  },
};

interface NodeZookeeperClient {
  createClient(address: string): {
    once(event: string, listener: () => void): void;
    connect(): void;
    create(path: string, data: Buffer, done: (error?: unknown) => void): void;
    getData(path: string, done: (error?: unknown) => void): void;
    setData(path: string, data: Buffer, done: (error?: unknown) => void): void;
    close(): void;
  };
}

type NativeZooKeeper = new (options: object) => {
  once(event: string, listener: () => void): void;
  init(options: object): void;
  create(path: string, data: Buffer, flags: number): Promise<string>;
  get(path: string, watch: boolean): Promise<unknown>;
  set(path: string, data: Buffer, version: number): Promise<unknown>;
  close(): void;
};

console.log(JSON.stringify(task === 'cache' ? await fillCache() : await measure()));
process.exit(0);

async function measure(): Promise<object> {
  const driver = await drivers[client]!();
  const call = task === 'get' ? driver.get : driver.set;
  const inFlight = Number(second);
  await calls(call, Math.min(20_000, Number(first)), inFlight);
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  await calls(call, Number(first), inFlight);
  const elapsedMs = performance.now() - startMs;
  const { user, system } = process.cpuUsage(cpu);
  driver.close();
  return {
    operationsPerSecond: (Number(first) / elapsedMs) * 1000,
    cpuMicros: (user + system) / Number(first),
  };
}

function calls(call: Call, count: number, inFlight: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let started = 0;
    let finished = 0;
    const done = (error?: unknown): void => {
      if (error !== undefined && error !== null)
        return reject(error instanceof Error ? error : new Error(String(error)));
      if (++finished === count) resolve();
      else if (started < count) begin();
    };
    const begin = (): void => {
      started++;
      call(done);
    };
    for (let i = 0; i < Math.min(inFlight, count); i++) begin();
  });
}

/** Fills a tree cache, changes many of its znodes from another client, and waits until it has seen all. */
async function fillCache(): Promise<object> {
  const znodes = Number(first);
  const changes = Number(second);
  const root = '/bench-cache';
  const writer = await connect(address);
  await writer.delete(root, { recursive: true, ifMissing: 'ignore' });
  await writer.create(root);
  const parents = Math.ceil(znodes / 1000);
  await inParallel(parents, 100, (i) => writer.create(`${root}/${i}`));
  await inParallel(znodes - parents, 1000, (i) => writer.create(`${root}/${i % parents}/n${i}`, data));
  const reader = await connect(address);
  let startMs = performance.now();
  const cache = new TreeCache(reader, root);
  await cache.start();
  const fillMs = performance.now() - startMs;
  const text = (i: number): string => `change ${i}`;
  startMs = performance.now();
  await inParallel(changes, 1000, (i) => writer.set(pathOf(i), Buffer.from(text(i))));
  const burstMs = performance.now() - startMs;
  startMs = performance.now();
  const isCurrent = (i: number): boolean => Buffer.from(cache.get(pathOf(i))?.data ?? []).toString() === text(i);
  for (let i = 0; i < changes; i++) while (!isCurrent(i)) await new Promise((resolve) => setImmediate(resolve));
  const lagMs = performance.now() - startMs;
  await cache.close();
  await Promise.all([reader.close(), writer.close()]);
  return { znodes, changes, fillMs, burstMs, lagMs };

  function pathOf(i: number): string {
    return `${root}/${i % parents}/n${i}`;
  }
}

async function inParallel(count: number, width: number, task: (i: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) await task(next++);
  };
  await Promise.all(Array.from({ length: width }, lane));
}

/** A package of the folders in NODE_PATH, which ES modules do not look at. */
function load(name: string): unknown {
  const folders = (process.env['NODE_PATH'] ?? '').split(delimiter);
  return createRequire(`${folders[0]!}/`)(name);
}
