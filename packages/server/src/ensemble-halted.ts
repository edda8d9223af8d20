/** A member of an ensemble must not go on; its message says why. */
export class EnsembleHalted extends Error {
  override readonly name = 'EnsembleHalted';

  /** @param exitCode what the process is to end with: the code that Apache ZooKeeper has for the reason */
  constructor(
    reason: string,
    readonly exitCode: number,
  ) {
    super(reason);
  }
}
