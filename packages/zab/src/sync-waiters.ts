import type { Zxid } from '@zk/model';

/** Clients' syncs at a leader: each waits for the transaction that was the last one proposed when it came. */
export class SyncWaiters {
  private readonly waiting = new Map<Zxid, (() => void)[]>();

  add(zxid: Zxid, resume: () => void): void {
    const others = this.waiting.get(zxid);
    if (others === undefined) this.waiting.set(zxid, [resume]);
    else others.push(resume);
  }

  /** Everything up to this one is committed. */
  committed(upTo: Zxid): void {
    // In the order of their zxids: each came when that was the last one.
    for (const [zxid, waiting] of this.waiting) {
      if (zxid > upTo) return;
      this.waiting.delete(zxid);
      for (const resume of waiting) resume();
    }
  }
}
