/**
 * Load generator of the bench, in Node; load.c is its twin for machines with a C compiler, with the same modes, options
 * and output. It runs as a process of its own. Nothing is encoded while the clock runs: a request is a copy of a template
 * in which the xid and the digits of the key are replaced; a reply is read by frame length and header only. The xid must
 * be the next one expected and a getData must have the right length, so a server cannot win by answering something else.
 *
 * Modes:
 *   bench    --connections C, each with --outstanding W requests of --mix, for --seconds after --warmup
 *   fill     creates --nodes znodes below --parent
 *   fanout   C watchers of one znode; one change; the time until all were told, --rounds times
 *   idle     opens C sessions and holds them
 *   watches  sets --watches data watches from C connections
 *   probe    one read every --interval ms until SIGTERM or --seconds; with the latency of each, in turn
 */
import { setTimeout as delay } from 'node:timers/promises';
import { cpuSeconds, residentBytes } from '../lib/processes.js';
import { number, parseOptions, text } from '../lib/options.js';
import { LatencyHistogram } from '../lib/statistics.js';
import { alphabet, digitsOf, makeTemplates, patch, type RequestTemplate } from './load-templates.js';
import { openConnections, type LoadConnection } from './load-connection.js';

const mode = process.argv[2] ?? '';
const options = parseOptions(
  'load',
  'Load generator of the bench.',
  {
    port: text('', 'list', 'port on 127.0.0.1; of several, comma-separated, connections take turns'),
    connections: number(16, 'n', 'connections'),
    outstanding: number(32, 'n', 'requests in flight per connection'),
    size: number(100, 'bytes', 'data of a znode'),
    nodes: number(1000, 'n', 'znodes below the parent'),
    rounds: number(20, 'n', 'rounds of fanout'),
    watches: number(200_000, 'n', 'watches in all'),
    pid: text('', 'list', 'server processes to sample, comma-separated'),
    seconds: number(5, 's', 'measured time'),
    warmup: number(1, 's', 'time before measuring'),
    hold: number(3, 's', 'time before memory is read'),
    interval: number(5, 'ms', 'time between two probes'),
    parent: text('/bench/n', 'path', 'parent of the znodes'),
    mix: text('get=100', 'list', 'get, set, exists, multi, create-delete with weights'),
  },
  process.argv.slice(3),
);

const templates = makeTemplates(options.parent, alphabet(options.size));
const keys = digitsOf(options.nodes);
const histogram = new LatencyHistogram();
let replies = 0;
let errors = 0;
let notifications = 0;
let isMeasuring = false;
let onReply: ((connection: LoadConnection) => void) | undefined;
let onLatency: ((us: number) => void) | undefined;
let wake: (() => void) | undefined;
let goalOf: (() => boolean) | undefined;

function observe(connection: LoadConnection): void {
  connection.onReply = (us, isRight): void => {
    replies++;
    if (!isRight) errors++;
    if (isMeasuring) histogram.record(us);
    if (onLatency !== undefined) onLatency(us);
    if (onReply !== undefined) onReply(connection);
  };
  connection.onNotification = (): void => {
    notifications++;
  };
  connection.onTurn = (): void => {
    if (goalOf !== undefined && goalOf()) {
      goalOf = undefined;
      wake?.();
    }
  };
}

function until(goal: () => boolean, limitSeconds: number, what: string): Promise<void> {
  if (goal()) return Promise.resolve();
  return new Promise((resolve) => {
    const overdue = setTimeout(() => fail(what), limitSeconds * 1000);
    wake = () => {
      clearTimeout(overdue);
      resolve();
    };
    goalOf = goal;
  });
}

function fail(what: string): never {
  process.stderr.write(`load: ${what}\n`);
  process.exit(1);
}

function numbersOf(list: string): number[] {
  return list === '' ? [] : list.split(',').map(Number);
}

function print(result: object): void {
  process.stdout.write(`${JSON.stringify({ mode, ...result })}\n`);
}

const ports = numbersOf(options.port);
const pids = numbersOf(options.pid);
const serverCpu = (): number => pids.reduce((total, pid) => total + cpuSeconds(pid), 0);
const serverResident = (): number => pids.reduce((total, pid) => total + residentBytes(pid), 0);
const ownCpu = (): number => {
  const usage = process.cpuUsage();
  return (usage.user + usage.system) / 1e6;
};

async function connectAll(count: number, window: number): Promise<LoadConnection[]> {
  const connections = await openConnections(ports, count, window, fail);
  for (const connection of connections) observe(connection);
  return connections;
}

