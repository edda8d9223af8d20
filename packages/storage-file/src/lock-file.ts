import { link, readFile, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Logger } from '@zk/contracts';
import type { StorageClock, StorageScheduler } from './machine-time.js';

/** In `version-2`; neither Apache ZooKeeper nor its tools look at it. */
const LOCK_FILE = '.zk-lock';

/** How long the threads of a process that was killed may take to end. */
const ENDING_MS = 10_000;
const ENDING_CHECK_MS = 20;

export interface LockOptions {
  readonly clock: StorageClock;
  readonly scheduler: StorageScheduler;
  readonly logger: Logger;
}

/** Who holds the lock. Enough to tell a running process from one that has died and left the file. */
interface Holder {
  readonly pid: number;
  /** Start of the process in clock ticks since boot, where the system tells; a pid used again has another one. */
  readonly started: string;
  readonly host: string;
  /** Changes with every boot of the machine, where the system tells. */
  readonly boot: string;
}

/** Directories locked by this very process, where the pid in the file proves nothing. */
const lockedHere = new Set<string>();

/**
 * Keeps two servers from writing into the same directory. It is a matter between processes of one machine: a holder on
 * another host, or before the last boot, cannot be asked whether it lives, and is taken for dead.
 */
export class DirectoryLock {
  readonly #path: string;
  readonly #key: string;

  private constructor(path: string, key: string) {
    this.#path = path;
    this.#key = key;
  }

  /** @throws Error when another server is running in the directory */
  static async take(directory: string, options: LockOptions): Promise<DirectoryLock> {
    const path = join(directory, LOCK_FILE);
    const key = await realpath(directory);
    if (lockedHere.has(key)) {
      throw new Error(
        `${directory} is in use by another server in this process. Give each server a directory of its own`,
      );
    }
    lockedHere.add(key);
    try {
      await takeFile(path, directory, options);
    } catch (error) {
      lockedHere.delete(key);
      throw error;
    }
    return new DirectoryLock(path, key);
  }

  async release(): Promise<void> {
    await rm(this.#path, { force: true });
    lockedHere.delete(this.#key);
  }
}

async function takeFile(path: string, directory: string, options: LockOptions): Promise<void> {
  const own = await thisProcess();
  // The file appears under its name with its text in it: nobody reads half of one.
  const draft = `${path}.${process.pid}`;
  await writeDraft(draft, own);
  try {
    for (let attempt = 0; attempt < 5; attempt++) {
      if (await linkIfFree(draft, path)) return;
      const holder = await readHolder(path);
      if (holder !== undefined && (await isAlive(holder, own, options))) {
        throw new Error(
          `${directory} is in use by process ${holder.pid} on this machine. Stop that server, or give this one a ` +
            `directory of its own; if it is no server, remove ${path}`,
        );
      }
      options.logger.info({ file: path, pid: holder?.pid }, 'taking over the lock of a server that is gone');
      await rm(path, { force: true });
    }
    throw new Error(`${path} is being taken by other servers again and again. Start one server in ${directory}`);
  } finally {
    await rm(draft, { force: true });
  }
}

async function thisProcess(): Promise<Holder> {
  const started = (await startOf(process.pid)) ?? '';
  return { pid: process.pid, started, host: hostname(), boot: await bootId() };
}

async function writeDraft(draft: string, own: Holder): Promise<void> {
  try {
    await writeFile(draft, `${JSON.stringify(own)}\n`);
  } catch (error) {
    // A full disk has room for an empty file. Why it failed matters more than whether that can be removed.
    await rm(draft, { force: true }).catch(() => undefined);
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`Cannot write ${draft}: ${reason}. Is there space, and may this user write there?`, {
      cause: error,
    });
  }
}

/** @returns false when somebody has the path already */
async function linkIfFree(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Holder;
  } catch (error) {
    // It has gone in the meantime, or a crash of the machine has emptied it.
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function isAlive(holder: Holder, own: Holder, options: LockOptions): Promise<boolean> {
  if (holder.host !== own.host || holder.boot !== own.boot) return false;
  // Not in `lockedHere`: an earlier process had the number that is ours now.
  if (holder.pid === process.pid) return false;
  if (await hasEnded(holder.pid, options)) return false;
  const started = await startOf(holder.pid);
  if (started !== undefined && holder.started !== '') return started === holder.started;
  try {
    process.kill(holder.pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Whether a process has ended though its number is still taken: nobody has asked how it ended. In a container whose
 * first process never asks, it stays so for good. Threads of it that are still ending are waited for, up to
 * {@link ENDING_MS}: one may be in the middle of a write.
 */
async function hasEnded(pid: number, { clock, scheduler }: LockOptions): Promise<boolean> {
  const deadlineMs = clock.monotonicMs() + ENDING_MS;
  while ((await statOf(pid))?.[0] === 'Z') {
    const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
    if (threads.length <= 1) return true;
    if (clock.monotonicMs() > deadlineMs) return false;
    await new Promise<void>((resolve) => scheduler.after(ENDING_CHECK_MS, resolve));
  }
  return false;
}

/** Field 22 of /proc/<pid>/stat; undefined when there is no such process, or no such file system. */
async function startOf(pid: number): Promise<string | undefined> {
  return (await statOf(pid))?.[19];
}

/** The fields of /proc/<pid>/stat from the third on, the state. */
async function statOf(pid: number): Promise<readonly string[] | undefined> {
  const stat = await textOf(`/proc/${pid}/stat`);
  // The second field, the name in parentheses, may contain anything.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
}

async function bootId(): Promise<string> {
  return ((await textOf('/proc/sys/kernel/random/boot_id')) ?? '').trim();
}

async function textOf(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}
