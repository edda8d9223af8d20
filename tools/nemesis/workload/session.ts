/**
 * A session that moves from member to member, as a real client does: it goes elsewhere when its connection ends or
 * nobody answers in time, sets its watches again, and begins anew when it has expired.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { SeededRandom } from '../../lib/random.js';
import { RawClient, ConnectionLost, SessionRefused, type Notification, type Reply } from '../../lib/raw-client.js';
import { ByteWriter, ErrorCode, Op, type SessionTicket } from '../../lib/wire.js';
import type { History } from './history.js';

export interface Endpoint {
  readonly member: number;
  readonly host: string;
  readonly port: number;
}

/** A reply, and where in everything that the session received it stands. */
export interface Answer extends Reply {
  readonly streamOrder: number;
}

interface Connection {
  readonly client: RawClient;
  readonly session: bigint;
  /** Added to the order of what came over it. */
  readonly base: number;
}

const NODE_DATA_CHANGED = 3;
const SET_WATCHES_XID = -8;
const SESSION_MOVED = -118;
const CONNECT_DEADLINE_MS = 1_500;
const RETRY_MS = 50;
/** More than one connection ever receives. */
const ORDERS_PER_CONNECTION = 2 ** 32;

export class WorkSession {
  /** 0n while there is none. */
  id = 0n;
  member = 0;
  private connection: Connection | undefined;
  private ticket: SessionTicket | undefined;
  private lastZxid = 0n;
  private watched = new Set<string>();
  private onChange: (() => void) | undefined;

  constructor(
    private readonly endpoints: readonly Endpoint[],
    private readonly random: SeededRandom,
    private readonly history: History,
    private readonly timeoutMs: number,
    private readonly nextConnection: () => number,
  ) {}

  /** Resolves when a member serves the session; tries one after the other until `isWanted` says no. */
  async ready(isWanted: () => boolean): Promise<boolean> {
    while (isWanted()) {
      if (this.isConnected) return true;
      if (await this.connect(this.random.pick(this.endpoints))) return true;
      await delay(RETRY_MS);
    }
    return this.isConnected;
  }

  /** Throws ConnectionLost when the result is unknown: the connection ended, or nobody answered in time. */
  async request(type: number, body?: Uint8Array): Promise<Answer> {
    if (this.connection === undefined) throw new ConnectionLost('no connection');
    const { client, session, base } = this.connection;
    const overdue = setTimeout(() => client.destroy(), (this.timeoutMs * 2) / 3);
    try {
      const reply = await client.request(type, body);
      const streamOrder = base + reply.order;
      if (reply.error === ErrorCode.sessionExpired || reply.error === SESSION_MOVED) client.destroy();
      else this.history.events.push({ session, order: streamOrder, what: 'reply', zxid: reply.zxid });
      return { ...reply, streamOrder };
    } finally {
      clearTimeout(overdue);
    }
  }

  /** From now on the watch of `path` is set again on each new connection, until it fires. */
  watches(path: string): void {
    this.watched.add(path);
  }

  /** Resolves with the next notification of whatever kind, and after `limitMs` in any case. */
  async changed(limitMs: number): Promise<void> {
    const abort = new AbortController();
    const change = new Promise<void>((resolve) => (this.onChange = resolve));
    await Promise.race([change, delay(limitMs, undefined, { signal: abort.signal }).catch(() => undefined)]);
    abort.abort();
    this.onChange = undefined;
  }

  /** Ends the session; where that is not acknowledged it is left to expire. */
  async close(): Promise<void> {
    const session = this.id;
    if (session === 0n) return;
    const isClosed = await this.request(Op.closeSession).then(
      ({ error }) => error === ErrorCode.ok,
      () => false,
    );
    this.forget(isClosed);
    this.history.line({ what: 'session end', session, isAcknowledged: isClosed });
  }

  /** Drops the connection without a word: the session is left to expire. */
  abandon(): void {
    this.history.line({ what: 'session abandoned', session: this.id });
    this.forget(false);
  }

  private forget(isClosed: boolean): void {
    if (this.id !== 0n) (isClosed ? this.history.ended : this.history.abandoned).add(this.id);
    this.connection?.client.destroy();
    this.connection = undefined;
    this.ticket = undefined;
    this.id = 0n;
    this.lastZxid = 0n;
    this.watched = new Set();
  }

  private get isConnected(): boolean {
    return this.connection?.client.isOpen === true;
  }

  private async connect({ member, host, port }: Endpoint): Promise<boolean> {
    const heard = this.connection?.client.lastZxid ?? 0n;
    if (heard > this.lastZxid) this.lastZxid = heard;
    try {
      const client = await RawClient.open({
        host,
        port,
        timeoutMs: this.timeoutMs,
        lastZxidSeen: this.lastZxid,
        connectDeadlineMs: CONNECT_DEADLINE_MS,
        ...(this.ticket === undefined ? {} : { session: this.ticket }),
      });
      this.adopt(client, member);
      return true;
    } catch (error) {
      if (error instanceof SessionRefused) this.abandon();
      else if (!(error instanceof ConnectionLost)) throw error;
      return false;
    }
  }

  private adopt(client: RawClient, member: number): void {
    this.history.line({ what: 'connected', session: client.sessionId, member, lastZxid: this.lastZxid });
    const connection = { client, session: client.sessionId, base: this.nextConnection() * ORDERS_PER_CONNECTION };
    this.connection = connection;
    this.ticket = client.ticket;
    this.id = client.sessionId;
    this.member = member;
    client.onNotification = (notification) => this.notified(connection, notification);
    client.keepAlive(this.timeoutMs / 3);
    if (this.watched.size > 0) {
      const paths = [...this.watched];
      const body = new ByteWriter().int64(this.lastZxid).int32(paths.length);
      for (const path of paths) body.string(path);
      client.request(Op.setWatches, body.int32(0).int32(0).take(), SET_WATCHES_XID).catch(() => undefined);
    }
  }

  private notified({ session, base }: Connection, { type, path, order }: Notification): void {
    if (type === NODE_DATA_CHANGED) {
      this.watched.delete(path);
      this.history.events.push({ session, order: base + order, what: 'notified', path });
    }
    this.history.line({ what: 'notified', session, type, path });
    this.onChange?.();
  }
}
