import type { Session } from '@zk/session';
import type { Client } from './client.js';
import type { TxnChunk } from './txn-arena.js';

/** A transaction that was proposed and is not applied yet. Pooled. */
export class Pending {
  zxidHi = 0;
  zxidLo = 0;
  /** Who waits for the reply; null for the server's own requests. */
  client: Client | null = null;
  /** A later connection of the same session, whose reads wait for it too. */
  heir: Client | null = null;
  /** The session that createSession or closeSession is about. */
  session: Session | null = null;
  /** Nobody asked for the end of the session: it ran out of time. */
  isExpiry = false;
  xid = 0;
  /** The request's type, which an error transaction no longer shows. */
  type = 0;
  /** The reply code known since validation. */
  code = 0;
  chunk: TxnChunk | null = null;
  start = 0;
  end = 0;
  /** Changes of the overlay's log that are its own. */
  changes = 0;
  arrivalMs = 0;
}

/** First in, first out, without allocation in the long run. */
export class PendingQueue {
  private slots: Pending[] = Array.from({ length: 64 }, () => new Pending());
  private head = 0;
  private tail = 0;

  get length(): number {
    return this.tail - this.head;
  }

  /** A slot at the end, with the contents of an earlier use. */
  push(): Pending {
    if (this.length === this.slots.length) this.grow();
    return this.slots[this.tail++ & (this.slots.length - 1)]!;
  }

  peek(): Pending {
    return this.slots[this.head & (this.slots.length - 1)]!;
  }

  /** From the first to the last. */
  forEach(visit: (pending: Pending) => void): void {
    for (let i = this.head; i < this.tail; i++) visit(this.slots[i & (this.slots.length - 1)]!);
  }

  /** Takes the first one off. It stays intact until the next {@link push}. */
  shift(): void {
    this.head++;
    if (this.head === this.tail) this.head = this.tail = 0;
  }

  private grow(): void {
    const size = this.slots.length;
    const larger: Pending[] = [];
    for (let i = 0; i < size; i++) larger.push(this.slots[(this.head + i) & (size - 1)]!);
    for (let i = 0; i < size; i++) larger.push(new Pending());
    this.slots = larger;
    this.head = 0;
    this.tail = size;
  }
}
