import type { LoggedTxn } from '@zk/contracts';
import { CorruptionError, type Zxid, counterOf, epochOf, hex64 } from '@zk/model';

/** Looks whether entries follow each other, as the contract of logs wants it. */
export class GapFinder {
  constructor(private before: Zxid | undefined) {}

  /** @throws CorruptionError when something is missing before the next entry */
  check(zxid: Zxid): void {
    const { before } = this;
    this.before = zxid;
    if (before === undefined || counterOf(zxid) === 1) return;
    if (epochOf(zxid) === epochOf(before) && counterOf(zxid) === counterOf(before) + 1) return;
    throw new CorruptionError(
      'the log',
      0,
      `0x${hex64(zxid)} stands behind 0x${hex64(before)}`,
      'Something is missing in between',
    );
  }
}

export async function* withoutGaps(batches: AsyncIterable<readonly LoggedTxn[]>): AsyncGenerator<readonly LoggedTxn[]> {
  const gaps = new GapFinder(undefined);
  for await (const batch of batches) {
    for (const { zxid } of batch) gaps.check(zxid);
    yield batch;
  }
}
