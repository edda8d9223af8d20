import type { ZkClient } from '@zk/client-api';
import type { Acl, Stat } from '@zk/model';
import { rawData } from '../format/data.js';

export interface ReadNode {
  readonly data: Uint8Array | null;
  readonly stat: Stat;
  /** Undefined when it was not asked for. */
  readonly acl: readonly Acl[] | undefined;
}

/** Undefined when the znode has gone. */
export async function readNode(
  client: ZkClient,
  path: string,
  { withAcl, signal }: { readonly withAcl: boolean; readonly signal: AbortSignal },
): Promise<ReadNode | undefined> {
  try {
    const [{ data, stat }, access] = await Promise.all([
      client.get(path, { codec: rawData, signal }),
      withAcl ? client.getAcl(path, { signal }) : undefined,
    ]);
    return { data, stat, acl: access?.acl };
  } catch (error) {
    if ((error as Error).name === 'NONODE') return undefined;
    throw error;
  }
}
