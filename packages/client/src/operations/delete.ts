import type { DeleteOptions, NodeChildren } from '@zk/client-api';
import { ErrorCode } from '@zk/model';
import type { CallLimits } from '../client-core.js';
import { childrenKind, deleteKind } from '../wire/kinds.js';
import { childOf } from '../paths.js';
import { hasCode } from '../refusals.js';
import type { Calls } from './calls.js';
import { keepTrying } from './keep-trying.js';

const ANY_VERSION = -1;
/** Requests of one recursive delete that are on their way at a time. */
const WINDOW = 256;

/** Deletes with everything that may be asked for around it. */
export async function deleteNode(calls: Calls, path: string, options: DeleteOptions): Promise<void> {
  const limits = calls.core.limitsOf(options);
  try {
    await deleteAround(calls, path, options, limits);
  } catch (error) {
    if (options.guaranteed && isOpen(error)) {
      // Guard of 'a guaranteed delete goes on after its call was given up' in test/faults/requests.spec.ts.
      keepTrying(calls.core, path, (unlimited) =>
        deleteAround(calls, path, { ...options, ifMissing: 'ignore' }, unlimited),
      );
    }
    throw error;
  }
}

/** Whether the znode may still be there although somebody wants it gone. */
function isOpen(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === 'AbortError' || error.name === 'QueueFullError') return true;
  const codes = [ErrorCode.CONNECTIONLOSS, ErrorCode.OPERATIONTIMEOUT, ErrorCode.SESSIONEXPIRED, ErrorCode.THROTTLEDOP];
  return codes.some((code) => hasCode(error, code));
}

async function deleteAround(calls: Calls, path: string, options: DeleteOptions, limits: CallLimits): Promise<void> {
  for (;;) {
    try {
      await calls.step(deleteKind, path, limits, (request) => (request.number = options.version ?? ANY_VERSION));
      return;
    } catch (error) {
      if (hasCode(error, ErrorCode.NONODE) && options.ifMissing === 'ignore') return;
      if (!hasCode(error, ErrorCode.NOTEMPTY) || !options.recursive) throw error;
    }
    await deleteDescendants(calls, path, limits);
  }
}

/** Level by level from below, as many at a time as the window allows. */
async function deleteDescendants(calls: Calls, path: string, limits: CallLimits): Promise<void> {
  const levels: string[][] = [];
  for (let level = [path]; level.length > 0;) {
    const below: string[] = [];
    await inWindows(level, async (parent) => {
      for (const name of await namesIn(calls, parent, limits)) below.push(childOf(parent, name));
    });
    levels.push(below);
    level = below;
  }
  for (const level of levels.reverse()) {
    await inWindows(level, async (descendant) => {
      try {
        await calls.step(deleteKind, descendant, limits, (request) => (request.number = ANY_VERSION));
      } catch (error) {
        // Somebody else deleted it, or put something below it: the next round sees to that.
        if (!hasCode(error, ErrorCode.NONODE) && !hasCode(error, ErrorCode.NOTEMPTY)) throw error;
      }
    });
  }
}

async function namesIn(calls: Calls, path: string, limits: CallLimits): Promise<readonly string[]> {
  try {
    return (await calls.step<NodeChildren>(childrenKind, path, limits)).children;
  } catch (error) {
    if (hasCode(error, ErrorCode.NONODE)) return [];
    throw error;
  }
}

async function inWindows<T>(items: readonly T[], action: (item: T) => Promise<void>): Promise<void> {
  for (let i = 0; i < items.length; i += WINDOW) await Promise.all(items.slice(i, i + WINDOW).map(action));
}
