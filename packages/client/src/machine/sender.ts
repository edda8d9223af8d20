import { OpCode, Xid } from '@zk/model';
import type { MetricsRecorder } from '../metrics.js';
import { Outbox } from '../wire/outbox.js';
import type { MachineOutputs } from './machine-ports.js';

/** What leaves: frames are collected in one buffer, and handed to the transport when it has done with the last ones. */
export class Sender {
  readonly out = new Outbox();
  private isHeld = false;

  constructor(
    private readonly outputs: Pick<MachineOutputs, 'write'>,
    private readonly metrics: MetricsRecorder,
  ) {}

  /** The transport still reads the buffer: nothing may be added. */
  get isBlocked(): boolean {
    return this.isHeld;
  }

  /** A new connection, or the old one has taken everything. */
  clear(): void {
    this.isHeld = false;
    this.out.clear();
  }

  /** @returns whether there was anything to send */
  send(): boolean {
    const { out } = this;
    if (this.isHeld || out.length === 0) return false;
    this.metrics.bytesSent += out.length;
    if (this.outputs.write(out.bytes, out.length)) out.clear();
    else this.isHeld = true;
    return true;
  }

  /** Adds a frame that is only a header. */
  header(xid: number, opcode: number): void {
    this.out.begin(xid, opcode);
    this.out.end();
  }

  ping(): void {
    this.header(Xid.ping, OpCode.ping);
  }
}
