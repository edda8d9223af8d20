import type { Session } from '@zk/session';
import type { Client } from './client.js';

/** A request that was passed on and whose outcome has not come back yet. Pooled. */
export class ForwardedRequest {
  session: Session | null = null;
  /** Who waits for the reply. */
  client: Client | null = null;
  /** A later connection of the same session, whose reads wait for it too. */
  heir: Client | null = null;
  xid = 0;
  type = 0;
  arrivalMs = 0;
  next: ForwardedRequest | null = null;
}

class Line {
  first: ForwardedRequest | null = null;
  last: ForwardedRequest | null = null;
}

/**
 * Requests that the leader decides on, in the order in which each session sent them: in that order their outcomes come
 * back.
 */
export class ForwardedRequests {
  private readonly lines = new Map<Session, Line>();
  private spare: ForwardedRequest | null = null;
  private total = 0;

  get count(): number {
    return this.total;
  }

  add(session: Session, client: Client | null, xid: number, type: number, nowMs: number): ForwardedRequest {
    const request = this.spare ?? new ForwardedRequest();
    this.spare = request.next;
    request.session = session;
    request.client = client;
    request.xid = xid;
    request.type = type;
    request.arrivalMs = nowMs;
    request.next = null;
    let line = this.lines.get(session);
    if (line === undefined) this.lines.set(session, (line = new Line()));
    if (line.last === null) line.first = request;
    else line.last.next = request;
    line.last = request;
    this.total++;
    return request;
  }

  /** Whether the session waits for something. */
  has(session: Session): boolean {
    return (this.lines.get(session)?.first ?? null) !== null;
  }

  /**
   * Takes the request with this xid off, if there is one; {@link release} must follow. Older ones of its session have been
   * passed over: they are taken off too and handed to `passedOver`.
   */
  take(session: Session, xid: number, passedOver: (request: ForwardedRequest) => void): ForwardedRequest | null {
    const line = this.lines.get(session);
    if (line === undefined || !holds(line, xid)) return null;
    for (;;) {
      const request = line.first!;
      line.first = request.next;
      if (line.first === null) line.last = null;
      this.total--;
      if (request.xid === xid) return request;
      passedOver(request);
    }
  }

  release(request: ForwardedRequest): void {
    request.session = request.client = request.heir = null;
    request.next = this.spare;
    this.spare = request;
  }

  /** From the oldest to the newest. */
  forEachOf(session: Session, visit: (request: ForwardedRequest) => void): void {
    let request = this.lines.get(session)?.first ?? null;
    for (; request !== null; request = request.next) visit(request);
  }

  /** Takes everything off that the session waits for, from the oldest to the newest; {@link release} must follow for each. */
  takeAll(session: Session, visit: (request: ForwardedRequest) => void): void {
    let request = this.lines.get(session)?.first ?? null;
    this.forget(session);
    while (request !== null) {
      // Released, it is part of another list.
      const { next } = request;
      visit(request);
      request = next;
    }
  }

  /** The session is gone, and whatever it waited for with it. */
  forget(session: Session): void {
    this.forEachOf(session, () => this.total--);
    this.lines.delete(session);
  }

  clear(): void {
    this.lines.clear();
    this.total = 0;
  }
}

/** Nearly always the first one, if any. */
function holds(line: Line, xid: number): boolean {
  for (let request = line.first; request !== null; request = request.next) if (request.xid === xid) return true;
  return false;
}
