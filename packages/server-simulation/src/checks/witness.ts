import type { ReplyHeader, WatcherEvent } from '@zk/jute';
import { ErrorCode, counterOf, epochOf, hex64 } from '@zk/model';
import type { PendingCall } from '../clients/calls.js';
import type { SessionClient, SessionObserver } from '../clients/session-client.js';
import { checkAnswer, isWrite } from './answers.js';
import { ClientHistories } from './client-histories.js';
import type { CommittedHistory } from './committed-history.js';
import type { KnownTxn } from './model-tree.js';
import { type InvariantName, Violation } from './violation.js';
import { WatchBook } from './watch-book.js';

/** What is known of one session from its client's side. */
interface SeenSession {
  readonly id: bigint;
  readonly watches: WatchBook;
  /** zxid of the newest reply. */
  last: bigint;
  /** What a sync has promised to reads behind it. */
  freshFrom: bigint;
  heardMs: number;
  hasAskedForEnd: boolean;
}

/** What was true when a request was sent. */
interface Sending {
  readonly atMs: number;
  readonly acknowledged: bigint;
  /** Last zxid that the client had seen. */
  readonly relative: bigint;
}

export interface WitnessOptions {
  readonly nowMs: () => number;
  readonly sessionTimeoutMs: number;
  /** How much sooner than its timeout after a reply a session may expire: what a server has heard, its leader has not. */
  readonly expirySlackMs: number;
  /** How far the server at that address is. */
  readonly lastZxidOf: (address: string) => bigint;
  readonly note: (text: () => string) => void;
}

/** Looks over the shoulders of all clients and holds what they see against what is committed. */
export class Witness implements SessionObserver {
  /** Writes acknowledged, and reads answered, so far. */
  acknowledged = 0;
  answered = 0;
  events = 0;
  readonly histories = new ClientHistories();
  private newestAcknowledged = 0n;
  private readonly sessions = new Map<bigint, SeenSession>();
  private readonly sendings = new Map<PendingCall, Sending>();

  constructor(
    private readonly history: CommittedHistory,
    private readonly options: WitnessOptions,
  ) {}

  connecting(client: SessionClient): void {
    this.note(client, () => `asks ${client.connectedTo} for its session`);
  }

  connected(client: SessionClient): void {
    const session = this.session(client);
    this.note(client, () => `is connected to ${client.connectedTo}`);
    session.freshFrom = 0n;
    const lists = session.watches.reconnected();
    if (session.watches.size === 0) return;
    client.call({ name: 'setWatches2', request: { relativeZxid: client.lastZxid, ...lists } });
  }

  refused(client: SessionClient): void {
    this.note(client, () => `is refused`);
    if (client.sessionId === 0n || this.history.isEnding(client.sessionId)) return;
    if (this.isUnheardOf(client)) return;
    this.fail('RefusedIsOver', client, 'is refused, and nobody has ended its session');
  }

  disconnected(client: SessionClient, unanswered: readonly PendingCall[]): void {
    this.note(client, () => `is disconnected with ${unanswered.length} requests unanswered`);
    for (const call of unanswered) {
      this.histories.lost(call, this.sendings.get(call)!.atMs);
      this.sendings.delete(call);
    }
  }

  sent(client: SessionClient, call: PendingCall): void {
    const acknowledged = this.newestAcknowledged;
    this.sendings.set(call, { atMs: this.options.nowMs(), acknowledged, relative: client.lastZxid });
    if (call.name === 'closeSession') this.session(client).hasAskedForEnd = true;
    this.note(client, () => `sends ${call.xid} ${call.name} ${JSON.stringify(call.request, printable)}`);
  }

  replied(client: SessionClient, call: PendingCall | undefined, header: ReplyHeader, body: Uint8Array): void {
    const { xid, err, zxid } = header;
    this.note(client, () => `gets ${xid}: error ${err}, zxid 0x${hex64(zxid)}`);
    if (call?.xid !== xid) return this.fail('RepliesInOrder', client, `gets ${xid} instead of ${call?.xid}`);
    const sending = this.sendings.get(call)!;
    this.sendings.delete(call);
    const session = this.session(client);
    const shown = this.normal(zxid);
    this.checkOrder(client, session, shown, zxid);
    // The server has heard of it then or later.
    session.heardMs = sending.atMs;
    this.checkAlive(client, call, shown);
    if (call.name === 'setWatches2') session.watches.caughtUp(sending.relative, shown);
    else session.watches.shown(shown);
    const problem = checkAnswer(this.history.tree, call, { err, zxid: shown, body });
    if (problem !== undefined) this.fail(problem.invariant, client, `${call.name} ${xid}: ${problem.detail}`);
    this.histories.finished({ call, startMs: sending.atMs, endMs: this.options.nowMs(), err, zxid: shown, body });
    if (isWrite(call)) this.wrote(client, sending, err, shown);
    else this.read(client, session, call, sending, err, zxid);
  }

  notified(client: SessionClient, event: WatcherEvent, zxid: bigint): void {
    this.note(client, () => `is told ${event.type} of ${event.path} at 0x${hex64(zxid)}`);
    this.events++;
    this.session(client).watches.notified(event, zxid);
  }

