import { utf8Bytes } from '@zk/jute';
import type { MultiOp } from '@zk/jute';
import { AddWatchMode, CreateMode, OPEN_ACL_UNSAFE } from '@zk/model';
import type { SeededRandom } from '@zk/simulation';
import type { Call } from './calls.js';
import { createsOfPair, mixed, setsOfPair } from './multis.js';
import { REGISTER, createRegister, readRegister } from './register.js';
import type { SessionClient } from './session-client.js';
import {
  AGEING,
  CONTAINED,
  CONFIG_PATH,
  CONTAINER,
  EPHEMERALS,
  PARENTS,
  QUEUE,
  REGISTERS,
  VERSIONS,
  WATCHABLE,
  WATCHED_ALWAYS,
  WATCHED_WHOLE,
} from './znodes.js';

/** What a client does next. */
type Action = (worker: Worker) => void;

const MAX_TTL_MS = 1000;
const WATCH_CHANCE = 0.4;
const MAX_PENDING = 12;
const MAX_BURST = 5;
const MAX_THINK_MS = 60;
/** For how long somebody does not read, and what is asked for meanwhile. */
const MAX_UNREAD_MS = 2500;
const MAX_UNREAD = 60;
/** What a reader asks for instead of reads. */
const READER_WRITES = 0.05;
/** After how many milliseconds in which it was not connected a client in a hurry gives that up. */
const MAX_HURRY_MS = 40;
/** Some values are so large that a snapshot takes its time. */
const LARGE_CHANCE = 0.08;
const LARGE_BYTES = 5000;
/** One client at work: what it asks for, and when it goes away. */
export class Worker {
  private values = 0;
  private isWorking = false;

  constructor(
    readonly client: SessionClient,
    readonly random: SeededRandom,
    private readonly later: (delayMs: number, callback: () => void) => void,
    /** Hardly ever writes, so that its reads wait for nothing. */
    private readonly isReader: boolean,
    /** Of the newest version of {@link REGISTER}. */
    private readonly registerVersion: () => number,
  ) {}

  start(): void {
    this.isWorking = true;
    this.next();
  }

  rest(): void {
    this.isWorking = false;
  }

  call(call: Call): void {
    this.client.call(call);
  }

  /** A value that nobody has written before. */
  value(): Uint8Array {
    const isLarge = this.random.chance(LARGE_CHANCE);
    return utf8Bytes(`${this.client.options.name}:${++this.values}${isLarge ? '.'.repeat(LARGE_BYTES) : ''}`);
  }

  /** Goes to another server, perhaps, while what it has asked for is on its way, and asks for more as soon as it can. */
  move(): void {
    this.client.leave(this.random.duration(0.5, 5));
    this.hurry(MAX_HURRY_MS);
  }

  /** Does not read for a while, asks for much meanwhile, and goes on where it stopped. */
  stopReading(): void {
    const { client, random } = this;
    client.pauseReading();
    this.later(random.duration(10, MAX_UNREAD_MS), () => client.resumeReading());
    const reads = random.between(1, MAX_UNREAD);
    for (let i = 0; i < reads; i++)
      client.call({ name: 'getData', request: { path: random.pick(REGISTERS), watch: false } });
  }

  writeRegister(): void {
    const version = this.random.chance(0.5) ? -1 : this.registerVersion();
    this.call({ name: 'setData', request: { path: REGISTER, data: this.value(), version } });
  }

  private hurry(patienceMs: number): void {
    if (this.client.isConnected) this.work();
    else if (patienceMs > 0 && this.isWorking) this.later(1, () => this.hurry(patienceMs - 1));
  }

  private next(): void {
    this.later(this.random.duration(0.5, MAX_THINK_MS), () => {
      if (!this.isWorking) return;
      this.work();
      this.next();
    });
  }

  private work(): void {
    const { client, random } = this;
    if (!client.isConnected || client.pending.length > MAX_PENDING) return;
    const burst = random.between(1, MAX_BURST);
    for (let i = 0; i < burst && client.isConnected; i++) this.choose()(this);
  }

  private choose(): Action {
    const { random, isReader } = this;
    return isReader && !random.chance(READER_WRITES) ? chosen(READER_ACTIONS, random) : chosen(ACTIONS, random);
  }
}

function creates(paths: readonly string[], flags: number): Action {
  return (worker) => {
    const path = worker.random.pick(paths);
    worker.call({ name: 'create', request: { path, data: worker.value(), acl: OPEN_ACL_UNSAFE, flags } });
  };
}

