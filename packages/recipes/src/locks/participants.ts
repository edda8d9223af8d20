import type { CallOptions, ZkClient } from '@zk/client-api';
import type { SessionId, Zxid } from '@zk/model';
import { type HolderIdentity, type RankedName, childPath, identityOf, isNamed } from '../support/index.js';
import { isRevocation } from './revocation.js';

/** Somebody in a queue. */
export interface Participant {
  readonly path: string;
  readonly name: string;
  /** The number the server gave, as text; the whole name where it has none. */
  readonly sequence: string;
  /** Whether it is its turn. */
  readonly isHolder: boolean;
  /** What it would have, or has, as fencing token. */
  readonly token: Zxid;
  readonly sessionId: SessionId;
  /** By the clock of the server: wall-clock milliseconds of its entry into the queue. */
  readonly createdMs: number;
  readonly identity: HolderIdentity | undefined;
  /** Whether it was asked to give up. That has overwritten its identity. */
  readonly isRevoked: boolean;
  readonly data: Uint8Array;
}

const BATCH = 64;

/** Holders and waiters in order; those that leave while we look are left out. */
export async function participantsOf(
  client: ZkClient,
  parent: string,
  ranked: readonly RankedName[],
  isHolder: (index: number, existing: readonly RankedName[]) => boolean,
  options: CallOptions = {},
): Promise<Participant[]> {
  const found: { ranked: RankedName; participant: Omit<Participant, 'isHolder'> }[] = [];
  for (let start = 0; start < ranked.length; start += BATCH) {
    const batch = ranked.slice(start, start + BATCH);
    const nodes = await Promise.all(batch.map((name) => readParticipant(client, parent, name, options)));
    nodes.forEach((participant, i) => participant && found.push({ ranked: batch[i]!, participant }));
  }
  const existing = found.map((item) => item.ranked);
  return found.map(({ participant }, index) => ({ ...participant, isHolder: isHolder(index, existing) }));
}

async function readParticipant(
  client: ZkClient,
  parent: string,
  { name, key }: RankedName,
  options: CallOptions,
): Promise<Omit<Participant, 'isHolder'> | undefined> {
  const path = childPath(parent, name);
  try {
    const { data, stat } = await client.get(path, options);
    const isRevoked = isRevocation(data);
    return {
      path,
      name,
      sequence: key,
      token: stat.czxid,
      sessionId: stat.ephemeralOwner,
      createdMs: Number(stat.ctime),
      identity: isRevoked ? undefined : identityOf(data),
      isRevoked,
      data,
    };
  } catch (error) {
    if (isNamed(error, 'NONODE')) return undefined;
    throw error;
  }
}

/** The names below a path; none where there is no such path. */
export async function childrenOf(
  client: ZkClient,
  path: string,
  options: CallOptions = {},
): Promise<readonly string[]> {
  try {
    return (await client.getChildren(path, options)).children;
  } catch (error) {
    if (isNamed(error, 'NONODE')) return [];
    throw error;
  }
}
