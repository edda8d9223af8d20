/** What a worker does, one thing at a time, each with what the checkers need to know about it. */
import { body, ByteReader, CreateFlag, ErrorCode, Op } from '../../lib/wire.js';
import type { SeededRandom } from '../../lib/random.js';
import type { RegisterOp } from '@zk/histories';
import { type Call, type Caller, isAnswered, readData } from './caller.js';
import { listOf } from './history.js';
import { barrierOf, EPHEMERALS, PAIR, REGISTERS, sequenceOf, setOf } from './paths.js';

export interface Work {
  readonly caller: Caller;
  readonly random: SeededRandom;
  readonly epoch: number;
  /** What the worker has seen last, by path. */
  readonly versions: Map<string, number>;
  /** Ephemerals of its session that were acknowledged. */
  readonly ephemerals: string[];
}

export type Operation = (work: Work) => Promise<void>;

/** How often each is chosen, relative to the others. */
export const OPERATIONS: readonly (readonly [number, Operation])[] = [
  [12, setRegister],
  [12, compareAndSet],
  [10, readBehindBarrier],
  [5, readBehindSync],
  [14, readRegister],
  [10, addToSet],
  [5, burst],
  [8, createSequential],
  [7, setPair],
  [3, refusedPair],
  [8, readPair],
  [3, createEphemeral],
  [3, checkEphemeral],
];

async function setRegister({ caller, random }: Work): Promise<void> {
  const path = random.pick(REGISTERS);
  const value = caller.history.freshValue();
  const call = await caller.write({
    kind: 'set',
    what: `set ${path} to ${value}`,
    type: Op.setData,
    body: body.setData(path, Buffer.from(value)),
  });
  const version = versionAfter(caller, call, path);
  noteRegister(caller, path, call, { kind: 'set', value, version });
}

async function compareAndSet({ caller, random, versions }: Work): Promise<void> {
  const path = random.pick(REGISTERS);
  const expected = versions.get(path) ?? 0;
  const value = caller.history.freshValue();
  const call = await caller.write({
    kind: 'compare and set',
    what: `set ${path} to ${value} if version ${expected}`,
    type: Op.setData,
    body: body.setData(path, Buffer.from(value), expected),
    expectedErrors: [ErrorCode.badVersion],
  });
  const version = versionAfter(caller, call, path);
  versions.set(path, version ?? expected + 1);
  if (call.outcome === 'failed' && call.answer?.error !== ErrorCode.badVersion) return;
  const isDone = call.outcome === 'unknown' ? undefined : call.outcome === 'ok';
  noteRegister(caller, path, call, { kind: 'cas', value, expected, isDone });
}

/** A write of its own, and the read behind it in the same connection: as fresh as any read can be. */
async function readBehindBarrier({ caller, random, versions }: Work): Promise<void> {
  const path = random.pick(REGISTERS);
  const [barrier, read] = await Promise.all([barrierWrite(caller), readCall(caller, path, 'read behind a write')]);
  if (!isAnswered(barrier) || !isAnswered(read)) return;
  const op = sawRegister(caller, read, path);
  versions.set(path, op.version);
  listOf(caller.history.registers, path).push({ op, startMs: barrier.startMs, endMs: read.endMs });
}

async function readBehindSync({ caller, random }: Work): Promise<void> {
  const path = random.pick(REGISTERS);
  const sync = { kind: 'sync', what: `sync ${path}`, type: Op.sync, body: body.path(path) };
  const [synced, read] = await Promise.all([caller.call(sync), readCall(caller, path, 'read behind a sync')]);
  if (!isAnswered(synced) || !isAnswered(read)) return;
  const op = sawRegister(caller, read, path);
  caller.history.syncReads.push({ path, call: { op, startMs: synced.startMs, endMs: read.endMs } });
}

async function readRegister({ caller, random, versions }: Work): Promise<void> {
  const path = random.pick(REGISTERS);
  const isWatched = random.chance(0.4);
  const call = await readCall(caller, path, 'read', isWatched);
  if (!isAnswered(call)) return;
  versions.set(path, sawRegister(caller, call, path, isWatched).version);
  if (isWatched) caller.session.watches(path);
}

async function addToSet({ caller, epoch }: Work): Promise<void> {
  await add(caller, setOf(epoch), `${caller.history.freshValue()}`);
}

/** Several creates sent without waiting. */
async function burst({ caller, epoch, random }: Work): Promise<void> {
  const name = caller.history.freshValue();
  const parent = setOf(epoch);
  const members = Array.from({ length: random.between(3, 10) }, (_, i) => `${name}-${i}`);
  const calls = await Promise.all(members.map((member) => add(caller, parent, member)));
  listOf(caller.history.bursts, parent).push(
    calls.map(({ outcome }, i) => ({ path: `${parent}/${members[i]!}`, outcome })),
  );
}

