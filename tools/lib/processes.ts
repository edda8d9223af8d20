/** What Linux says about a running process: processor time, resident memory, open descriptors. */
import { readdirSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** The kernel reports processor time in ticks; USER_HZ is 100 on every Linux platform that Node supports. */
const TICKS_PER_SECOND = 100;

/** Processor seconds (user + system, all threads) that the process has used so far. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The second field is the command in parentheses and may hold spaces: count from behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Resident memory in bytes. */
export function residentBytes(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
  return match === null ? 0 : Number(match[1]) * 1024;
}

/** Open file descriptors. */
export function openDescriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Bytes in use by regular files below `directory`: as listed (`sizeBytes`) and as allocated (`allocatedBytes`). */
export function diskUsage(directory: string): { sizeBytes: number; allocatedBytes: number } {
  const total = { sizeBytes: 0, allocatedBytes: 0 };
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) {
      const below = diskUsage(path);
      total.sizeBytes += below.sizeBytes;
      total.allocatedBytes += below.allocatedBytes;
    } else if (entry.isFile()) {
      const stat = statSync(path);
      total.sizeBytes += stat.size;
      total.allocatedBytes += stat.blocks * 512;
    }
  }
  return total;
}

const TMPFS_MAGIC = 0x01021994;

/** True where a sync costs nothing because the file system lives in memory; figures with "fsync on" mean nothing there. */
export function isMemoryFileSystem(directory: string): boolean {
  return statfsSync(directory).type === TMPFS_MAGIC;
}
