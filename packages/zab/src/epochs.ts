import { type Zxid, epochOf } from '@zk/model';

/**
 * Two numbers that must outlive a crash. `acceptedEpoch` is a promise: never again listen to a leader of an earlier
 * epoch. `currentEpoch` is a claim: everything the leader of that epoch began with is in this peer's history.
 */
export interface Epochs {
  readonly accepted: number;
  readonly current: number;
}

/** What is on the disk; undefined for a file that is not there. */
export interface StoredEpochs {
  readonly accepted: number | undefined;
  readonly current: number | undefined;
  readonly lastZxid: Zxid;
}

/** Text of an epoch file. @throws Error for anything but a decimal number */
export function parseEpoch(name: string, text: string): number {
  const line = text.split('\n', 1)[0]!.trim();
  const epoch = /^\d{1,10}$/.test(line) ? Number(line) : NaN;
  if (!(epoch <= 0xffff_ffff))
    throw new Error(`${name} contains "${line}", expected an epoch from 0 to ${0xffff_ffff}`);
  return epoch;
}

/**
 * The epochs to start with (spec: disk format, section 8). Files that are missing belong to a server that was never part
 * of an ensemble. A log that is ahead of the current epoch is what a crash leaves between the history of an epoch and the
 * file that claims it: Apache refuses to start then; but the epoch was accepted, the history is that epoch's as far as
 * it goes, and nothing was acknowledged, so the claim can be made now (test: simulation, scenarios, a crash after
 * `learner.snapshot` and after `learner.log`).
 * @throws Error when the files contradict each other
 */
export function restoreEpochs({ accepted, current, lastZxid }: StoredEpochs): Epochs {
  const ofLog = epochOf(lastZxid);
  const restored = { accepted: accepted ?? ofLog, current: current ?? ofLog };
  if (ofLog > restored.current) {
    if (restored.accepted < ofLog) {
      throw new Error(
        `the log is of epoch ${ofLog}, but acceptedEpoch is ${restored.accepted} and currentEpoch ${restored.current}`,
      );
    }
    restored.current = ofLog;
  }
  if (restored.accepted < restored.current) {
    throw new Error(`acceptedEpoch ${restored.accepted} is less than currentEpoch ${restored.current}`);
  }
  return restored;
}
