/** A property that must always hold did not. */
export class Violation extends Error {
  override readonly name = 'Violation';

  constructor(
    readonly invariantName: string,
    detail: string,
  ) {
    super(`${invariantName}: ${detail}`);
  }
}

/** The invariants, by the names of the specification, with what each says. */
export const INVARIANTS = {
  Integrity: 'what is committed was proposed by a leader, with these bytes',
  UniqueZxid: 'a zxid is proposed once',
  Agreement: 'committed histories are prefixes of one another',
  PrimaryOrder: 'transactions of an epoch are committed in the order of their counters, without gaps, epochs in order',
  PrimaryIntegrity: 'a leader that begins to broadcast has everything that earlier epochs committed',
  OneLeader: 'an epoch has one established leader',
  EpochsGrow: 'accepted and current epoch never decrease, and the accepted one is not less than the current one',
  AckIsDurable: 'what is acknowledged survives a crash',
  CommitIsDurable: 'what is committed is on the disks of a quorum; a new configuration, of the old quorum and the new',
  ConfigIsCommitted: 'a configuration counts nowhere before it is committed, and none after a later one',
  AcknowledgedIsCommitted: 'what a client was told is committed, and stays so',
  SessionOrder: 'what a client writes through one server is committed in the order in which it was written',
  RealTimeOrder: 'a write that began after another was acknowledged comes after it',
  Restart: 'what is on a disk leads to a state',
  Liveness: 'when all is well again, all serve and agree within a minute',
} as const;

export type InvariantName = keyof typeof INVARIANTS;
