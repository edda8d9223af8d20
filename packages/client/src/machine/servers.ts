import type { RandomSource } from '@zk/contracts';
import type { ServerAddress } from '../connection-string.js';

export interface BackOffOptions {
  /** Pause after the first time that no server could be reached. */
  readonly initialDelayMs: number;
  /** It doubles up to this. */
  readonly maxDelayMs: number;
}

/**
 * Which server to try next, and when. The list is shuffled once; the addresses of a name are shuffled anew at each
 * attempt, since they are looked up anew. After a lost connection the next server is tried nearly at once (a little
 * later by chance, so that not all clients of a server that died arrive together); after a round through all of them
 * without success comes a pause, which doubles from round to round, up to what a living session can afford.
 */
export class Servers {
  private readonly order: readonly ServerAddress[];
  private next = 0;
  private failures = 0;
  private addresses: string[] = [];
  private current: ServerAddress;

  constructor(
    servers: readonly ServerAddress[],
    private readonly backOff: BackOffOptions,
    private readonly random: RandomSource,
    shouldShuffle = true,
  ) {
    this.order = shouldShuffle ? shuffled(servers, random) : servers;
    this.current = this.order[0]!;
  }

  get count(): number {
    return this.order.length;
  }

  /** The server of the present attempt. */
  get server(): ServerAddress {
    return this.current;
  }

  /** Moves on to the next server. */
  advance(): ServerAddress {
    this.current = this.order[this.next]!;
    this.next = (this.next + 1) % this.order.length;
    this.addresses = [];
    return this.current;
  }

  /** The server after the present one, without moving on. */
  peekNext(): ServerAddress {
    return this.order[this.next]!;
  }

  /** The next attempt goes to this server. */
  prefer(server: ServerAddress): void {
    const index = this.order.indexOf(server);
    if (index !== -1) this.next = index;
    this.failures = 0;
  }

  resolved(addresses: readonly string[]): void {
    this.addresses = shuffled(addresses, this.random);
  }

  /** Another address of the present server, if there is one left to try. */
  takeAddress(): string | undefined {
    return this.addresses.shift();
  }

  /** An attempt came to nothing, or a connection did not last. @returns ms to wait before the next one */
  failed(longestMs: number): number {
    this.failures++;
    return this.delayMs(longestMs);
  }

  /** A connection that had lasted was lost. @returns ms to wait before the next attempt */
  lost(longestMs: number): number {
    this.failures = 0;
    return this.delayMs(longestMs);
  }

  private delayMs(longestMs: number): number {
    const { initialDelayMs, maxDelayMs } = this.backOff;
    const rounds = Math.floor(this.failures / this.order.length);
    const delayMs = rounds === 0 ? initialDelayMs / 2 : Math.min(maxDelayMs, initialDelayMs * 2 ** (rounds - 1));
    // Chance comes last: clients that all rest as long as a session can afford do not come back together either.
    return Math.min(delayMs, longestMs) * (0.5 + this.random.next() / 2);
  }
}

function shuffled<T>(items: readonly T[], random: RandomSource): T[] {
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(random.next() * (i + 1));
    [result[i], result[j]] = [result[j]!, result[i]!];
  }
  return result;
}
