/**
 * A session that goes from server to server: it re-attaches wherever somebody answers, and tells what became of each
 * request, which may be that nobody knows.
 */
import { setTimeout as delay } from 'node:timers/promises';

import { ConnectionLost, RawClient, SessionRefused } from '../../lib/raw-client.ts';
import type { Notification, Reply } from '../../lib/raw-client.ts';
import { ByteWriter, Op } from '../../lib/wire.ts';
import type { SessionTicket } from '../../lib/wire.ts';

export interface RovingOptions {
  /** Client ports on this machine; the first is tried first. */
  readonly ports: readonly number[];
  readonly timeoutMs: number;
  /** `user:password` of the digest scheme, given on every connection. */
  readonly auth?: string;
  /** Called on every connection, before anything else is sent on it. */
  readonly onAttached?: (client: RawClient) => void;
  readonly onNotification?: (notification: Notification) => void;
}

const CONNECT_DEADLINE_MS = 3_000;
const RECONNECT_DEADLINE_MS = 90_000;
const PAUSE_MS = 50;

export class RovingClient {
  /** Connections made so far. */
  attachments = 0;
  /** Highest zxid in any reply to this session: no server that knows less may serve it. */
  lastZxid = 0n;
  private next = 0;
  private client: RawClient | undefined;
  private ticket: SessionTicket | undefined;
  private attaching: Promise<RawClient> | undefined;
  /** What it does now is to end: a lost connection is not replaced by itself. */
  private isDone = false;
  private isAbandoned = false;

  private constructor(private readonly options: RovingOptions) {}

  static async open(options: RovingOptions): Promise<RovingClient> {
    const client = new RovingClient(options);
    await client.attached();
    return client;
  }

  get sessionId(): bigint {
    return this.ticket?.id ?? 0n;
  }

  get port(): number {
    return this.options.ports[this.next % this.options.ports.length] as number;
  }

  /**
   * Sends a request; undefined when the connection ended before the reply, so that it may or may not take effect.
   * Throws SessionRefused when the session is gone.
   */
  async attempt(type: number, requestBody?: Uint8Array): Promise<Reply | undefined> {
    const client = await this.attached();
    const overdue = setTimeout(() => client.destroy(), this.options.timeoutMs);
    try {
      const reply = await client.request(type, requestBody);
      if (reply.zxid > this.lastZxid) this.lastZxid = reply.zxid;
      return reply;
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
      return undefined;
    } finally {
      clearTimeout(overdue);
    }
  }

  /** Repeats a request that does no harm when it is repeated, until it is answered. */
  async ask(type: number, requestBody?: Uint8Array): Promise<Reply> {
    for (;;) {
      const reply = await this.attempt(type, requestBody);
      if (reply !== undefined) return reply;
    }
  }

  /** Leaves its server without a word, and goes on at the next one of its list. */
  move(): void {
    this.next += 1;
    this.client?.destroy();
  }

  /** Ends the session, wherever it is. */
  async close(): Promise<void> {
    this.isDone = true;
    for (;;) {
      try {
        if ((await this.attempt(Op.closeSession)) !== undefined) break;
      } catch (error) {
        // Closed by the request whose reply was lost.
        if (error instanceof SessionRefused) break;
        throw error;
      }
    }
    this.client?.destroy();
  }

  /** Leaves without a word: the session lives until it expires. */
  abandon(): void {
    this.isDone = true;
    this.isAbandoned = true;
    this.client?.destroy();
  }

  private attached(): Promise<RawClient> {
    if (this.client?.isOpen === true) return Promise.resolve(this.client);
    this.attaching ??= this.attach().finally(() => (this.attaching = undefined));
    return this.attaching;
  }

  private async attach(): Promise<RawClient> {
    const deadline = performance.now() + RECONNECT_DEADLINE_MS;
    for (;;) {
      try {
        return await this.attachTo(this.port);
      } catch (error) {
        if (!(error instanceof ConnectionLost)) throw error;
        if (performance.now() > deadline) throw new Error('no server took the session in', { cause: error });
        this.next += 1;
        await delay(PAUSE_MS);
      }
    }
  }

  private async attachTo(port: number): Promise<RawClient> {
    const { timeoutMs, auth } = this.options;
    const client = await RawClient.open({
      port,
      timeoutMs,
      connectDeadlineMs: CONNECT_DEADLINE_MS,
      lastZxidSeen: this.lastZxid,
      ...(this.ticket === undefined ? {} : { session: this.ticket }),
    });
    client.onNotification = (notification) => this.options.onNotification?.(notification);
    client.keepAlive(timeoutMs / 6);
    if (auth !== undefined) {
      const packet = new ByteWriter().int32(0).string('digest').string(auth).take();
      client.request(Op.auth, packet, -4).catch(() => undefined); // a lost connection is seen by the next request
    }
    this.options.onAttached?.(client);
    this.ticket = client.ticket;
    this.client = client;
    this.attachments += 1;
    if (this.isAbandoned) client.destroy();
    // An idle session has to be kept alive as well. What goes wrong is told to the next request.
    void client.closed.then(() => (this.isDone ? undefined : this.attached())).catch(() => undefined);
    return client;
  }
}
