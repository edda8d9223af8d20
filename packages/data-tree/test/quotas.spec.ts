import { utf8Bytes, utf8Text } from '@zk/jute';
import type { LimitExceeded } from '../src/index.js';
import { DataTree, Field, RECORD_WORDS, SnapshotDecoder, SnapshotEncoder, parseQuota } from '../src/index.js';
import { MemorySink, tickingClock } from './memory-sink.js';
import type { Op } from './txns.js';
import { txnBytes } from './txns.js';

const LIMITS = 'zookeeper_limits';
const STATS = 'zookeeper_stats';

class Load {
  tree = new DataTree();
  private zxid = 0n;

  apply(op: Op): void {
    const bytes = txnBytes({ session: 1n, zxid: ++this.zxid, timeMs: 1, op });
    this.tree.apply(bytes, 0, bytes.length);
    expect(this.tree.lastError).toBe(0);
  }

  create(path: string, data: string | null = ''): void {
    this.apply({ kind: 'create', path, data, parentCversion: -1 });
  }

  /** As the command line does: limits first, then stats. */
  setQuota(path: string, limits: string, stats: string | null = 'count=0,bytes=0'): void {
    let at = '/zookeeper/quota';
    for (const name of path.slice(1).split('/')) {
      at += `/${name}`;
      const bytes = utf8Bytes(at);
      if (this.tree.find(bytes, 0, bytes.length) === -1) this.create(at);
    }
    this.create(`${at}/${LIMITS}`, limits);
    if (stats !== null) this.create(`${at}/${STATS}`, stats);
  }

  text(path: string): string | undefined {
    const bytes = utf8Bytes(path);
    const id = this.tree.find(bytes, 0, bytes.length);
    return id === -1 ? undefined : utf8Text(this.tree.dataBytes(id) ?? new Uint8Array(0));
  }

  usage(path: string): string | undefined {
    return this.text(`/zookeeper/quota${path}/${STATS}`);
  }

  check(path: string, countDelta: number, bytesDelta: number): number {
    const bytes = utf8Bytes(path);
    return this.tree.quotas.check(bytes, 0, bytes.length, countDelta, bytesDelta);
  }
}

describe('the usage of a path with a quota', () => {
  it('is counted when the stats are created, the path itself included', () => {
    const load = new Load();
    load.create('/a', 'four');
    load.create('/a/b', 'sixsix');
    load.create('/a/b/c', null);
    load.create('/ab', 'not below');
    load.setQuota('/a', 'count=10,bytes=-1');
    expect(load.usage('/a')).toBe('count=3,bytes=10');
  });

  it('follows creates, changes and deletes, in place and without a trace in the Stat', () => {
    const load = new Load();
    load.create('/a', 'four');
    load.setQuota('/a', 'count=10,bytes=-1');
    const path = utf8Bytes(`/zookeeper/quota/a/${STATS}`);
    const id = load.tree.find(path, 0, path.length);
    load.create('/a/b', 'x'.repeat(1_000_000));
    expect(load.usage('/a')).toBe('count=2,bytes=1000004');
    load.apply({ kind: 'setData', path: '/a', data: null, version: 1 });
    expect(load.usage('/a')).toBe('count=2,bytes=1000000');
    load.create('/elsewhere', 'x');
    load.apply({ kind: 'delete', path: '/a/b' });
    expect(load.usage('/a')).toBe('count=1,bytes=0');
    const fields = new Int32Array(RECORD_WORDS);
    load.tree.copyFields(id, fields);
    expect([load.tree.version(id), load.tree.mzxidLo(id)]).toEqual([0, fields[Field.czxidLo]]);
  });

  it('counts what a closed session leaves behind and what a multi does', () => {
    const load = new Load();
    load.create('/a');
    load.setQuota('/a', 'count=10,bytes=-1');
    load.apply({
      kind: 'multi',
      ops: [
        { kind: 'create', path: '/a/x', data: '12', ephemeral: true, parentCversion: -1 },
        { kind: 'create', path: '/a/y', data: '345', ephemeral: true, parentCversion: -1 },
      ],
    });
    expect(load.usage('/a')).toBe('count=3,bytes=5');
    load.apply({ kind: 'closeSession', paths: ['/a/x'] });
    expect(load.usage('/a')).toBe('count=1,bytes=0');
  });

  it('goes to the deepest path with limits only', () => {
    const load = new Load();
    for (const path of ['/a', '/a/b', '/a/b/c']) load.create(path, '1');
    load.setQuota('/a', 'count=10,bytes=-1');
    load.setQuota('/a/b', 'count=10,bytes=-1');
    load.create('/a/b/d', '22');
    load.create('/a/e', '333');
    expect([load.usage('/a'), load.usage('/a/b')]).toEqual(['count=4,bytes=6', 'count=3,bytes=4']);
  });

  it('stops when the limits are deleted and starts afresh when the stats are created again', () => {
    const load = new Load();
    load.create('/a');
    load.setQuota('/a', 'count=10,bytes=-1');
    expect(load.tree.quotas.isActive).toBe(true);
    load.apply({ kind: 'delete', path: `/zookeeper/quota/a/${LIMITS}` });
    expect(load.tree.quotas.isActive).toBe(false);
    load.create('/a/b', '1');
    expect(load.usage('/a')).toBe('count=1,bytes=0');
    load.apply({ kind: 'delete', path: `/zookeeper/quota/a/${STATS}` });
    load.setQuota('/a', 'count=10,bytes=-1');
    expect(load.usage('/a')).toBe('count=2,bytes=1');
  });

  it('counts on from what a client wrote into the stats, and keeps what else it says', () => {
    const load = new Load();
    load.create('/a');
    load.setQuota('/a', 'count=10,bytes=-1');
    const text = 'count=5,bytes=50=;byteHardLimit=7;countHardLimit=-1';
    load.apply({ kind: 'setData', path: `/zookeeper/quota/a/${STATS}`, data: text, version: 1 });
    load.create('/a/b', '123');
    expect(load.usage('/a')).toBe('count=6,bytes=53=;byteHardLimit=7;countHardLimit=-1');
  });

  it('is written anew over what a client wrote, even by a change of no length', () => {
    const load = new Load();
    load.create('/a', 'four');
    load.setQuota('/a', 'count=10,bytes=-1');
    load.apply({ kind: 'setData', path: `/zookeeper/quota/a/${STATS}`, data: 'countHardLimit=+4', version: 1 });
    expect(load.usage('/a')).toBe('countHardLimit=+4');
    load.apply({ kind: 'setData', path: '/a', data: 'five', version: 1 });
    expect(load.usage('/a')).toBe('count=-1,bytes=-1=;countHardLimit=4');
  });

  it('is recomputed when a snapshot is loaded', () => {
    const load = new Load();
    load.create('/a', '1');
    load.create('/a/b', '22');
    load.setQuota('/a', 'count=10,bytes=-1');
    load.apply({ kind: 'setData', path: `/zookeeper/quota/a/${STATS}`, data: 'count=77,bytes=77', version: 1 });
    const sink = new MemorySink();
    new SnapshotEncoder(load.tree, [], sink).step(1_000, tickingClock(0));
    const decoder = new SnapshotDecoder();
    decoder.push(sink.bytes());
    load.tree = decoder.finish().tree;
    expect(load.usage('/a')).toBe('count=2,bytes=3');
    load.create('/a/c', '333');
    expect(load.usage('/a')).toBe('count=3,bytes=6');
  });

  it('leaves the digest of the tree alone', () => {
    const load = new Load();
    load.create('/a');
    load.setQuota('/a', 'count=10,bytes=-1');
    const model = new DataTree();
    for (const op of ['/a'].map((path): Op => ({ kind: 'create', path, data: '', parentCversion: -1 }))) {
      const bytes = txnBytes({ session: 1n, zxid: 1n, timeMs: 1, op });
      model.apply(bytes, 0, bytes.length);
    }
    expect(load.tree.digest).toEqual(model.digest);
  });
});