  /** A transaction is committed that ends a session. @throws Violation */
  sessionEnded({ session: id, zxid }: KnownTxn, proposedMs: number): void {
    const seen = this.sessions.get(id);
    if (seen === undefined || seen.hasAskedForEnd) return;
    const silentMs = proposedMs - seen.heardMs;
    const { sessionTimeoutMs, expirySlackMs } = this.options;
    if (silentMs >= sessionTimeoutMs - expirySlackMs) return;
    const what = `session 0x${hex64(id)} expires at 0x${hex64(zxid)}`;
    throw new Violation('NoEarlyExpiry', `${what}, ${silentMs.toFixed(0)} ms after its client was heard of`);
  }

  /**
   * A leader that does not know yet that it is deposed knows no session of the next one's either, and from a client that has
   * seen no reply it cannot learn that it is behind: the same in Apache ZooKeeper.
   */
  private isUnheardOf({ sessionId, lastZxid, connectedTo }: SessionClient): boolean {
    const createdZxid = this.history.tree.sessions.get(sessionId)?.createdZxid;
    if (createdZxid === undefined || lastZxid >= createdZxid) return false;
    return this.options.lastZxidOf(connectedTo) < createdZxid;
  }

  private wrote(client: SessionClient, sending: Sending, err: number, zxid: bigint): void {
    if (err !== ErrorCode.OK) return;
    this.acknowledged++;
    if (zxid <= sending.acknowledged) {
      const before = `0x${hex64(sending.acknowledged)} was acknowledged before it began`;
      this.fail('RealTimeOrder', client, `has a write acknowledged as 0x${hex64(zxid)}, and ${before}`);
    }
    if (zxid > this.newestAcknowledged) this.newestAcknowledged = zxid;
  }

  private read(
    client: SessionClient,
    session: SeenSession,
    call: PendingCall,
    sending: Sending,
    err: number,
    zxid: bigint,
  ): void {
    this.answered++;
    const shown = this.normal(zxid);
    // A leader that does not know yet that it is deposed answers for its own epoch, as in Apache ZooKeeper.
    if (shown < session.freshFrom && epochOf(session.freshFrom) <= epochOf(zxid))
      this.fail('SyncIsFresh', client, `is shown 0x${hex64(zxid)} behind a sync to 0x${hex64(session.freshFrom)}`);
    if (call.name === 'sync' && err === ErrorCode.OK) session.freshFrom = sending.acknowledged;
    const watched = watchOf(call, err);
    if (watched !== undefined) session.watches.arm(watched.path, watched.isOfChildren, shown);
    if (call.name === 'addWatch' && err === ErrorCode.OK)
      session.watches.persistent.arm(call.request.path, call.request.mode, shown);
  }

  private checkOrder(client: SessionClient, session: SeenSession, shown: bigint, zxid: bigint): void {
    if (shown > this.history.last) this.fail('OneHistory', client, `is shown 0x${hex64(zxid)}, which is not committed`);
    if (shown < session.last) this.fail('SessionOrder', client, `gets 0x${hex64(zxid)} after 0x${hex64(session.last)}`);
    session.last = shown;
  }

  private checkAlive(client: SessionClient, call: PendingCall, zxid: bigint): void {
    const closed = this.history.tree.sessions.get(client.sessionId)?.closedZxid;
    if (closed === undefined || zxid < closed || call.name === 'closeSession') return;
    this.fail('SessionIsServedAlive', client, `is served at 0x${hex64(zxid)}, its session ended at 0x${hex64(closed)}`);
  }

  /** The zxid that a new leader begins with stands for the last one of its history. */
  private normal(zxid: bigint): bigint {
    return counterOf(zxid) === 0 ? this.history.baseOf(epochOf(zxid)) : zxid;
  }

  private session(client: SessionClient): SeenSession {
    const id = client.sessionId;
    const known = this.sessions.get(id);
    if (known !== undefined) return known;
    const who = `${client.options.name} (session 0x${hex64(id)})`;
    const watches = new WatchBook(this.history.tree, who);
    const heardMs = this.options.nowMs();
    const session = { id, watches, last: 0n, freshFrom: 0n, heardMs, hasAskedForEnd: false };
    this.sessions.set(id, session);
    return session;
  }

  private fail(invariant: InvariantName, client: SessionClient, detail: string): void {
    throw new Violation(invariant, `${client.options.name} (session 0x${hex64(client.sessionId)}) ${detail}`);
  }

  private note(client: SessionClient, text: () => string): void {
    this.options.note(() => `${client.options.name} ${text()}`);
  }
}

/** The watch that a read has set, given its reply. */
function watchOf(call: PendingCall, err: number): { path: string; isOfChildren: boolean } | undefined {
  if (call.name !== 'getData' && call.name !== 'exists' && call.name !== 'getChildren') return undefined;
  const { path, watch } = call.request;
  if (!watch || path === null) return undefined;
  const isSet = err === ErrorCode.OK || (call.name === 'exists' && err === ErrorCode.NONODE);
  return isSet ? { path, isOfChildren: call.name === 'getChildren' } : undefined;
}

const SHOWN_BYTES = 40;

function printable(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `0x${hex64(value)}`;
  return value instanceof Uint8Array ? new TextDecoder().decode(value.subarray(0, SHOWN_BYTES)) : value;
}
