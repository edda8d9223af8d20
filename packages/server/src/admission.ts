import type { Clock, RandomSource } from '@zk/contracts';
import type { ServerOptions } from './options.js';

/** Who may connect: limits per address and in all, and the rate of new sessions. */
export class Admission {
  private readonly perAddress = new Map<string, number>();

  constructor(
    private readonly options: ServerOptions,
    readonly clock: Clock,
    readonly random: RandomSource,
  ) {}

  /** Counts a connection in, unless that is too many; {@link released} must follow when it ends. */
  admitsConnection(address: string, open: number): boolean {
    const { maxClientConnections, maxConnections } = this.options;
    const count = this.perAddress.get(address) ?? 0;
    if (maxConnections > 0 && open >= maxConnections) return false;
    if (maxClientConnections > 0 && count >= maxClientConnections) return false;
    this.perAddress.set(address, count + 1);
    return true;
  }

  released(address: string): void {
    const count = this.perAddress.get(address) ?? 0;
    if (count <= 1) this.perAddress.delete(address);
    else this.perAddress.set(address, count - 1);
  }

  admitsSession(_bytes: Uint8Array, _start: number, _end: number): boolean {
    return true;
  }
}
