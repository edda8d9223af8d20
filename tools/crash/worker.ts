/**
 * One session that writes as fast as it is answered, and knows exactly what its subtree must look like. Requests of one
 * session take effect in order: after a crash the subtree must equal the acknowledged state plus some number of the
 * requests in flight, from the first on. Nothing else will do.
 */
import { ConnectionLost, RawClient, SessionRefused, type Reply } from '../lib/raw-client.js';
import type { SeededRandom } from '../lib/random.js';
import { Op, type SessionTicket } from '../lib/wire.js';
import { SubtreeModel, type ActualNode } from './model.js';
import { planOperation, type PlannedOperation } from './operations.js';
import type { SharedModel } from './shared.js';

export interface WorkerSettings {
  readonly outstanding: number;
  readonly sessionTimeoutMs: number;
  readonly complain: (what: string) => void;
  /** False from the moment of the kill: only then may a connection end without having been closed. */
  readonly isServerUp: () => boolean;
}

export class Worker {
  acknowledged = 0;
  /** Highest zxid in any reply to this worker. */
  highestZxid = 0n;
  readonly root: string;
  /** Sessions whose end was acknowledged: none may come back. */
  readonly closedSessions: SessionTicket[] = [];

  private client: RawClient | undefined;
  private ticket: SessionTicket | undefined;
  private confirmed: SubtreeModel;
  private predicted: SubtreeModel;
  private readonly inFlight: PlannedOperation[] = [];
  private closing: PlannedOperation | undefined;
  private wasRefused = false;
  private isStopping = false;
  private counter = 0;

  constructor(
    readonly index: number,
    rootZxid: bigint,
    private readonly random: SeededRandom,
    private readonly shared: SharedModel,
    private readonly settings: WorkerSettings,
  ) {
    this.root = `/crash/w${index}`;
    this.confirmed = SubtreeModel.fresh(this.root, rootZxid);
    this.predicted = this.confirmed.clone();
  }

  get inFlightCount(): number {
    return this.inFlight.length;
  }

  /** Re-attaches to the session that must have survived, or opens a new one. To be followed by `verify`. */
  async connect(port: number): Promise<void> {
    const options = { port, timeoutMs: this.settings.sessionTimeoutMs, lastZxidSeen: this.highestZxid };
    this.wasRefused = false;
    if (this.ticket !== undefined) {
      try {
        this.client = await RawClient.open({ ...options, session: this.ticket });
        return;
      } catch (error) {
        if (!(error instanceof SessionRefused)) throw error;
        if (this.closing === undefined)
          this.settings.complain(`worker ${this.index}: ${error.message}, though never closed`);
        this.wasRefused = true;
      }
    }
    this.client = await RawClient.open(options);
    this.ticket = this.client.ticket;
  }

  /** Writes until the connection ends for good, or until `stop`. */
  async run(port: number): Promise<void> {
    this.isStopping = false;
    for (;;) {
      const { client } = this;
      if (client === undefined) return;
      this.fillWindow(client);
      await client.closed;
      const endedItself = this.ticket === undefined;
      if (!endedItself) {
        if (this.settings.isServerUp())
          this.settings.complain(`worker ${this.index}: connection dropped by a running server`);
        return;
      }
      if (this.isStopping) return;
      try {
        await this.connect(port);
      } catch (error) {
        if (error instanceof ConnectionLost) return;
        throw error;
      }
    }
  }

  /** No new requests; what is in flight may still be answered. */
  stop(): void {
    this.isStopping = true;
  }

  disconnect(): void {
    this.client?.destroy();
  }

  /** Ends the session and expects its ephemerals to go with it. */
  async finish(): Promise<void> {
    await this.client?.close();
    if (this.ticket !== undefined) this.confirmed.closeSession(this.ticket.id, undefined);
    this.ticket = undefined;
    this.predicted = this.confirmed.clone();
  }

  /** Compares with the restarted server, after `connect`. Returns a complaint, or takes over what was in flight. */
  verify(actual: ReadonlyMap<string, ActualNode>): string | undefined {
    const candidate = this.confirmed.clone();
    const wasInFlight = this.inFlight.splice(0);
    const { closing } = this;
    this.closing = undefined;
    // closeSession is the last request of its session. If the session is gone, all before it took effect as well.
    const mayBeMissing = closing !== undefined && this.wasRefused ? 0 : wasInFlight.length;
    const usable = closing !== undefined && !this.wasRefused ? wasInFlight.slice(0, -1) : wasInFlight;
    let applied = 0;
    const fits = (): string | undefined =>
      wasInFlight.length - applied > mayBeMissing ? 'the session is closed' : candidate.difference(actual);
    const first = fits();
    let difference = first;
    while (difference !== undefined && applied < usable.length) {
      usable[applied++]?.apply(candidate, undefined);
      difference = fits();
    }
    if (difference !== undefined) {
      return `${first ?? ''}; no prefix of the ${wasInFlight.length} requests in flight explains it (with all: ${difference})`;
    }
    candidate.learn(actual);
    this.confirmed = candidate;
    this.predicted = candidate.clone();
    return undefined;
  }

  private fillWindow(client: RawClient): void {
    const { ticket } = this;
    if (this.isStopping || ticket === undefined) return;
    while (this.closing === undefined && this.inFlight.length < this.settings.outstanding) {
      const label = `w${this.index}-${this.counter++}`;
      const operation = this.next(label, ticket.id);
      operation.apply(this.predicted, undefined);
      this.inFlight.push(operation);
      client.request(operation.type, operation.body).then(
        (reply) => this.replied(client, operation, reply),
        () => undefined, // stays in flight: its outcome shows after the restart
      );
    }
  }

  private next(label: string, session: bigint): PlannedOperation {
    const roll = this.random.below(1000);
    if (roll < 40) return this.shared.planCounter(label);
    if (roll < 80) return this.shared.planSequence(label);
    if (roll < 82 && this.counter > 20) {
      this.closing = {
        what: 'closeSession',
        type: Op.closeSession,
        body: new Uint8Array(0),
        apply: (model, zxid) => model.closeSession(session, zxid),
        judge: (reply) => (reply.error === 0 ? undefined : `error ${reply.error}`),
      };
      return this.closing;
    }
    return planOperation(this.random, this.predicted, session, label);
  }

  private replied(client: RawClient, operation: PlannedOperation, reply: Reply): void {
    const head = this.inFlight.shift();
    if (head !== operation)
      this.settings.complain(`worker ${this.index}: the reply to ${operation.what} overtook another`);
    this.acknowledged++;
    if (reply.zxid > this.highestZxid) this.highestZxid = reply.zxid;
    const complaint = operation.judge(reply);
    if (complaint !== undefined) this.settings.complain(`worker ${this.index}: ${operation.what}: ${complaint}`);
    operation.apply(this.confirmed, reply.zxid);
    if (operation === this.closing) {
      this.closing = undefined;
      if (this.ticket !== undefined) this.closedSessions.push(this.ticket);
      this.ticket = undefined;
      return;
    }
    this.fillWindow(client);
  }
}