async function createSequential({ caller, epoch }: Work): Promise<void> {
  const parent = sequenceOf(epoch);
  const value = caller.history.freshValue();
  const call = await caller.write({
    kind: 'sequential',
    what: `create sequential ${parent}/n- (${value})`,
    type: Op.create,
    body: body.create(`${parent}/n-`, Buffer.from(value), CreateFlag.sequential),
  });
  if (!isAnswered(call)) return;
  const path = new ByteReader(call.answer.payload).string() ?? '';
  const { startMs, endMs } = call;
  listOf(caller.history.sequences, parent).push({ startMs, endMs, path });
}

async function setPair({ caller }: Work): Promise<void> {
  const value = caller.history.freshValue();
  const parts = PAIR.map((path) => ({ type: Op.setData, body: body.setData(path, Buffer.from(value)) }));
  await caller.write({ kind: 'multi', what: `multi: pair to ${value}`, type: Op.multi, body: body.multi(parts) });
}

/** Its last part cannot succeed, so none may. */
async function refusedPair({ caller }: Work): Promise<void> {
  const value = caller.history.freshValue();
  caller.history.refused.add(value);
  const parts = [
    ...PAIR.map((path) => ({ type: Op.setData, body: body.setData(path, Buffer.from(value)) })),
    { type: Op.check, body: body.pathAndInt(`${PAIR[0]}/nowhere`, 0) },
  ];
  await caller.call({
    kind: 'refused multi',
    what: `multi that must fail: pair to ${value}`,
    type: Op.multi,
    body: body.multi(parts),
    expectedErrors: [ErrorCode.noNode],
  });
}

async function readPair({ caller }: Work): Promise<void> {
  const calls = await Promise.all(PAIR.map((path) => readCall(caller, path, 'read of a pair')));
  const [first, second] = calls.map((call) => {
    if (!isAnswered(call)) return undefined;
    const { value, stat } = readData(call);
    return { value, version: stat.version };
  });
  if (first === undefined || second === undefined) return;
  caller.history.pairs.push({ first, second, isAtOnce: false });
}

async function createEphemeral({ caller, ephemerals }: Work): Promise<void> {
  const path = `${EPHEMERALS}/${caller.history.freshValue()}`;
  const call = await caller.write({
    kind: 'ephemeral',
    what: `create ephemeral ${path}`,
    type: Op.create,
    body: body.create(path, null, CreateFlag.ephemeral),
  });
  if (!isAnswered(call)) return;
  if (call.session === caller.session.id) ephemerals.push(path);
  caller.history.ephemerals.push({ path, session: call.session });
}

/** While a session lives, its ephemerals do. */
async function checkEphemeral({ caller, random, ephemerals }: Work): Promise<void> {
  if (ephemerals.length === 0) return;
  const path = random.pick(ephemerals);
  const call = await caller.call({
    kind: 'exists',
    what: `exists ${path}`,
    type: Op.exists,
    body: body.pathAndFlag(path, false),
    expectedErrors: [ErrorCode.noNode],
  });
  if (call.answer?.error === ErrorCode.noNode) {
    caller.history.surprises.push(`${path} is gone while its session 0x${call.session.toString(16)} is served`);
  }
}

/** A write that changes nothing of interest: what is read behind it is not older than any write acknowledged before. */
export function barrierWrite(caller: Caller): Promise<Call> {
  return caller.write({
    kind: 'barrier',
    what: `barrier of ${caller.worker}`,
    type: Op.setData,
    body: body.setData(barrierOf(caller.worker), null),
  });
}

async function add(caller: Caller, parent: string, name: string): Promise<Call> {
  const path = `${parent}/${name}`;
  const call = await caller.write({
    kind: 'create',
    what: `create ${path}`,
    type: Op.create,
    body: body.create(path, null),
  });
  caller.history.addition(parent, { path, outcome: call.outcome });
  return call;
}

function readCall(caller: Caller, path: string, kind: string, isWatched = false): Promise<Call> {
  const requestBody = body.pathAndFlag(path, isWatched);
  return caller.call({ kind, what: `${kind} ${path}`, type: Op.getData, body: requestBody });
}

function sawRegister(
  caller: Caller,
  call: Call & { readonly answer: NonNullable<Call['answer']> },
  path: string,
  isWatched = false,
): Extract<RegisterOp, { kind: 'read' }> {
  const { value, stat } = readData(call);
  caller.saw(call, path, stat.mzxid, isWatched);
  return { kind: 'read', value, version: stat.version };
}

/** The version that an acknowledged setData led to. */
function versionAfter(caller: Caller, call: Call, path: string): number | undefined {
  if (!isAnswered(call)) return undefined;
  const stat = new ByteReader(call.answer.payload).stat();
  caller.saw(call, path, stat.mzxid);
  return stat.version;
}

function noteRegister(caller: Caller, path: string, call: Call, op: RegisterOp): void {
  const { startMs, endMs, outcome } = call;
  if (op.kind === 'set' && outcome === 'failed') return;
  listOf(caller.history.registers, path).push({ op, startMs, endMs: outcome === 'unknown' ? undefined : endMs });
}
