import {
  type CreateModeName,
  type CreateOptions,
  type Created,
  type NodeChildren,
  SessionExpiredError,
  durationMs,
} from '@zk/client-api';
import { type Acl, CreateMode, ErrorCode, MAX_TTL_MS, type Stat, isSequential, isTtl } from '@zk/model';
import type { CallLimits } from '../client-core.js';
import type { RequestKind } from '../machine/request.js';
import {
  childrenKind,
  createContainerKind,
  createKind,
  createTtlKind,
  deleteKind,
  existsKind,
  setKind,
  syncKind,
} from '../wire/kinds.js';
import { badAcl, badMode, badPrefix } from '../arguments.js';
import { badArguments, badPath, childOf, nameOf, parentOf } from '../paths.js';
import { hasCode, isMaybeApplied } from '../refusals.js';
import { Calls } from './calls.js';
import { keepTrying } from './keep-trying.js';

const ANY_VERSION = -1;

/** What Curator and kazoo give to parents that nobody gave data to: none, which is not null. */
const NOTHING = new Uint8Array();

/** What is sent to make a znode. */
interface Creation {
  readonly path: string;
  readonly data: Uint8Array | null;
  readonly mode: CreateModeName;
  readonly flags: number;
  readonly acl: readonly Acl[];
  readonly ttlMs: number;
}

/** Whether it is the plain case: one request, one reply. */
export function isPlainCreate(options: CreateOptions<never> | undefined): boolean {
  // What is no object is refused with the rest of the call.
  if (typeof options !== 'object' || options === null) return true;
  const { parents, protection, ifExists, mode, ttl } = options;
  const isExtended = mode === 'container' || mode === 'persistentWithTtl' || mode === 'persistentSequentialWithTtl';
  return !isExtended && !parents && !protection && ttl === undefined && (ifExists ?? 'fail') === 'fail';
}

/** @throws RangeError for a time to live that no server takes */
export function ttlOf(flags: number, ttl: CreateOptions['ttl'], path: string): number {
  if (!isTtl(flags)) {
    if (ttl !== undefined) throw badArguments(path, 'a time to live needs a mode with one');
    return 0;
  }
  const ttlMs = ttl === undefined ? NaN : Math.round(durationMs(ttl));
  if (!(ttlMs >= 1 && ttlMs <= MAX_TTL_MS)) throw badArguments(path, `a time to live is 1 to ${MAX_TTL_MS} ms`);
  return ttlMs;
}

/**
 * What is wrong with what is to be created, if anything. A sequential znode gets its number appended, so its path may end
 * with a slash.
 */
export function badCreate(path: string, mode: CreateModeName, acl: readonly Acl[] | undefined): Error | undefined {
  const defect = badMode(path, mode) ?? badPath(path, isSequential(CreateMode[mode]) ? '1' : '');
  return defect ?? (acl === undefined ? undefined : badAcl(path, acl));
}

/** Makes a znode with everything that may be asked for around it. */
export async function createNode(
  calls: Calls,
  path: string,
  data: Uint8Array | null,
  options: CreateOptions<never> = {},
): Promise<Created> {
  const { mode = 'persistent', acl = calls.core.options.acl, protection } = options;
  const defect = badCreate(path, mode, options.acl);
  if (defect !== undefined) throw defect;
  const flags = CreateMode[mode];
  const limits = calls.core.limitsOf(options);
  const creation = { path, data, mode, flags, acl, ttlMs: ttlOf(flags, options.ttl, path) };
  if (protection === undefined || protection === false) return createAround(calls, creation, options, limits);
  const prefix = protection === true ? `_c_${newGuid(calls)}-` : protection.prefix;
  const badProtection = badPrefix(path, prefix);
  if (badProtection !== undefined) throw badProtection;
  const protectedPath = childOf(parentOf(path), prefix + nameOf(path));
  return createProtected(calls, { ...creation, path: protectedPath }, prefix, options, limits);
}

/** With parents, and with what is to happen when it exists. */
async function createAround(
  calls: Calls,
  creation: Creation,
  options: Pick<CreateOptions, 'parents' | 'ifExists'>,
  limits: CallLimits,
): Promise<Created> {
  const { path } = creation;
  for (;;) {
    try {
      return await createOnce(calls, creation, limits);
    } catch (error) {
      if (hasCode(error, ErrorCode.NONODE) && options.parents !== undefined) {
        await createParents(calls, path, options.parents, calls.core.options.acl, limits);
      } else if (hasCode(error, ErrorCode.NODEEXISTS) && options.ifExists === 'keep') {
        const stat = await calls.step<Stat | null>(existsKind, path, limits);
        if (stat !== null) return { path, stat };
      } else if (hasCode(error, ErrorCode.NODEEXISTS) && options.ifExists === 'set') {
        const stat = await setIfThere(calls, creation, limits);
        if (stat !== undefined) return { path, stat };
      } else {
        throw error;
      }
    }
  }
}

async function setIfThere(calls: Calls, creation: Creation, limits: CallLimits): Promise<Stat | undefined> {
  try {
    return await calls.step<Stat>(setKind, creation.path, limits, (request) => {
      request.data = creation.data;
      request.number = ANY_VERSION;
    });
  } catch (error) {
    if (hasCode(error, ErrorCode.NONODE)) return undefined;
    throw error;
  }
}

function createOnce(calls: Calls, creation: Creation, limits: CallLimits): Promise<Created> {
  const send = (kind: RequestKind): Promise<Created> =>
    calls.step<Created>(kind, creation.path, limits, (request) => {
      request.data = creation.data;
      request.acl = creation.acl;
      request.number = creation.flags;
      request.ttlMs = creation.ttlMs;
    });
  if (isTtl(creation.flags)) return send(createTtlKind);
  if (creation.mode === 'container') return send(createContainerKind);
  return send(createKind);
}

