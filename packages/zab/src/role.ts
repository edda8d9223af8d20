import type { QuorumPacket } from '@zk/jute';
import type { ServerId } from '@zk/quorum';
import type { LinkId, PeerInput } from './messages.js';
import type { RoleStatus } from './status.js';

/** Inputs that only an established leader or learner takes. */
export type ServingInput = Extract<
  PeerInput,
  { kind: 'oracle' | 'propose' | 'forward' | 'sync' | 'sync-learner' | 'touch' | 'revalidate' | 'revalidation' }
>;

export interface Followers {
  readonly synchronized: readonly ServerId[];
  /** They are about to follow another leader, and so is this one. */
  readonly isHandingOver: boolean;
}

/** What a peer is between two elections. A method that returns a text gives the role up, for that reason. */
export interface Role {
  /** When {@link tick} has something to do. */
  readonly wakeAtMs: number;
  start(): string | undefined;
  tick(): string | undefined;
  accepted(link: LinkId): string | undefined;
  connected(attempt: number, link: LinkId): string | undefined;
  dialFailed(attempt: number): string | undefined;
  closed(link: LinkId): string | undefined;
  packet(link: LinkId, packet: QuorumPacket): string | undefined;
  snapshotProgress(link: LinkId): void;
  snapshotReceived(link: LinkId): string | undefined;
  durable(): string | undefined;
  logEntries(input: Extract<PeerInput, { kind: 'log-entries' | 'log-unavailable' }>): string | undefined;
  serve(input: ServingInput): string | undefined;
  /** Another server looks for a leader. */
  heardLooking(server: ServerId): string | undefined;
  /** Closes what is open. */
  leave(reason: string): void;
  /** Of a leader: those who follow it and are up to date. */
  followers(): Followers;
  status(): RoleStatus;
}
