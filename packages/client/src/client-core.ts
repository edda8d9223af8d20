import {
  type CallOptions,
  CancelledError,
  type ClientRuntime,
  type ClientSession,
  type ConnectionState,
  OperationTimeoutError,
  callOptionsDefect,
  durationMs,
} from '@zk/client-api';
import type { SaslExchange, Transport } from '@zk/contracts';
import type { RecordReader } from '@zk/jute';
import type { Zxid } from '@zk/model';
import { type CompleteOptions, authBytes } from './complete-options.js';
import type { ConnectionString } from './connection-string.js';
import { Driver } from './driver.js';
import { ConnectionMachine } from './machine/connection-machine.js';
import type { FailedAttempt, MachineListener } from './machine/machine-ports.js';
import type { Request } from './machine/request.js';
import { follow, unfollow } from './machine/signals.js';
import { type LiveSession, hexId } from './machine/session.js';
import { type ClientMetrics, MetricsRecorder } from './metrics.js';
import type { ClientLogger, Resolver } from './options.js';
import { SerialSubject } from './serial-subject.js';
import { WatchRegistry } from './watches/watch-registry.js';

export interface CoreParts {
  readonly servers: ConnectionString['servers'];
  readonly options: CompleteOptions;
  readonly runtime: ClientRuntime;
  readonly transport: Transport;
  readonly resolve: Resolver;
  readonly createSaslExchange: (() => SaslExchange) | undefined;
}

/** How long a call may take, and what cancels it. */
export interface CallLimits {
  readonly timeoutMs: number;
  readonly deadlineMs: number;
  readonly signal: AbortSignal | undefined;
}

/** What every view of one client shares: the connection, the session, the watches. */
export class ClientCore implements MachineListener {
  readonly runtime: ClientRuntime;
  readonly options: CompleteOptions;
  readonly logger: ClientLogger;
  readonly watches: WatchRegistry;
  readonly states = new SerialSubject<ConnectionState>();
  readonly sessions = new SerialSubject<ClientSession | undefined>();
  readonly ending = new AbortController();
  private readonly machine: ConnectionMachine;
  private readonly metricsRecorder = new MetricsRecorder();
  private readonly waiters = new Set<() => void>();

  constructor(parts: CoreParts) {
    const { options, runtime, servers, transport, resolve, createSaslExchange } = parts;
    const { logger } = options;
    const { clock, scheduler, random } = runtime;
    this.runtime = runtime;
    this.options = options;
    this.logger = logger;
    const driver = new Driver(transport, resolve, clock, scheduler, logger);
    const metrics = this.metricsRecorder;
    const machineParts = { options, servers, clock, random, logger, metrics, createSaslExchange };
    this.machine = new ConnectionMachine(machineParts, driver, this);
    driver.drive(this.machine);
    this.watches = new WatchRegistry(this, logger);
    this.states.next('connecting');
    this.sessions.next(undefined);
    this.machine.start();
  }

  get state(): ConnectionState {
    return this.machine.state;
  }

  get session(): LiveSession | undefined {
    return this.machine.session;
  }

  get isConnected(): boolean {
    return this.machine.isConnected;
  }

  get lastZxid(): Zxid {
    return this.machine.lastZxid;
  }

  get failedAttempts(): readonly FailedAttempt[] {
    return this.machine.failedAttempts;
  }

  get metrics(): ClientMetrics {
    const { queue } = this.machine;
    return this.metricsRecorder.snapshot({
      outstanding: queue.outstandingCount,
      waiting: queue.waitingCount,
      watches: this.watches.count,
    });
  }

  /** Why nothing can be asked for any more; undefined while it can. */
  endError(path?: string): Error | undefined {
    return this.machine.endError(path);
  }

  /** @throws RangeError for a timeout that is none, TypeError for options that are none */
  limitsOf(options: CallOptions | undefined): CallLimits {
    const timeoutMs = this.timeoutOf(options);
    return { timeoutMs, deadlineMs: this.runtime.clock.monotonicMs() + timeoutMs, signal: options?.signal };
  }

  /** Sends a request of a user's call. What is wrong with the options rejects it. */
  call(request: Request, options: CallOptions | undefined): void {
    try {
      request.timeoutMs = this.timeoutOf(options);
    } catch (error) {
      request.kind.abandoned?.(request);
      request.reject(error);
      return;
    }
    request.signal = options?.signal;
    request.submittedAtMs = this.runtime.clock.monotonicMs();
    request.deadlineMs = request.submittedAtMs + request.timeoutMs;
    this.send(request);
  }

