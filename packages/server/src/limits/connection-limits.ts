/** Bounds on connections at the moment they are accepted. 0 stands for no bound. */
export interface ConnectionLimitsOptions {
  /** `maxClientCnxns`: from one address. */
  readonly maxPerAddress: number;
  /** `maxCnxns`: of all. */
  readonly maxTotal: number;
}

export const DEFAULT_CONNECTION_LIMITS: ConnectionLimitsOptions = { maxPerAddress: 60, maxTotal: 0 };

/** Why a connection may not stay; the caller closes it without a byte. */
export type ConnectionRefusal = 'too-many-connections' | 'too-many-from-address';

/** Counts open connections, in all and by address (spec: server semantics, section 14). */
export class ConnectionLimits {
  private readonly options: ConnectionLimitsOptions;
  private readonly byAddress = new Map<string, number>();
  private total = 0;

  constructor(options: Partial<ConnectionLimitsOptions> = {}) {
    this.options = { ...DEFAULT_CONNECTION_LIMITS, ...options };
  }

  get count(): number {
    return this.total;
  }

  countFrom(address: string): number {
    return this.byAddress.get(address) ?? 0;
  }

  /** Counts a connection in, or says why not. Whoever was counted in is to be counted out by {@link leave}, once. */
  enter(address: string): ConnectionRefusal | undefined {
    const { maxPerAddress, maxTotal } = this.options;
    const fromAddress = this.countFrom(address);
    if (maxTotal > 0 && this.total >= maxTotal) return 'too-many-connections';
    if (maxPerAddress > 0 && fromAddress >= maxPerAddress) return 'too-many-from-address';
    this.total++;
    this.byAddress.set(address, fromAddress + 1);
    return undefined;
  }

  leave(address: string): void {
    const fromAddress = this.countFrom(address);
    if (fromAddress === 0) throw new Error(`no connection from ${address} was counted in`);
    this.total--;
    if (fromAddress === 1) this.byAddress.delete(address);
    else this.byAddress.set(address, fromAddress - 1);
  }
}
