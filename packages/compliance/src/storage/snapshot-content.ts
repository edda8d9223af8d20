import type { SnapshotInfo, Storage } from '@zk/contracts';
import type { Zxid } from '@zk/model';

const { imul } = Math;

/** Random-looking bytes that no compression shrinks much, after a file header; a seal must follow. */
export function content(sizeBytes: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(sizeBytes);
  bytes.set([0x5a, 0x4b, 0x53, 0x4e, 0, 0, 0, 2, 255, 255, 255, 255, 255, 255, 255, 255]);
  for (let i = 16, x = 12345; i < sizeBytes; i++) {
    x = (imul(x, 1103515245) + 12345) | 0;
    bytes[i] = x >>> 16;
  }
  return bytes;
}

export async function takeSnapshot(storage: Storage, zxid: Zxid, sizeBytes = 1000): Promise<SnapshotInfo> {
  const writer = await storage.snapshots.create(zxid);
  writer.write(content(sizeBytes));
  writer.seal();
  return writer.commit();
}

export async function bytesOf(storage: Storage, info: SnapshotInfo): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of storage.snapshots.read(info)) pieces.push(piece.slice());
  return Buffer.concat(pieces);
}

export async function zxidsOf(storage: Storage): Promise<Zxid[]> {
  return (await storage.snapshots.list()).map(({ zxid }) => zxid);
}