  /** Sends one step of a call that takes several. */
  step(request: Request, limits: CallLimits): void {
    request.signal = limits.signal;
    request.timeoutMs = limits.timeoutMs;
    request.deadlineMs = limits.deadlineMs;
    request.submittedAtMs = this.runtime.clock.monotonicMs();
    this.send(request);
  }

  /** Sends a request of the client's own, without a deadline. */
  submit(request: Request): void {
    request.submittedAtMs = this.runtime.clock.monotonicMs();
    this.send(request);
  }

  submitFirst(request: Request): void {
    request.submittedAtMs = this.runtime.clock.monotonicMs();
    this.machine.submitFirst(request);
  }

  addCredential(scheme: string, auth: Uint8Array | string): Promise<void> {
    return new Promise((resolve, reject) => {
      const ended = this.endError();
      if (ended !== undefined) {
        reject(ended);
        return;
      }
      this.machine.addCredential({ scheme, auth: authBytes(scheme, auth).slice(), accepted: resolve });
    });
  }

  /**
   * Resolves once the test holds; it is made now, after every change of state, and when the promise has settled.
   * @throws CancelledError, OperationTimeoutError, or what ended the client
   */
  async until(test: () => boolean, limits: CallLimits, path?: string, also?: Promise<unknown>): Promise<void> {
    const { timeoutMs, deadlineMs, signal } = limits;
    const { clock, scheduler } = this.runtime;
    let wake: () => void = () => undefined;
    const look = (): void => wake();
    let isTooLate = false;
    const ring = (): void => {
      isTooLate = true;
      wake();
    };
    const leftMs = deadlineMs - clock.monotonicMs();
    const timer = deadlineMs === Infinity ? undefined : scheduler.after(Math.max(0, leftMs), ring);
    if (signal !== undefined) follow(signal, look);
    this.waiters.add(look);
    also?.then(look, look);
    try {
      while (!test()) {
        const ended = this.endError(path);
        if (ended !== undefined) throw ended;
        if (signal?.aborted) throw new CancelledError(path, signal.reason, false);
        if (isTooLate) throw new OperationTimeoutError(path, timeoutMs, false);
        await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      timer?.cancel();
      if (signal !== undefined) unfollow(signal, look);
      this.waiters.delete(look);
    }
  }

  /** @returns when the client is over */
  async close(keepsSession: boolean): Promise<void> {
    this.machine.close(keepsSession);
    if (this.machine.isOver) return;
    await new Promise<void>((resolve) => follow(this.ending.signal, resolve));
  }

  stateChanged(state: ConnectionState): void {
    this.states.next(state);
    if (this.machine.isOver) {
      this.states.complete();
      this.sessions.complete();
    }
    for (const wake of [...this.waiters]) wake();
  }

  sessionChanged(session: LiveSession | undefined): void {
    this.sessions.next(session);
  }

  established(_isSameSession: boolean, lastZxid: Zxid): void {
    this.watches.established(lastZxid);
  }

  announced(isSameSession: boolean): void {
    this.watches.announced(isSameSession);
  }

  connectionLost(): void {
    this.watches.connectionLost();
  }

  sessionLost(): void {
    this.watches.sessionLost();
  }

  notified(reader: RecordReader, zxid: Zxid): void {
    this.watches.notified(reader, zxid);
  }

  ended(error: Error): void {
    this.watches.ended(error);
    this.ending.abort(error);
  }

  private timeoutOf(options: CallOptions | undefined): number {
    const defect = callOptionsDefect(options);
    if (defect !== undefined) throw defect;
    return options?.timeout === undefined ? this.options.requestTimeoutMs : durationMs(options.timeout);
  }

  private send(request: Request): void {
    const { tracer } = this.options;
    this.metricsRecorder.requests++;
    if (tracer.isEnabled) {
      const { session } = this;
      request.trace = {
        op: request.kind.name,
        path: request.path,
        chroot: request.prefix,
        session: session === undefined ? undefined : hexId(session.id),
        xid: 0,
        zxid: undefined,
        error: undefined,
      };
      tracer.started(request.trace);
    }
    this.machine.submit(request);
  }
}
