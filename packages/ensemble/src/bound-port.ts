import type { Connection, ConnectionHandler, Listener, Logger, Scheduler, Timer, Transport } from '@zk/contracts';
import type { HostAndPort } from './dialling.js';

const RETRY_MS = 1000;

/**
 * A port that is wanted, or not. Binding and closing take time and may fail; the last wish wins, and binding is tried
 * again as long as it is wanted.
 */
export class BoundPort {
  private isWanted = false;
  private listeners: Listener[] = [];
  private work: Promise<void> = Promise.resolve();
  private retry: Timer | undefined;

  constructor(
    private readonly transport: Transport,
    private readonly scheduler: Scheduler,
    private readonly logger: Logger,
    private readonly addresses: () => readonly HostAndPort[],
    private readonly accept: (connection: Connection) => ConnectionHandler | undefined,
  ) {}

  open(): Promise<void> {
    this.isWanted = true;
    return this.settle();
  }

  close(): Promise<void> {
    this.isWanted = false;
    this.retry?.cancel();
    return this.settle();
  }

  private settle(): Promise<void> {
    this.work = this.work.then(() => this.reconcile());
    return this.work;
  }

  private async reconcile(): Promise<void> {
    if (!this.isWanted) {
      const listeners = this.listeners;
      this.listeners = [];
      for (const listener of listeners) await listener.close();
      return;
    }
    if (this.listeners.length > 0) return;
    try {
      for (const { host, port } of this.addresses()) {
        const accept = (connection: Connection): ConnectionHandler | undefined =>
          this.isWanted ? this.accept(connection) : undefined;
        this.listeners.push(await this.transport.listen({ host, port }, accept));
      }
    } catch (error) {
      this.logger.error(
        { addresses: this.addresses(), err: error },
        'a port for the ensemble cannot be bound; trying again',
      );
      for (const listener of this.listeners.splice(0)) await listener.close();
      this.retry?.cancel();
      this.retry = this.scheduler.after(RETRY_MS, () => void this.settle());
    }
  }
}
