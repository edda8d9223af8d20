/**
 * One client that writes without a pause, one write at a time, and goes to another server when it must, with its session:
 * what an application sees of a failover. It notes when each write was acknowledged.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type ConnectOptions, ConnectionLost, RawClient, SessionRefused } from '../lib/raw-client.js';
import { body, ErrorCode, Op } from '../lib/wire.js';

const SESSION_TIMEOUT_MS = 30_000;
const CONNECT_DEADLINE_MS = 2_000;
/** After every server has refused once. */
const PAUSE_MS = 5;

export class SteadyWriter {
  /** Sessions that did not survive; a failover ends none. */
  lostSessions = 0;
  private readonly acknowledgedAt: number[] = [];
  private client: RawClient | undefined;
  private ticket: RawClient['ticket'] | undefined;
  private lastZxid = 0n;
  private turn = 0;
  private isStopping = false;
  private ended: Promise<void> = Promise.resolve();

  private constructor(
    private readonly ports: readonly number[],
    private readonly path: string,
    private readonly data: Buffer,
  ) {}

  /** Writes to the znode `path`, made anew, through the first of `ports`, the next ones while that one does not serve. */
  static async start(ports: readonly number[], path: string, dataBytes: number): Promise<SteadyWriter> {
    const writer = new SteadyWriter(ports, path, Buffer.alloc(dataBytes, 'w'));
    const client = await writer.connect();
    await client.request(Op.delete, body.delete(path));
    await client.request(Op.create, body.create(path, writer.data));
    writer.ended = writer.run();
    return writer;
  }

  get acknowledged(): number {
    return this.acknowledgedAt.length;
  }

  /** The longest time between two acknowledgements of which the later came after `sinceMs` (`performance.now`). */
  longestGapMs(sinceMs: number): number {
    let longest = 0;
    this.acknowledgedAt.forEach((at, i) => {
      if (at >= sinceMs) longest = Math.max(longest, at - (this.acknowledgedAt[i - 1] ?? sinceMs));
    });
    return longest;
  }

  /** Resolves when `count` more writes are acknowledged. Throws Error after the deadline. */
  async waitFor(count: number, deadlineMs: number): Promise<void> {
    const goal = this.acknowledged + count;
    const deadline = performance.now() + deadlineMs;
    while (this.acknowledged < goal) {
      if (performance.now() > deadline) throw new Error(`no write was acknowledged for ${deadlineMs} ms`);
      await delay(PAUSE_MS);
    }
  }

  /** Ends the session. Resolves with how many acknowledged writes the ensemble does not know any more. */
  async stop(): Promise<number> {
    this.isStopping = true;
    await this.ended;
    const client = this.client ?? (await this.connect());
    await client.request(Op.sync, body.path(this.path));
    const reply = await client.request(Op.setData, body.setData(this.path, this.data));
    const version = reply.error === ErrorCode.ok ? reply.payload.readInt32BE(VERSION_AT) : 0;
    await client.close();
    return Math.max(0, this.acknowledged - (version - 1));
  }

  private async run(): Promise<void> {
    while (!this.isStopping) {
      try {
        this.client ??= await this.connect();
        const reply = await this.client.request(Op.setData, body.setData(this.path, this.data));
        if (reply.error === ErrorCode.ok) this.acknowledgedAt.push(performance.now());
        this.lastZxid = this.client.lastZxid;
      } catch (error) {
        if (!(error instanceof ConnectionLost)) throw error;
        this.client = undefined;
      }
    }
  }

  /** Tries one server after the other until one takes the session. */
  private async connect(): Promise<RawClient> {
    for (;;) {
      const port = this.ports[this.turn % this.ports.length] ?? 0;
      try {
        const client = await RawClient.open(this.connectOptions(port));
        this.ticket = client.ticket;
        this.client = client;
        return client;
      } catch (error) {
        if (error instanceof SessionRefused) this.forgetSession();
        else if (!(error instanceof ConnectionLost)) throw error;
        this.turn++;
        if (this.turn % this.ports.length === 0) await delay(PAUSE_MS);
      }
    }
  }

  private connectOptions(port: number): ConnectOptions {
    return {
      port,
      timeoutMs: SESSION_TIMEOUT_MS,
      connectDeadlineMs: CONNECT_DEADLINE_MS,
      lastZxidSeen: this.lastZxid,
      ...(this.ticket === undefined ? {} : { session: this.ticket }),
    };
  }

  private forgetSession(): void {
    this.lostSessions++;
    this.ticket = undefined;
  }
}

/** In a Stat: czxid, mzxid, ctime and mtime come first. */
const VERSION_AT = 32;