let randomState = 2463534242 ^ process.pid;
function randomBelow(bound: number): number {
  randomState ^= randomState << 13;
  randomState ^= randomState >>> 17;
  randomState ^= randomState << 5;
  return Math.floor(((randomState >>> 0) / 4294967296) * bound);
}

const sendKeyed = (connection: LoadConnection, request: RequestTemplate, key: number): void =>
  connection.send(request, keys, key * patch.keyDigits, patch.keyDigits);

interface Throughput {
  readonly start: number;
  readonly serverCpu: number;
  readonly ownCpu: number;
}
const startClock = (): Throughput => ({ start: performance.now(), serverCpu: serverCpu(), ownCpu: ownCpu() });

function printThroughput(from: Throughput, operations: number, more: object = {}): void {
  const seconds = (performance.now() - from.start) / 1000;
  print({
    seconds,
    operations,
    operationsPerSecond: operations / seconds,
    errors,
    p50Us: histogram.quantileUs(0.5),
    p95Us: histogram.quantileUs(0.95),
    p99Us: histogram.quantileUs(0.99),
    maxUs: histogram.maxUs,
    serverCpuSeconds: serverCpu() - from.serverCpu,
    clientCpuSeconds: ownCpu() - from.ownCpu,
    ...more,
  });
}

/** One sender per weighted operation of --mix; create and delete alternate on a znode of the connection's own. */
function makeSender(): (connection: LoadConnection) => void {
  const privateKey = Buffer.alloc(patch.privateDigits, 48);
  const base = (process.pid * 10_000) % 1_000_000_000;
  const senders: { weight: number; send: (connection: LoadConnection) => void }[] = [];
  for (const word of options.mix.split(',')) {
    const [name = '', weight = '1'] = word.split('=');
    if (name === 'create-delete') {
      const send = (connection: LoadConnection): void => {
        const isCreate = connection.created === connection.deleted;
        const counter = base + (isCreate ? connection.created++ : connection.deleted++);
        patch.writePrivate(privateKey, connection.index, counter);
        connection.send(isCreate ? templates.create : templates.delete, privateKey, 0, patch.privateDigits);
      };
      senders.push({ weight: Number(weight), send });
    } else if (name === 'get' || name === 'set' || name === 'exists' || name === 'multi') {
      const request = templates[name];
      senders.push({
        weight: Number(weight),
        send: (connection) => sendKeyed(connection, request, randomBelow(options.nodes)),
      });
    } else fail(`unknown operation "${name}" in --mix`);
  }
  const first = senders[0] ?? fail('--mix is empty');
  if (senders.length === 1) return first.send;
  const total = senders.reduce((sum, sender) => sum + sender.weight, 0);
  return (connection) => {
    let r = randomBelow(total);
    for (const sender of senders) {
      if (r < sender.weight) return sender.send(connection);
      r -= sender.weight;
    }
    return first.send(connection);
  };
}

async function bench(): Promise<void> {
  const sendNext = makeSender();
  const connections = await connectAll(options.connections, options.outstanding);
  onReply = sendNext;
  for (const connection of connections) {
    connection.stamp();
    for (let i = 0; i < options.outstanding; i++) sendNext(connection);
    connection.flush();
  }
  await delay(options.warmup * 1000);
  const before = replies;
  errors = 0;
  isMeasuring = true;
  const from = startClock();
  await delay(options.seconds * 1000);
  printThroughput(from, replies - before);
}

async function fill(): Promise<void> {
  const connections = await connectAll(options.connections, options.outstanding + 16);
  const [first] = connections;
  if (first === undefined) return;
  const parents = ['/bench', '/bench/t'];
  for (let at = options.parent.indexOf('/', 1); at > 0; at = options.parent.indexOf('/', at + 1))
    parents.push(options.parent.slice(0, at));
  parents.push(options.parent);
  const parentsDone = replies + parents.length;
  first.stamp();
  for (const path of parents) first.send(templates.plainCreate(path), keys, 0, 0);
  first.flush();
  await until(() => replies >= parentsDone, 60, 'no reply to the creation of the parents');
  errors = 0;

  let next = 0;
  const sendNext = (connection: LoadConnection): void => {
    if (next < options.nodes) sendKeyed(connection, templates.fill, next++);
  };
  const goal = replies + options.nodes;
  isMeasuring = true;
  onReply = sendNext;
  const from = startClock();
  for (const connection of connections) {
    connection.stamp();
    for (let i = 0; i < options.outstanding; i++) sendNext(connection);
    connection.flush();
  }
  await until(() => replies >= goal, 1200, 'filling took longer than 20 minutes');
  printThroughput(from, options.nodes);
  onReply = undefined;
  const closed = replies + connections.length;
  for (const connection of connections) {
    connection.send(templates.close, keys, 0, 0);
    connection.flush();
  }
  await until(() => replies >= closed, 30, 'no reply to closeSession');
}

