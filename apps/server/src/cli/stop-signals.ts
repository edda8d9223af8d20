import type { Logger } from '@zk/contracts';
import { ExitCode } from './exit-codes.js';
import type { ProcessHost, StopSignal } from './io.js';

/**
 * One Ctrl-C may arrive twice: from the terminal, and handed on by npm. Only a signal later than this is a second one.
 */
const ECHO_MS = 500;

const FORCED_CODES: Readonly<Record<StopSignal, number>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

/**
 * SIGINT, SIGTERM and SIGHUP. The first one stops a server that serves in order, and one that is still starting at once; a
 * second one stops any at once.
 */
export class StopSignals {
  /** Resolves when a server that serves is to stop in order. */
  readonly asked: Promise<undefined>;
  /** Leaves signals to whoever listens otherwise. */
  readonly unsubscribe: () => void;
  private ask: () => void = () => undefined;
  private isServing = false;
  private firstMs: number | undefined;

  constructor(
    private readonly processes: ProcessHost,
    private readonly logger: Logger,
  ) {
    this.asked = new Promise((resolve) => (this.ask = () => resolve(undefined)));
    this.unsubscribe = processes.onSignal((signal) => this.received(signal));
  }

  /** From now on there is something to stop in order. */
  serving(): void {
    this.isServing = true;
  }

  /** What the server is at, for messages. */
  get state(): 'starting' | 'serving' | 'stopping' {
    if (this.firstMs !== undefined) return 'stopping';
    return this.isServing ? 'serving' : 'starting';
  }

  private received(signal: StopSignal): void {
    const nowMs = this.processes.uptimeMs();
    if (this.firstMs === undefined) {
      this.firstMs = nowMs;
      this.first(signal);
    } else if (nowMs - this.firstMs >= ECHO_MS) {
      this.logger.warn({ signal }, 'stopping at once');
      this.processes.exitNow(FORCED_CODES[signal]);
    }
  }

  private first(signal: StopSignal): void {
    if (this.isServing) {
      this.logger.info({ signal }, 'stopping; the same signal again stops at once');
      this.ask();
    } else {
      // Whatever a start has begun, the next start finishes or repeats.
      this.logger.info({ signal }, 'stopping before the data was loaded');
      this.processes.exitNow(ExitCode.ok);
    }
  }
}
