/** The requests that a worker sends, each with its predicted outcome. */
import type { Reply } from '../lib/raw-client.js';
import type { SeededRandom } from '../lib/random.js';
import { body, ByteReader, CreateFlag, ErrorCode, Op, readMultiResponse } from '../lib/wire.js';
import { sequenceSuffix, type SubtreeModel } from './model.js';

export interface PlannedOperation {
  readonly what: string;
  readonly type: number;
  readonly body: Uint8Array;
  /** Applies the success that was predicted; a predicted refusal changes nothing. */
  readonly apply: (model: SubtreeModel, zxid: bigint | undefined) => void;
  /** A sentence about what is wrong with the reply, or undefined. */
  readonly judge: (reply: Reply) => string | undefined;
}

const nothing = (): void => undefined;

/** Draws the next request for a subtree in the (predicted) state `model`. */
export function planOperation(
  random: SeededRandom,
  model: SubtreeModel,
  session: bigint,
  label: string,
): PlannedOperation {
  const paths = model.paths();
  const files = paths.filter((path) => path !== model.root && model.childCount(path) === 0);
  const file = files.length === 0 ? undefined : random.pick(files);
  const roll = random.below(100);
  const isFull = model.size > 60;
  if (file !== undefined) {
    if (roll < 30) return planSet(model, file, `${label}${'x'.repeat(random.below(120))}`, random.chance(0.8));
    if (roll < 45 || isFull) return planDelete(model, file, random.chance(0.5));
    if (roll < 53) return planRead(model, random.pick(paths));
    if (roll < 57) return planRefusal(random, file);
    if (roll < 64) return planMulti(random, model, file, label);
    if (roll < 66) return planFailingMulti(model, file, label);
  }
  const parents = paths.filter((path) => model.get(path)?.owner === 0n && path.split('/').length < 6);
  const parent = parents.length === 0 ? model.root : random.pick(parents);
  if (roll < 76) return planSequential(model, parent, label, random.chance(0.5) ? session : 0n);
  return planCreate(`${parent}/${label}`, `data of ${label}`, roll < 86 ? session : 0n);
}

function planCreate(path: string, data: string, owner: bigint): PlannedOperation {
  return {
    what: `create ${path}`,
    type: Op.create,
    body: body.create(path, Buffer.from(data), owner === 0n ? CreateFlag.persistent : CreateFlag.ephemeral),
    apply: (model, zxid) => model.create(path, data, owner, zxid),
    judge: (reply) => wantError(reply, 0) ?? wantPath(reply, path),
  };
}

function planSequential(model: SubtreeModel, parent: string, label: string, owner: bigint): PlannedOperation {
  const prefix = `${parent}/s-`;
  const path = prefix + sequenceSuffix(model.get(parent)?.createCount ?? 0);
  const flags = owner === 0n ? CreateFlag.sequential : CreateFlag.ephemeralSequential;
  return {
    what: `create sequential ${path}`,
    type: Op.create,
    body: body.create(prefix, Buffer.from(label), flags),
    apply: (state, zxid) => state.create(path, label, owner, zxid),
    judge: (reply) => wantError(reply, 0) ?? wantPath(reply, path),
  };
}

function planSet(model: SubtreeModel, path: string, data: string, isConditional: boolean): PlannedOperation {
  const version = model.get(path)?.version ?? 0;
  return {
    what: `setData ${path} version ${version}`,
    type: Op.setData,
    body: body.setData(path, Buffer.from(data), isConditional ? version : -1),
    apply: (state, zxid) => state.set(path, data, zxid),
    judge: (reply) => {
      const wrong = wantError(reply, 0);
      if (wrong !== undefined) return wrong;
      const stat = new ByteReader(reply.payload).stat();
      if (stat.version !== version + 1) return `version ${stat.version}, not ${version + 1}`;
      return stat.mzxid === reply.zxid ? undefined : `mzxid ${stat.mzxid} in a reply of zxid ${reply.zxid}`;
    },
  };
}

