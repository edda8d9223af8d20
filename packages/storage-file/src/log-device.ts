/**
 * What the txn log needs of the operating system, and nothing more: the seam at which tests refuse writes, hold syncs
 * and cut power. Descriptors are plain numbers.
 *
 * The methods that return a promise run off the event loop, one after the other: a sync first, whatever else waits, the
 * rest in the order of the calls, save that a fill waits for all others. Who needs another order awaits.
 */
export interface LogDevice {
  /** Creates a file for writing. @throws with code `EEXIST` when there is one */
  create(path: string): number;
  /** Empties an existing file for writing. */
  reopenEmpty(path: string): number;
  /** Writes all of `bytes[0, length)` at `position`, into the operating system's cache. @throws when it is refused */
  write(fd: number, bytes: Uint8Array, length: number, position: number): void;
  /** Makes everything written durable; resolves with the duration in milliseconds. */
  sync(fd: number): Promise<number>;
  /** Makes the names in a directory durable. */
  syncDirectory(path: string): Promise<void>;
  /** Writes zeroes, so that space is allocated. */
  fill(fd: number, position: number, length: number): Promise<void>;
  truncate(fd: number, length: number): Promise<void>;
  close(fd: number): Promise<void>;
  remove(path: string): Promise<void>;
  /** Writes, syncs and removes a file of that many bytes: proof that there is space again. */
  probe(path: string, length: number): Promise<void>;
  /** Ends whatever runs in the background. Nothing may be in progress. */
  dispose(): Promise<void>;
}
