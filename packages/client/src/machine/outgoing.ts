import { OpCode } from '@zk/model';
import type { MetricsRecorder } from '../metrics.js';
import type { CompleteOptions } from '../complete-options.js';
import { Heartbeat } from './heartbeat.js';
import type { MachineOutputs } from './machine-ports.js';
import { RequestQueue } from './request-queue.js';
import { Sender } from './sender.js';

/** Everything that leaves on a connection, and the pulse that depends on it. */
export class Outgoing {
  readonly queue: RequestQueue;
  readonly sender: Sender;
  readonly heartbeat = new Heartbeat();

  constructor(
    options: CompleteOptions,
    outputs: Pick<MachineOutputs, 'write'>,
    metrics: MetricsRecorder,
    private readonly now: () => number,
  ) {
    this.queue = new RequestQueue(options.limits, metrics, options.tracer, options.firstXid);
    this.sender = new Sender(outputs, metrics);
  }

  /** Sends the frames that were added. */
  send(): void {
    if (this.sender.send()) this.heartbeat.sent(this.now());
  }

  /** Sends requests, in writes of moderate size, until nothing more may leave or the transport has enough. */
  flush(): void {
    let isMore = true;
    while (isMore && !this.sender.isBlocked) {
      isMore = this.queue.encode(this.sender.out, this.now());
      this.send();
    }
  }

  ping(nowMs: number): void {
    if (this.sender.isBlocked) return;
    this.sender.ping();
    this.heartbeat.pinged(nowMs);
    this.send();
  }

  /** @returns the xid of the request, undefined when it cannot be sent now */
  closeSession(): number | undefined {
    if (this.sender.isBlocked) return undefined;
    const xid = this.queue.nextXid();
    this.sender.header(xid, OpCode.closeSession);
    this.send();
    return xid;
  }
}
