import type { Stat } from '@zk/model';

/**
 * The version of a znode has come to -1, which in a request means "any": no condition on it can be made. It takes 2^32-1
 * writes to get there; create the znode anew.
 */
export class VersionExhaustedError extends Error {
  override readonly name = 'VersionExhaustedError';

  constructor(readonly path: string) {
    super(`the version of ${path} is -1, which stands for any version: write it once, or create it anew`);
  }
}

/** @throws VersionExhaustedError for the one version that no condition can name */
export function requireVersion(path: string, stat: Pick<Stat, 'version'>): number {
  if (stat.version === -1) throw new VersionExhaustedError(path);
  return stat.version;
}

export function equalBytes(a: Uint8Array | null, b: Uint8Array | null): boolean {
  const [left, right] = [a ?? EMPTY, b ?? EMPTY];
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}

const EMPTY = new Uint8Array();
