import { type Scheduler, silentLogger } from '@zk/contracts';
import type { LogEntry } from '@zk/zab';
import { LogFeed } from '../src/log-feed.js';
import { nextTurn } from './cluster.js';

const txn = new Uint8Array(32);
const entries = (...zxids: readonly bigint[]): LogEntry[] => zxids.map((zxid) => ({ zxid, txn }));

/** Gives the batches, then fails or ends. */
async function* batchesOf(batches: readonly LogEntry[][], error?: Error): AsyncGenerator<LogEntry[]> {
  for (const batch of batches) yield await Promise.resolve(batch);
  if (error !== undefined) throw error;
}

describe('reading the log for a learner', () => {
  let given: string[];
  let unsentBytes: number;
  let isOpen: boolean;
  /** What waits for time to pass. */
  let timers: (() => void)[];

  const scheduler: Scheduler = {
    after: (_delayMs, callback) => {
      timers.push(callback);
      return { cancel: () => undefined };
    },
    atTurnEnd: (callback) => void setImmediate(callback),
  };
  const read = (batches: AsyncIterable<readonly LogEntry[]> | undefined): Promise<void> => {
    const disk = { read: () => Promise.resolve(batches) };
    const quorum = { unsentBytes: () => unsentBytes, isOpen: () => isOpen };
    const feed = new LogFeed({ disk, quorum, scheduler, logger: silentLogger }, (input) => {
      const zxids = input.kind === 'log-entries' ? input.entries.map(({ zxid }) => zxid) : [];
      const end = input.kind === 'log-entries' && input.isLast ? ' end' : '';
      given.push(`${input.kind} ${zxids.join(' ')}${end}`);
    });
    return feed.read(7, 1n, 9n);
  };

  beforeEach(() => {
    given = [];
    unsentBytes = 0;
    isOpen = true;
    timers = [];
  });

  it('gives each batch, and says when there is no more', async () => {
    await read(batchesOf([entries(1n, 2n), entries(3n)]));
    expect(given).toEqual(['log-entries 1 2', 'log-entries 3', 'log-entries  end']);
  });

  it('says so when the log does not reach back that far', async () => {
    await read(undefined);
    expect(given).toEqual(['log-unavailable ']);
  });

  it('says so when the log turns out to be damaged, after what could be read', async () => {
    await read(batchesOf([entries(1n, 2n)], new Error('damaged')));
    expect(given).toEqual(['log-entries 1 2', 'log-unavailable ']);
  });

  it('reads on only when the learner has taken what it was sent', async () => {
    unsentBytes = 100 << 20;
    const reading = read(batchesOf([entries(1n), entries(2n)]));
    while (timers.length === 0) await nextTurn();
    timers.shift()!();
    while (timers.length === 0) await nextTurn();
    expect(given).toEqual([]);
    unsentBytes = 0;
    timers.shift()!();
    await reading;
    expect(given).toEqual(['log-entries 1', 'log-entries 2', 'log-entries  end']);
  });

  it('ends when the learner is gone', async () => {
    isOpen = false;
    await read(batchesOf([entries(1n), entries(2n)]));
    expect(given).toEqual([]);
  });
});
