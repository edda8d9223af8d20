import type { Agenda, SeededRandom } from '@zk/simulation';

/** What carries the bytes of all connections. */
export interface Medium {
  readonly agenda: Agenda;
  readonly random: SeededRandom;
  /** All deliveries pass through here; they never overlap. */
  readonly readBuffer: Uint8Array;
  /** Of the next piece, in ms. */
  delayMs(): number;
  /** Of a new connection, in each direction: how many bytes may be on their way. */
  roomBytes(): number;
  /** Whether nothing gets from one address to the other at present. */
  isBlocked(from: string, to: string): boolean;
}
