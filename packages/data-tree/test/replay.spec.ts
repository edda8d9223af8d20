import { DataTree } from '../src/index.js';
import { int64 } from '@zk/model';
import { readLog } from './log-file.js';

describe('replaying a log recorded from Apache ZooKeeper onto an empty tree', () => {
  it.each([
    ['standalone-3.9.5/log.1', 18],
    ['standalone-3.8.0/log.1', 18],
    ['reconfig-3.9.5/log.100000001', 9],
    ['ensemble-3.9.5-trunc/before-log.100000001', 31],
    ['ensemble-3.9.5-trunc/after-log.100000001', 29],
    ['mixed/leader-3.8.0-log.100000001', 19],
    ['mixed/follower-3.9.5-log.100000001', 19],
  ])('%s: every digest is the one that was recorded', (name, count) => {
    const mismatches: string[] = [];
    const tree = new DataTree({ onDigestMismatch: (hi, lo) => mismatches.push(int64(hi, lo).toString(16)) });
    const { bytes, entries } = readLog(name);
    for (const { start, end } of entries) tree.apply(bytes, start, end);
    expect(mismatches).toEqual([]);
    expect(entries).toHaveLength(count);
    expect(int64(tree.lastZxidHi, tree.lastZxidLo)).toBe(entries[entries.length - 1]!.zxid);
  });

  it('notices a digest that is not the one of the tree', () => {
    const { bytes, entries } = readLog('standalone-3.9.5/log.1');
    const mismatches: bigint[] = [];
    const tree = new DataTree({ onDigestMismatch: (hi, lo) => mismatches.push(int64(hi, lo)) });
    const second = entries[1]!;
    bytes[second.start + 32 + 4 + 2 + 4]! ^= 1;
    tree.apply(bytes, second.start, second.end);
    expect(mismatches).toEqual([2n]);
  });
});
