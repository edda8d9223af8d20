import type { Zxid } from '@zk/model';

/** Clients' syncs at a leader: each waits for the transaction that was the last one proposed when it came. */
export class SyncWaiters {
  private readonly waiting = new Map<Zxid, (() => void)[]>();

  add(zxid: Zxid, resume: () => void): void {
    const others = this.waiting.get(zxid);
    if (others === undefined) this.waiting.set(zxid, [resume]);
    else others.push(resume);
  }

  /** Whether a sync waits for this one. */
  has(zxid: Zxid): boolean {
    return this.waiting.has(zxid);
  }

  committed(zxid: Zxid): void {
    const waiting = this.waiting.get(zxid);
    if (waiting === undefined) return;
    this.waiting.delete(zxid);
    for (const resume of waiting) resume();
  }
}
