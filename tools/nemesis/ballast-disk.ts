/** A small file system in memory under one member's data directory, which can be filled to the last byte. */
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Member } from '../lib/ensemble-processes.js';

const SIZE_MIB = 384;
const CHUNKS = [1 << 20, 1 << 12, 1];

export class BallastDisk {
  private readonly ballast: string;

  /** Call before the member's first start. Throws where it cannot be mounted. */
  constructor(readonly member: Member) {
    this.ballast = join(member.dataDir, 'ballast');
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE_MIB}m`, 'zk-nemesis', member.dataDir]);
    // Before the directory is removed.
    process.prependOnceListener('exit', this.dispose);
    member.wipe();
  }

  fill(): void {
    const fd = openSync(this.ballast, 'a');
    for (const size of CHUNKS) while (hasWritten(fd, Buffer.alloc(size, 1)));
    closeSync(fd);
  }

  empty(): void {
    if (existsSync(this.ballast)) rmSync(this.ballast);
  }

  readonly dispose = (): void => {
    spawnSync('umount', ['-l', this.member.dataDir]);
  };
}

function hasWritten(fd: number, chunk: Buffer): boolean {
  try {
    return writeSync(fd, chunk) === chunk.length;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return false;
    throw error;
  }
}