function planDelete(model: SubtreeModel, path: string, isConditional: boolean): PlannedOperation {
  return {
    what: `delete ${path}`,
    type: Op.delete,
    body: body.delete(path, isConditional ? (model.get(path)?.version ?? 0) : -1),
    apply: (state, zxid) => state.delete(path, zxid),
    judge: (reply) => wantError(reply, 0),
  };
}

/** A read behind this session's own writes must show them. */
function planRead(model: SubtreeModel, path: string): PlannedOperation {
  const { data = '', version = 0 } = model.get(path) ?? {};
  return {
    what: `getData ${path}`,
    type: Op.getData,
    body: body.pathAndFlag(path, false),
    apply: nothing,
    judge: (reply) => {
      const wrong = wantError(reply, 0);
      if (wrong !== undefined) return wrong;
      const reader = new ByteReader(reply.payload);
      const got = reader.string();
      const stat = reader.stat();
      if (got !== data) return `data "${got ?? 'null'}", not "${data}"`;
      return stat.version === version ? undefined : `version ${stat.version}, not ${version}`;
    },
  };
}

function planRefusal(random: SeededRandom, existing: string): PlannedOperation {
  const refusals: readonly Omit<PlannedOperation, 'apply'>[] = [
    {
      what: `create ${existing}, which exists`,
      type: Op.create,
      body: body.create(existing, Buffer.alloc(0)),
      judge: (reply) => wantError(reply, ErrorCode.nodeExists),
    },
    {
      what: `setData ${existing} with a wrong version`,
      type: Op.setData,
      body: body.setData(existing, Buffer.alloc(0), 999_999),
      judge: (reply) => wantError(reply, ErrorCode.badVersion),
    },
    {
      what: `delete ${existing}/missing`,
      type: Op.delete,
      body: body.delete(`${existing}/missing`),
      judge: (reply) => wantError(reply, ErrorCode.noNode),
    },
  ];
  return { ...random.pick(refusals), apply: nothing };
}

function planMulti(random: SeededRandom, model: SubtreeModel, file: string, label: string): PlannedOperation {
  const parts = [
    planCreate(`${model.root}/${label}-a`, `first of ${label}`, 0n),
    planSet(model, file, `multi ${label}`, true),
    planCreate(`${model.root}/${label}-b`, `second of ${label}`, 0n),
  ];
  const isDeleting = random.chance(0.5);
  const all = isDeleting ? [...parts, planDelete(model, file, false)] : parts;
  return {
    what: `multi on ${file} and ${label}`,
    type: Op.multi,
    body: body.multi(all),
    apply: (state, zxid) => {
      for (const part of all) part.apply(state, zxid);
    },
    judge: (reply) => {
      const wrong = wantError(reply, 0);
      if (wrong !== undefined) return wrong;
      const failed = readMultiResponse(reply.payload).filter((result) => result.type === 'error');
      return failed.length === 0 ? undefined : `${failed.length} of its parts failed`;
    },
  };
}

/** All or nothing: the create in front must leave no trace. */
function planFailingMulti(model: SubtreeModel, file: string, label: string): PlannedOperation {
  const parts = [
    planCreate(`${model.root}/${label}-never`, '', 0n),
    { type: Op.setData, body: body.setData(file, Buffer.alloc(0), 999_999) },
  ];
  return {
    what: `multi that must fail on ${file}`,
    type: Op.multi,
    body: body.multi(parts),
    apply: nothing,
    judge: (reply) => {
      const wrong = wantError(reply, 0);
      if (wrong !== undefined) return wrong;
      const codes = readMultiResponse(reply.payload).map((result) =>
        result.type === 'error' ? result.error : 'success',
      );
      return codes.join() === `0,${ErrorCode.badVersion}` ? undefined : `results ${codes.join()}`;
    },
  };
}

function wantError(reply: Reply, error: number): string | undefined {
  return reply.error === error ? undefined : `error ${reply.error}, not ${error}`;
}

function wantPath(reply: Reply, path: string): string | undefined {
  const got = new ByteReader(reply.payload).string();
  return got === path ? undefined : `path ${got ?? 'null'}, not ${path}`;
}
