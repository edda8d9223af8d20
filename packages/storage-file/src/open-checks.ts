import { constants } from 'node:fs';
import { access, open, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Logger, SnapshotInfo } from '@zk/contracts';
import { CorruptionError, hex64 } from '@zk/model';
import { fileNamesIn, syncDirectory } from './durable-fs.js';
import { FILE_HEADER_BYTES, assertLogHeader, logZxidOf, parseSnapshotName } from './file-format.js';
import { PROBE_FILE } from './file-txn-log.js';
import { listLogs } from './log-recovery.js';
import { makeDirectories } from './make-directories.js';

/** Sees to it that a directory exists and can be written. @throws Error */
export async function prepareDirectory(directory: string, autocreate: boolean): Promise<void> {
  const exists = await stat(directory).then(
    (found) => found.isDirectory() || isNoDirectory(directory),
    (error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? false : Promise.reject(error)),
  );
  if (!exists) {
    if (!autocreate) throw new Error(`${directory} does not exist, and datadir.autocreate is off: create it`);
    const first = makeDirectories(directory);
    if (first !== undefined) await syncDirectory(dirname(first));
  }
  try {
    await access(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new Error(`${directory} cannot be read and written by this user: change its owner or its mode`, {
      cause: error,
    });
  }
}

function isNoDirectory(directory: string): never {
  throw new Error(`${directory} is not a directory: move it away`);
}

/** Logs among the snapshots, or the other way round, mean that the directories were mixed up. @throws Error */
export async function checkNotMixed(snapDirectory: string, logDirectory: string): Promise<void> {
  const log = (await fileNamesIn(snapDirectory)).find((name) => logZxidOf(name) !== undefined);
  if (log !== undefined) {
    throw new Error(`${snapDirectory} has a txn log, ${log}, but dataLogDir is ${logDirectory}: move the logs there`);
  }
  const snapshot = (await fileNamesIn(logDirectory)).find((name) => parseSnapshotName(name) !== undefined);
  if (snapshot !== undefined) {
    throw new Error(
      `${logDirectory} has a snapshot, ${snapshot}, but dataDir is ${snapDirectory}: move the snapshots there`,
    );
  }
}

/**
 * What we, or Apache ZooKeeper, write before it gets its name: snapshots, epochs, what was cut from a log. What else ends
 * with `.tmp` is somebody else's, and `currentEpoch.tmp` stays: Apache ZooKeeper adopts the value in it when the epoch of the
 * log is ahead (spec: disk format, section 8).
 */
const LEFTOVER =
  /^(\.?snapshot\.[0-9a-fA-F]{1,16}(\.gz|\.snappy)?|acceptedEpoch|\.cut-log\.[0-9a-fA-F]{1,16}-\d+)\.tmp$/;

/** Removes what an interrupted write has left. */
export async function removeLeftovers(directory: string, logger: Logger): Promise<void> {
  for (const name of await fileNamesIn(directory)) {
    if (!LEFTOVER.test(name) && name !== PROBE_FILE) continue;
    await rm(join(directory, name), { force: true });
    logger.info({ file: join(directory, name) }, 'removed what an interrupted write had left');
  }
}

/** Every log is a file that begins with the magic; only the newest may be empty. @throws CorruptionError */
export async function checkLogHeaders(directory: string): Promise<void> {
  const logs = await listLogs(directory);
  for (const { name } of logs) {
    const path = join(directory, name);
    if ((await stat(path)).isDirectory()) {
      throw new CorruptionError(path, 0, 'expected a txn log, found a directory', 'Move it away and start again');
    }
    const header = new Uint8Array(FILE_HEADER_BYTES);
    const bytesRead = await readHead(path, header);
    if (header.every((byte) => byte === 0) && name === logs.at(-1)?.name) continue;
    assertLogHeader(path, header, bytesRead);
  }
}

async function readHead(path: string, head: Uint8Array): Promise<number> {
  const file = await open(path, 'r');
  try {
    return (await file.read(head, 0, head.length, 0)).bytesRead;
  } finally {
    await file.close();
  }
}

/**
 * Transactions without the snapshot they change cannot be replayed, and neither can snapshots that are all broken.
 * @throws CorruptionError
 */
export async function checkSnapshots(
  snapDirectory: string,
  logDirectory: string,
  snapshots: readonly SnapshotInfo[],
  trustEmpty: boolean,
): Promise<void> {
  if (snapshots.length > 0) return;
  const names = (await fileNamesIn(snapDirectory)).filter((name) => (parseSnapshotName(name)?.zxid ?? 0n) !== 0n);
  if (names.length > 0) {
    throw new CorruptionError(
      join(snapDirectory, names[0]!),
      0,
      `there are snapshots (${names.join(', ')}), and none of them is whole`,
      'Restore one from a copy, or, in an ensemble, empty the data directories of this server',
    );
  }
  if (trustEmpty) return;
  for (const { name, zxid } of await listLogs(logDirectory)) {
    const path = join(logDirectory, name);
    const head = new Uint8Array(FILE_HEADER_BYTES + 12);
    await readHead(path, head);
    if (head.subarray(FILE_HEADER_BYTES).every((byte) => byte === 0)) continue;
    throw new CorruptionError(
      path,
      FILE_HEADER_BYTES,
      `there are transactions from zxid 0x${hex64(zxid)} on, but no snapshot in ${snapDirectory}`,
      'Restore the snapshots. Only if this server never had one (a version before 3.5), start once with ' +
        'snapshot.trust.empty=true',
    );
  }
}