/** Makes what is missing above the path, from the top. */
async function createParents(
  calls: Calls,
  path: string,
  kind: 'container' | 'persistent',
  acl: readonly Acl[],
  limits: CallLimits,
): Promise<void> {
  const parent = parentOf(path);
  // The root below a chroot is a znode like any other.
  if (parent === '/' && (calls.prefix === '' || path === '/')) {
    if (path === '/' && calls.prefix !== '') await createChrootParents(calls, kind, acl, limits);
    return;
  }
  const creation = { path: parent, data: NOTHING, mode: kind, flags: CreateMode[kind], acl, ttlMs: 0 };
  try {
    await createAround(calls, creation, { parents: kind }, limits);
  } catch (error) {
    if (hasCode(error, ErrorCode.NODEEXISTS)) return;
    if (kind === 'container' && hasCode(error, ErrorCode.UNIMPLEMENTED)) {
      await createParents(calls, path, 'persistent', acl, limits);
      return;
    }
    throw error;
  }
}

async function createChrootParents(
  calls: Calls,
  kind: 'container' | 'persistent',
  acl: readonly Acl[],
  limits: CallLimits,
): Promise<void> {
  await createParents(new Calls(calls.core, ''), calls.prefix, kind, acl, limits);
}

/**
 * Survives a lost reply. When the connection breaks over the create, nobody knows whether the znode exists; a name that
 * nobody else uses makes it possible to look. What is found must belong to this session: an ephemeral of the session
 * before would vanish under its owner's feet (the guard of 'an ephemeral of a session that is over is not taken for
 * one's own' in test/faults/requests.spec.ts). The sync makes the server that is asked know what the one before may have
 * been told.
 */
async function createProtected(
  calls: Calls,
  creation: Creation,
  prefix: string,
  options: Pick<CreateOptions, 'parents' | 'ifExists'>,
  limits: CallLimits,
): Promise<Created> {
  const { core } = calls;
  const isEphemeral = isEphemeralMode(creation);
  let isUncertain = false;
  let session = core.session;
  try {
    for (;;) {
      try {
        if (isUncertain) {
          const found = await findOwn(calls, creation, prefix, limits);
          if (isEphemeral && core.session !== session) throw new SessionExpiredError(creation.path, true);
          if (found !== undefined) return found;
        }
        return await createAround(calls, creation, options, limits);
      } catch (error) {
        if (isMaybeApplied(error)) isUncertain = true;
        if (!hasCode(error, ErrorCode.CONNECTIONLOSS)) throw error;
        session ??= core.session;
        await core.until(() => core.isConnected, limits, creation.path);
      }
    }
  } catch (error) {
    if (isUncertain || isMaybeApplied(error)) removeOrphan(calls, creation, prefix);
    throw error;
  }
}

async function findOwn(
  calls: Calls,
  creation: Creation,
  prefix: string,
  limits: CallLimits,
): Promise<Created | undefined> {
  const parent = parentOf(creation.path);
  await calls.step(syncKind, parent, limits);
  for (const path of await pathsWith(calls, parent, prefix, limits)) {
    const stat = await calls.step<Stat | null>(existsKind, path, limits);
    if (stat === null) continue;
    if (!isEphemeralMode(creation) || stat.ephemeralOwner === calls.core.session?.id) return { path, stat };
    await deleteQuietly(calls, path, limits);
  }
  return undefined;
}

async function pathsWith(calls: Calls, parent: string, prefix: string, limits: CallLimits): Promise<string[]> {
  try {
    const { children } = await calls.step<NodeChildren>(childrenKind, parent, limits);
    return children.filter((name) => name.startsWith(prefix)).map((name) => childOf(parent, name));
  } catch (error) {
    if (hasCode(error, ErrorCode.NONODE)) return [];
    throw error;
  }
}

async function deleteQuietly(calls: Calls, path: string, limits: CallLimits): Promise<void> {
  try {
    await calls.step(deleteKind, path, limits, (request) => (request.number = ANY_VERSION));
  } catch (error) {
    if (!hasCode(error, ErrorCode.NONODE)) throw error;
  }
}

/**
 * The caller gives up without knowing the name of what may have been made: it is looked for, and removed, in the
 * background. Guard of 'a protected create that was cancelled leaves nothing behind' in test/faults/requests.spec.ts.
 */
function removeOrphan(calls: Calls, creation: Creation, prefix: string): void {
  const { core } = calls;
  const owner = core.session;
  keepTrying(core, creation.path, async (limits) => {
    // With its session an ephemeral goes by itself.
    if (isEphemeralMode(creation) && core.session !== owner) return;
    await calls.step(syncKind, parentOf(creation.path), limits);
    for (const path of await pathsWith(calls, parentOf(creation.path), prefix, limits)) {
      await deleteQuietly(calls, path, limits);
    }
  });
}

function isEphemeralMode(creation: Creation): boolean {
  return creation.mode === 'ephemeral' || creation.mode === 'ephemeralSequential';
}

function newGuid(calls: Calls): string {
  const { random } = calls.core.runtime;
  const digits = (count: number): string =>
    Array.from({ length: count }, () => Math.floor(random.next() * 16).toString(16)).join('');
  const variant = '89ab'[Math.floor(random.next() * 4)]!;
  return `${digits(8)}-${digits(4)}-4${digits(3)}-${variant}${digits(3)}-${digits(12)}`;
}
