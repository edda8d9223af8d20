import { type Zxid, compare64, int64 } from '@zk/model';

/**
 * The latest state that any server has shown: no server that is behind it may serve this client. Only replies count,
 * the zxids of events and of authentication do not.
 */
export class LastZxid {
  private hi = 0;
  private lo = 0;

  get value(): Zxid {
    return int64(this.hi, this.lo);
  }

  /** A new session has seen nothing: it may begin on servers that were restored to an earlier state. */
  forget(): void {
    this.hi = this.lo = 0;
  }

  seen(hi: number, lo: number): void {
    if (hi < 0 || compare64(hi, lo, this.hi, this.lo) <= 0) return;
    this.hi = hi;
    this.lo = lo;
  }
}
