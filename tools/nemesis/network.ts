/** The network between the members of an ensemble and its clients, which can be cut in each direction of each link. */
import type { PeerAddress } from '../lib/ensemble-processes.js';

/** Stands for all clients where a member's number is expected. */
export const CLIENTS = 0;

export interface Network {
  /** What it is made of, for the report. */
  readonly description: string;
  /** True where the link between clients and a member can be cut too. */
  readonly reachesClients: boolean;
  readonly addressOf: (member: number) => string;
  /** What to put in front of a member's command line. */
  readonly wrapperOf: (member: number) => readonly string[];
  readonly peerSeenBy?: (from: number, to: number, own: PeerAddress) => PeerAddress;
  /** From now on nothing that `from` sends reaches `to`; neither of them is told. */
  readonly cut: (from: number, to: number) => void;
  readonly heal: (from: number, to: number) => void;
  readonly healAll: () => void;
  readonly dispose: () => void;
}