function deletes(paths: readonly string[]): Action {
  return ({ random, client }) =>
    client.call({ name: 'delete', request: { path: random.pick(paths), version: random.pick(VERSIONS) } });
}

const createsContainer: Action = (worker) => {
  const request = { path: CONTAINER, data: worker.value(), acl: OPEN_ACL_UNSAFE, flags: CreateMode.container };
  worker.call({ name: 'createContainer', request });
};

const createsAgeing: Action = (worker) => {
  const { random } = worker;
  const what = { path: random.pick(AGEING), data: worker.value(), acl: OPEN_ACL_UNSAFE };
  const ttl = BigInt(random.between(1, MAX_TTL_MS));
  worker.call({ name: 'createTTL', request: { ...what, flags: CreateMode.persistentWithTtl, ttl } });
};

const watchesAlways: Action = ({ random, client }) => {
  const isRecursive = random.chance(0.5);
  const mode = isRecursive ? AddWatchMode.persistentRecursive : AddWatchMode.persistent;
  client.call({ name: 'addWatch', request: { path: random.pick(isRecursive ? WATCHED_WHOLE : WATCHED_ALWAYS), mode } });
};

const setsData: Action = (worker) => {
  const path = worker.random.pick(worker.random.chance(0.9) ? REGISTERS : AGEING);
  const version = worker.random.pick(VERSIONS);
  worker.call({ name: 'setData', request: { path, data: worker.value(), version } });
};

const reads: Action = ({ random, client }) => {
  const watch = random.chance(WATCH_CHANCE);
  const name = random.pick(['getData', 'getData', 'exists', 'getChildren'] as const);
  client.call({ name, request: { path: random.pick(name === 'getChildren' ? PARENTS : WATCHABLE), watch } });
};

const readsFresh: Action = ({ random, client }) => {
  client.call({ name: 'sync', request: { path: '/' } });
  client.call({ name: 'getData', request: { path: random.pick(REGISTERS), watch: false } });
};

const readsOwnWrite: Action = (worker) => {
  setsData(worker);
  reads(worker);
};

function multis(draft: (author: Worker) => MultiOp[]): Action {
  return (worker) => worker.call({ name: 'multi', request: { ops: draft(worker) } });
}

const closesSession: Action = ({ client }) => client.call({ name: 'closeSession', request: undefined });

const { persistent, persistentSequential, ephemeral, ephemeralSequential } = CreateMode;

type Weighted = readonly (readonly [weight: number, action: Action])[];

const readsRegister: Action = ({ client }) => {
  client.call(createRegister);
  client.call(readRegister);
};

const readsConfig: Action = ({ random, client }) =>
  client.call({ name: 'getData', request: { path: CONFIG_PATH, watch: random.chance(WATCH_CHANCE) } });

const moves: Action = (worker) => worker.move();

const stopsReading: Action = (worker) => worker.stopReading();

const ACTIONS: Weighted = [
  [20, setsData],
  [24, reads],
  [12, readsOwnWrite],
  [8, readsFresh],
  [8, creates(REGISTERS, persistent)],
  [3, deletes(REGISTERS)],
  [6, creates(EPHEMERALS, ephemeral)],
  [2, deletes(EPHEMERALS)],
  [4, creates([`${QUEUE}/n-`], persistentSequential)],
  [4, creates([`${QUEUE}/e-`], ephemeralSequential)],
  [2, creates([QUEUE], persistent)],
  [2, createsContainer],
  [3, creates(CONTAINED, persistent)],
  [6, deletes(CONTAINED)],
  [3, createsAgeing],
  [0.5, watchesAlways],
  [6, multis(setsOfPair)],
  [2, multis(createsOfPair)],
  [5, multis(mixed)],
  [2, moves],
  [0.5, stopsReading],
  [6, (worker) => worker.writeRegister()],
  [3, readsRegister],
  [1, readsConfig],
  [0.4, closesSession],
  [0.4, ({ client, random }) => client.leave(random.duration(1, 300))],
  [0.2, ({ client }) => client.leave(client.options.timeoutMs * 2)],
  [0.2, ({ client }) => client.forgetSession()],
];

const READER_ACTIONS: Weighted = [
  [6, reads],
  [4, readsFresh],
  [1, readsConfig],
  [0.2, watchesAlways],
  [1, moves],
  [0.2, stopsReading],
];

/** One of them, by its weight. */
function chosen(actions: Weighted, random: SeededRandom): Action {
  let at = random.next() * actions.reduce((sum, [weight]) => sum + weight, 0);
  return actions.find(([weight]) => (at -= weight) < 0)?.[1] ?? reads;
}