describe('checking a change against a quota', () => {
  it.each([
    // limits, count, bytes of the change, refused, warned
    ['count=2,bytes=-1', 1, 0, false, false],
    ['count=1,bytes=-1', 1, 0, false, true],
    ['count=-1,bytes=-1=;countHardLimit=2', 1, 0, false, false],
    ['count=-1,bytes=-1=;countHardLimit=1', 1, 0, true, false],
    ['count=1,bytes=-1=;countHardLimit=5', 1, 0, false, false],
    ['count=-1,bytes=5', 0, 1, false, false],
    ['count=-1,bytes=4', 0, 1, false, true],
    ['count=-1,bytes=-1=;byteHardLimit=5', 0, 1, false, false],
    ['count=-1,bytes=-1=;byteHardLimit=4', 0, 1, true, false],
    ['count=-1,bytes=-1=;byteHardLimit=1', 0, -1, true, false],
    ['count=-1,bytes=-1=;byteHardLimit=1', 0, 0, false, false],
    ['count=-1,bytes=-1', 100, 100, false, false],
    ['count=,bytes=junk', 100, 100, false, false],
    ['', 100, 100, false, false],
  ])('with %j: %i znodes and %i bytes more', (limits, count, bytes, isRefused, isWarned) => {
    const load = new Load();
    load.create('/a', 'four');
    load.setQuota('/a', limits);
    const warnings: LimitExceeded[] = [];
    const refusals: LimitExceeded[] = [];
    load.tree.quotas.onSoftLimitExceeded = (event) => warnings.push(event);
    load.tree.quotas.onHardLimitExceeded = (event) => refusals.push(event);
    expect(load.check('/a/new', count, bytes)).toBe(isRefused ? -125 : 0);
    expect([refusals.length, warnings.length > 0]).toEqual([isRefused ? 1 : 0, isWarned]);
    for (const { path } of [...warnings, ...refusals]) expect(path).toBe('/a');
    expect(load.check('/b', 100, 100)).toBe(0);
  });

  it('follows a change of the limits', () => {
    const load = new Load();
    load.create('/a');
    load.setQuota('/a', 'count=-1,bytes=-1=;countHardLimit=1');
    expect(load.check('/a/b', 1, 0)).toBe(-125);
    const path = `/zookeeper/quota/a/${LIMITS}`;
    load.apply({ kind: 'setData', path, data: 'count=-1,bytes=-1=;countHardLimit=9', version: 1 });
    expect(load.check('/a/b', 1, 0)).toBe(0);
  });

  it('has nothing to say without stats', () => {
    const load = new Load();
    load.create('/a');
    load.setQuota('/a', 'count=-1,bytes=-1=;countHardLimit=0', null);
    expect(load.check('/a/b', 1, 1)).toBe(0);
  });
});

it.each([
  [
    'count=10,bytes=-1=;byteHardLimit=-1;countHardLimit=-1',
    { count: 10, bytes: -1, byteHardLimit: -1, countHardLimit: -1 },
  ],
  ['count=1,,;bytes=2', { count: 1, bytes: 2 }],
  ['bytes=', { bytes: -1 }],
  ['', {}],
])('parseQuota reads %j', (text, expected) => {
  expect(Object.fromEntries(parseQuota(text))).toEqual(expected);
});
