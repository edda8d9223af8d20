import type { Connection, ConnectionHandler, Listener, Logger, Scheduler, Timer, Transport } from '@zk/contracts';
import type { HostAndPort } from './dialling.js';

const RETRY_MS = 1000;

export interface BoundPortHost {
  /** Where to listen, as it is now. */
  addresses(): readonly HostAndPort[];
  accept(connection: Connection): ConnectionHandler | undefined;
  /** No address could be bound, however often that was tried. */
  givenUp?(error: unknown): void;
}

export interface BoundPortOptions {
  /** Attempts in a row, a second apart, before binding is given up; 0: none is the last. */
  readonly maxAttempts: number;
  /** Let the platform probe idle connections. */
  readonly keepAlive: boolean;
}

export interface BoundPortPorts {
  readonly transport: Transport;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
}

/**
 * A port that is wanted, or not, on one or several addresses. Binding and closing take time and may fail; the last wish
 * wins, and binding is tried again as long as it is wanted. An address that cannot be bound does not keep the others from it.
 */
export class BoundPort {
  private isWanted = false;
  private readonly listeners = new Map<string, Listener>();
  private failures = 0;
  private work: Promise<void> = Promise.resolve();
  private retry: Timer | undefined;

  constructor(
    private readonly ports: BoundPortPorts,
    private readonly options: BoundPortOptions,
    private readonly host: BoundPortHost,
  ) {}

  open(): Promise<void> {
    this.isWanted = true;
    this.failures = 0;
    return this.settle();
  }

  close(): Promise<void> {
    this.isWanted = false;
    return this.settle();
  }

  /** The addresses may have changed: a port that is open moves to those of now. Connections stay. */
  async refresh(): Promise<void> {
    if (this.isWanted) await this.open();
  }

  private settle(): Promise<void> {
    this.retry?.cancel();
    this.work = this.work.then(() => this.reconcile());
    return this.work;
  }

  private async reconcile(): Promise<void> {
    const wanted = new Map(this.isWanted ? this.host.addresses().map((address) => [keyOf(address), address]) : []);
    for (const [key, listener] of [...this.listeners]) {
      if (wanted.has(key)) continue;
      this.listeners.delete(key);
      await listener.close();
    }
    const errors: unknown[] = [];
    for (const [key, address] of wanted) {
      if (!this.listeners.has(key)) await this.bind(key, address, errors);
    }
    if (errors.length === 0) this.failures = 0;
    else this.failed(errors[0]);
  }

  private async bind(key: string, { host, port }: HostAndPort, errors: unknown[]): Promise<void> {
    const accept = (connection: Connection): ConnectionHandler | undefined =>
      this.isWanted ? this.host.accept(connection) : undefined;
    try {
      const { keepAlive } = this.options;
      this.listeners.set(key, await this.ports.transport.listen({ host, port, keepAlive }, accept));
    } catch (error) {
      const level = this.failures === 0 ? 'error' : 'debug';
      this.ports.logger[level]({ address: key, err: error }, 'a port for the ensemble cannot be bound');
      errors.push(error);
    }
  }

  private failed(error: unknown): void {
    if (!this.isWanted) return;
    const { maxAttempts } = this.options;
    this.failures++;
    if (maxAttempts === 0 || this.failures < maxAttempts) {
      this.retry = this.ports.scheduler.after(RETRY_MS, () => void this.settle());
    } else if (this.listeners.size === 0) {
      this.host.givenUp?.(error);
    }
  }
}

function keyOf({ host, port }: HostAndPort): string {
  return `${host}:${port}`;
}
