import { open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { parseHex64 } from '@zk/model';
import type { Zxid } from '@zk/model';
import { replaceFile } from './durable-fs.js';

/** Of a file with what was cut from a log: `.cut-log.<zxid of that log>-<place in it>`. */
const CUT_END_NAME = /^\.cut-log\.([0-9a-fA-F]{1,16})-\d+$/;

/** The zxid in the name of the log that such a file was cut from; undefined for any other name. */
export function cutEndZxidOf(name: string): Zxid | undefined {
  const match = CUT_END_NAME.exec(name);
  return match === null ? undefined : parseHex64(match[1]!);
}

/**
 * Writes what a log has behind `offset`, without the zeroes at its end, into a file beside it, durably. Neither we nor Apache
 * ZooKeeper take that for a log, since its name begins with a dot. It goes when its log is purged.
 * @param maxBytes what lies beyond so many is left out
 * @returns the path of that file
 * @throws Error as the medium refuses; nothing is left of that file then
 */
export async function keepCutEnd(logPath: string, offset: number, maxBytes: number): Promise<string> {
  const bytes = await bytesBehind(logPath, offset, maxBytes);
  const path = join(dirname(logPath), `.cut-${basename(logPath)}-${offset}`);
  await replaceFile(path, bytes);
  return path;
}

async function bytesBehind(path: string, offset: number, maxBytes: number): Promise<Uint8Array> {
  const file = await open(path, 'r');
  try {
    const bytes = new Uint8Array(Math.min((await file.stat()).size - offset, maxBytes));
    let { bytesRead: end } = await file.read(bytes, 0, bytes.length, offset);
    while (end > 0 && bytes[end - 1] === 0) end--;
    return bytes.subarray(0, end);
  } finally {
    await file.close();
  }
}