async function fanout(): Promise<void> {
  const connections = await connectAll(options.connections, 8);
  const samples = new LatencyHistogram();
  let sum = 0;
  for (let round = 0; round < options.rounds; round++) {
    const goal = replies + connections.length;
    for (const connection of connections) {
      connection.stamp();
      sendKeyed(connection, templates.watch, 0);
      connection.flush();
    }
    await until(() => replies >= goal, 120, 'not all watches could be set');
    notifications = 0;
    const writer = connections[round % connections.length] ?? fail('no connection');
    const start = performance.now();
    writer.stamp();
    sendKeyed(writer, templates.set, 0);
    writer.flush();
    await until(() => notifications >= connections.length, 120, 'some watches never fired');
    const ms = performance.now() - start;
    samples.record(ms * 1000);
    sum += ms;
    await until(() => replies >= goal + 1, 30, 'no reply to setData');
  }
  print({
    watchers: connections.length,
    rounds: options.rounds,
    meanMs: sum / options.rounds,
    p50Ms: samples.quantileUs(0.5) / 1000,
    maxMs: samples.maxUs / 1000,
    errors,
  });
}

async function idle(): Promise<void> {
  const residentBytesBefore = serverResident();
  const from = startClock();
  await connectAll(options.connections, 2);
  const seconds = (performance.now() - from.start) / 1000;
  const serverCpuSeconds = serverCpu() - from.serverCpu;
  await delay(options.hold * 1000);
  print({
    sessions: options.connections,
    seconds,
    sessionsPerSecond: options.connections / seconds,
    serverCpuSeconds,
    residentBytesBefore,
    residentBytesAfter: serverResident(),
  });
}

async function watches(): Promise<void> {
  const connections = await connectAll(options.connections, 64);
  const each = Math.floor(options.watches / options.connections);
  if (each > options.nodes) fail('--watches / --connections exceeds --nodes');
  // The same reads without watches first: what buffers cost is not what watches cost.
  const warm = replies + 32 * connections.length;
  for (const connection of connections) {
    for (let i = 0; i < 32; i++) sendKeyed(connection, templates.get, 0);
    connection.flush();
  }
  await until(() => replies >= warm, 60, 'no reply to reads');
  await delay(1000);
  const residentBytesBefore = serverResident();
  const next = new Int32Array(connections.length);
  const sendNext = (connection: LoadConnection): void => {
    const key = next[connection.index] ?? each;
    next[connection.index] = key + 1;
    if (key < each) sendKeyed(connection, templates.watch, key);
  };
  const goal = replies + each * connections.length;
  onReply = sendNext;
  const start = performance.now();
  for (const connection of connections) {
    for (let i = 0; i < 32; i++) sendNext(connection);
    connection.flush();
  }
  await until(() => replies >= goal, 300, 'not all watches could be set');
  const seconds = (performance.now() - start) / 1000;
  await delay(options.hold * 1000);
  print({
    watches: each * connections.length,
    seconds,
    errors,
    residentBytesBefore,
    residentBytesAfter: serverResident(),
  });
}

/** One read every interval, also while earlier ones still wait, so that a stall is seen in its full length. */
async function probe(): Promise<void> {
  let isAskedToStop = false;
  process.on('SIGTERM', () => (isAskedToStop = true));
  const [connection] = await connectAll(1, 1 << 16);
  if (connection === undefined) return;
  process.stdout.write('ready\n');
  const latenciesUs: number[] = [];
  onLatency = (us) => latenciesUs.push(Number(us.toFixed(1)));
  isMeasuring = true;
  let sent = 0;
  const from = startClock();
  const end = from.start + options.seconds * 1000;
  for (let due = from.start; !isAskedToStop && due < end; due += options.interval) {
    const left = due - performance.now();
    if (left > 0) await delay(left);
    connection.stamp();
    sendKeyed(connection, templates.get, randomBelow(options.nodes));
    connection.flush();
    sent++;
  }
  await until(() => replies >= sent, 120, 'a read was never answered');
  printThroughput(from, replies, { latenciesUs });
}

const modes: Record<string, () => Promise<void>> = { bench, fill, fanout, idle, watches, probe };
const run = modes[mode] ?? fail(`unknown mode "${mode}"`);
await run();
process.exit(0);
