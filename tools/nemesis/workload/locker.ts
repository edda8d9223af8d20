/**
 * A counter under a lock of ephemeral sequential znodes. The write does not compare versions: what keeps two from
 * writing the same value is the lock alone, which the same multi checks.
 */
import { body, ByteReader, CreateFlag, ErrorCode, Op, readMultiResponse } from '../../lib/wire.js';
import type { Outcome } from '@zk/histories';
import { type Call, type Caller, isAnswered, readData } from './caller.js';
import { COUNTER, LOCK } from './paths.js';

/** Longest wait for a notification before the queue is looked at again. */
const LOOK_AGAIN_MS = 1_000;
const INCREMENTS_PER_HOLD = 3;

/** Takes the lock, counts, and lets go; ends the session when it does not know where it stands. */
export async function countUnderLock(caller: Caller, isWanted: () => boolean): Promise<void> {
  const place = await queueUp(caller);
  const isDone =
    place !== undefined &&
    (await reachHead(caller, place, isWanted)) &&
    (await increments(caller, place)) !== 'unknown';
  if (!isDone || !(await leave(caller, place))) await caller.session.close();
}

async function queueUp(caller: Caller): Promise<string | undefined> {
  const call = await caller.write({
    kind: 'lock',
    what: 'queue up for the lock',
    type: Op.create,
    body: body.create(`${LOCK}/l-`, null, CreateFlag.ephemeralSequential),
  });
  return isAnswered(call) ? (new ByteReader(call.answer.payload).string() ?? undefined) : undefined;
}

async function reachHead(caller: Caller, place: string, isWanted: () => boolean): Promise<boolean> {
  while (isWanted()) {
    const call = await caller.call({
      kind: 'children',
      what: `children of ${LOCK}`,
      type: Op.getChildren,
      body: body.pathAndFlag(LOCK, false),
    });
    if (!isAnswered(call)) return false;
    const queue = new ByteReader(call.answer.payload)
      .strings()
      .map((name) => `${LOCK}/${name}`)
      .sort();
    const index = queue.indexOf(place);
    if (index === 0) return true;
    if (index < 0) {
      caller.history.surprises.push(`${place} is gone while its session 0x${call.session.toString(16)} is served`);
      return false;
    }
    if (!(await watchGone(caller, queue[index - 1]!))) return false;
  }
  return false;
}

/** Waits until the znode may be gone; false where the connection is. */
async function watchGone(caller: Caller, path: string): Promise<boolean> {
  const call = await caller.call({
    kind: 'exists',
    what: `exists ${path}, watched`,
    type: Op.exists,
    body: body.pathAndFlag(path, true),
    expectedErrors: [ErrorCode.noNode],
  });
  if (isAnswered(call)) await caller.session.changed(LOOK_AGAIN_MS);
  return call.answer !== undefined;
}

async function increments(caller: Caller, place: string): Promise<Outcome> {
  for (let i = 0; i < INCREMENTS_PER_HOLD; i++) {
    const read = await caller.call({
      kind: 'read',
      what: `read ${COUNTER}`,
      type: Op.getData,
      body: body.pathAndFlag(COUNTER, false),
    });
    if (!isAnswered(read)) return 'unknown';
    const outcome = await increment(caller, place, Number(readData(read).value) + 1);
    if (outcome !== 'ok') return outcome;
  }
  return 'ok';
}

async function increment(caller: Caller, place: string, value: number): Promise<Outcome> {
  const call = await caller.write({
    kind: 'count',
    what: `count to ${value} while ${place} stands`,
    type: Op.multi,
    body: body.multi([
      { type: Op.check, body: body.pathAndInt(place, -1) },
      { type: Op.setData, body: body.setData(COUNTER, Buffer.from(String(value))) },
    ]),
    expectedErrors: [ErrorCode.noNode],
  });
  const outcome = outcomeOf(call);
  caller.history.increments.push({ value, outcome });
  return outcome;
}

/** A multi that failed may be answered as one that was done, with errors for results. */
function outcomeOf(call: Call): Outcome {
  if (!isAnswered(call)) return call.outcome;
  return readMultiResponse(call.answer.payload).some(({ type }) => type === 'error') ? 'failed' : 'ok';
}

async function leave(caller: Caller, place: string): Promise<boolean> {
  const call = await caller.write({
    kind: 'unlock',
    what: `delete ${place}`,
    type: Op.delete,
    body: body.delete(place),
  });
  return isAnswered(call);
}
