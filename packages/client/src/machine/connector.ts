import type { ServerAddress } from '../connection-string.js';
import type { FailedAttempt, MachineOutputs, MachineParts } from './machine-ports.js';
import type { Servers } from './servers.js';
import type { SessionKeeper } from './session-keeper.js';

type Stage = 'resting' | 'resolving' | 'dialing' | 'dialed';

const KEPT_ATTEMPTS = 20;

/**
 * The way to a connection: rest, look up a name, dial its addresses one after the other. Each attempt has a number, by
 * which answers that come too late are known, and a deadline that covers whatever follows the dialling too, until a
 * session is granted: a server that accepts connections and then says nothing is a server that is down.
 */
export class Connector {
  /** The latest ones since the last connection. */
  failedAttempts: FailedAttempt[] = [];
  attempt = 0;
  private stage: Stage = 'resting';
  private restUntilMs = Infinity;
  private deadlineMs = Infinity;

  constructor(
    private readonly servers: Servers,
    private readonly sessions: SessionKeeper,
    private readonly parts: Pick<MachineParts, 'options' | 'metrics' | 'logger' | 'clock'>,
    private readonly outputs: MachineOutputs,
  ) {}

  /** The server that is, or was last, dialled. */
  get server(): ServerAddress {
    return this.servers.server;
  }

  get isDialed(): boolean {
    return this.stage === 'dialed';
  }

  /** When something has to be done, unless there is a session by then. */
  get dueMs(): number {
    return this.stage === 'resting' ? this.restUntilMs : this.deadlineMs;
  }

  begin(): void {
    const { host } = this.servers.advance();
    this.start('resolving');
    this.outputs.resolve(this.attempt, host);
  }

  resolved(attempt: number, addresses: readonly string[]): void {
    if (attempt !== this.attempt || this.stage !== 'resolving') return;
    this.servers.resolved(addresses);
    const address = this.servers.takeAddress();
    if (address === undefined) this.fail(new Error(`${this.server.host} has no address`));
    else this.dial(address);
  }

  /** The look-up, or the dialling, failed. */
  failed(attempt: number, error: Error): void {
    if (attempt === this.attempt && (this.stage === 'resolving' || this.stage === 'dialing')) this.fail(error);
  }

  /** @returns whether this is the connection that is wanted */
  dialed(attempt: number): boolean {
    if (attempt !== this.attempt || this.stage !== 'dialing') return false;
    this.stage = 'dialed';
    return true;
  }

  /** The attempt came to nothing: another address of the same server is next, or a rest and another server. */
  fail(error: Error): void {
    const { server } = this;
    this.outputs.hangUp(this.attempt, false);
    this.parts.metrics.failedAttempts++;
    this.failedAttempts = [...this.failedAttempts.slice(1 - KEPT_ATTEMPTS), { server, error }];
    this.parts.logger.info({ host: server.host, port: server.port, err: error }, 'could not connect to a server');
    const address = this.servers.takeAddress();
    if (address !== undefined) this.dial(address);
    else this.rest(this.servers.failed(this.sessions.longestRestMs));
  }

  /** A connection was lost. */
  startOver(hasLasted: boolean): void {
    this.outputs.hangUp(this.attempt, false);
    const { longestRestMs } = this.sessions;
    this.rest(hasLasted ? this.servers.lost(longestRestMs) : this.servers.failed(longestRestMs));
  }

  /** At once, at the same server. */
  repeat(): void {
    this.outputs.hangUp(this.attempt, false);
    this.servers.prefer(this.server);
    this.begin();
  }

  /** No connection is wanted any more. */
  stop(isInOrder: boolean): void {
    this.outputs.hangUp(this.attempt, isInOrder);
    this.attempt++;
    this.stage = 'resting';
    this.restUntilMs = Infinity;
  }

  /** Time has come. */
  due(nowMs: number): void {
    if (nowMs < this.dueMs) return;
    if (this.stage === 'resting') this.begin();
    else this.fail(new Error(`no session within ${this.parts.options.connectTimeoutMs} ms`));
  }

  private dial(address: string): void {
    this.start('dialing');
    this.outputs.dial(this.attempt, address, this.server);
  }

  private start(stage: Stage): void {
    this.attempt++;
    this.stage = stage;
    this.deadlineMs = this.parts.clock.monotonicMs() + this.parts.options.connectTimeoutMs;
  }

  private rest(delayMs: number): void {
    this.attempt++;
    this.stage = 'resting';
    const nowMs = this.parts.clock.monotonicMs();
    const { lastCallMs } = this.sessions;
    this.restUntilMs = nowMs + delayMs;
    // Guard of 'no pause goes past the last moment for its session' in connection-machine.spec.ts.
    if (nowMs < lastCallMs) this.restUntilMs = Math.min(this.restUntilMs, lastCallMs);
  }
}
