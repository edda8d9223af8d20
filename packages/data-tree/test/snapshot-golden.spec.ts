import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { int64 } from '@zk/model';
import { utf8Bytes, utf8Text } from '@zk/jute';
import type { DecodedSnapshot } from '../src/index.js';
import { DataTree, Field, RECORD_WORDS, SnapshotDecoder, SnapshotEncoder } from '../src/index.js';
import { fixture, readLog } from './log-file.js';
import { MemorySink, tickingClock } from './memory-sink.js';

interface RecordedNode {
  readonly offset: number;
  readonly path: string;
  readonly data: { readonly utf8?: string } | null;
  readonly aclKey: number;
  readonly stat: Record<string, string | number>;
}

interface Recorded {
  readonly sessions: readonly { id: string; timeout: number }[];
  readonly acls: readonly { key: number; acl: readonly unknown[] }[];
  readonly nodes: readonly RecordedNode[];
  readonly digest?: { zxid: string; version: number; treeDigest: string };
  readonly lastProcessedZxid?: string;
  readonly computedTreeDigest: string;
  readonly endMarkerOffset: number;
}

function readSnapshot(name: string): Uint8Array {
  const file = readFileSync(fixture(name));
  return new Uint8Array(name.endsWith('.gz') ? gunzipSync(file) : file);
}

function readRecorded(name: string): Recorded {
  return JSON.parse(readFileSync(fixture(`${name}.json`), 'utf8')) as Recorded;
}

function decode(bytes: Uint8Array, pieceBytes = bytes.length, zxid?: bigint): DecodedSnapshot {
  const decoder = new SnapshotDecoder({ file: 'snapshot', ...(zxid !== undefined && { zxid }) });
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const piece = bytes.slice(at, at + pieceBytes);
    decoder.push(piece);
    piece.fill(0xee);
  }
  return decoder.finish();
}

function statOf(tree: DataTree, id: number): Record<string, string | number> {
  const fields = new Int32Array(RECORD_WORDS);
  tree.copyFields(id, fields);
  const zxid = (hi: number, lo: number): string =>
    `0x${BigInt.asUintN(64, int64(fields[hi]!, fields[lo]!)).toString(16)}`;
  const time = (hi: number, lo: number): number => Number(int64(fields[hi]!, fields[lo]!));
  return {
    czxid: zxid(Field.czxidHi, Field.czxidLo),
    mzxid: zxid(Field.mzxidHi, Field.mzxidLo),
    ctime: time(Field.ctimeHi, Field.ctimeLo),
    mtime: time(Field.mtimeHi, Field.mtimeLo),
    version: tree.version(id),
    cversion: tree.cversion(id),
    aversion: tree.aversion(id),
    ephemeralOwner: zxid(Field.ownerHi, Field.ownerLo),
    pzxid: zxid(Field.pzxidHi, Field.pzxidLo),
  };
}

function encode(tree: DataTree, sessions: Map<bigint, number>, zxidSection: boolean): Uint8Array {
  const sink = new MemorySink();
  const all = [...sessions].map(([id, timeoutMs]) => ({ id, timeoutMs }));
  const encoder = new SnapshotEncoder(tree, all, sink, { withLastZxid: zxidSection });
  const clock = tickingClock(1);
  while (!encoder.step(0, clock));
  return sink.bytes();
}

const SNAPSHOTS = [
  'standalone-3.9.5/snapshot.0',
  'standalone-3.9.5/snapshot.12',
  'standalone-3.8.0/snapshot.0',
  'standalone-3.8.0/snapshot.12',
  'ensemble-3.9.5-trunc/after-snapshot.10000001d',
  'reconfig-3.9.5/snapshot.0.gz',
  'reconfig-3.9.5/snapshot.100000009.gz',
  'mixed/follower-3.9.5-snapshot.100000000',
  'mixed/leader-3.8.0-snapshot.0',
];

describe.each(SNAPSHOTS)('%s, recorded from Apache ZooKeeper', (name) => {
  const bytes = readSnapshot(name);
  const recorded = readRecorded(name);

  it.each([[bytes.length], [1], [7], [100]])('is decoded from pieces of %i bytes', (pieceBytes) => {
    const { tree, sessions, digest, lastProcessedZxid } = decode(bytes, pieceBytes);
    expect([...sessions].map(([id, timeout]) => ({ id: `0x${id.toString(16)}`, timeout }))).toEqual(recorded.sessions);
    for (const { key, acl } of recorded.acls) expect(tree.acls.entries(key)).toEqual(acl);
    expect(tree.nodeCount).toBe(recorded.nodes.length + 1);
    for (const node of recorded.nodes) {
      const path = utf8Bytes(node.path);
      const id = tree.find(path, 0, path.length);
      expect(id).not.toBe(-1);
      expect(tree.pathOf(id)).toBe(node.path === '' ? '/' : node.path);
      const data = tree.dataBytes(id);
      expect(data === null ? null : { utf8: utf8Text(data) }).toEqual(node.data);
      expect(tree.aclKey(id)).toBe(node.aclKey);
      expect(statOf(tree, id)).toEqual(node.stat);
      const children = recorded.nodes.filter(({ path: p }) => p !== '' && p.slice(0, p.lastIndexOf('/')) === node.path);
      expect(tree.childCount(id)).toBe(children.length);
    }
    expect(BigInt.asUintN(64, int64(tree.digest.hi, tree.digest.lo))).toBe(BigInt(recorded.computedTreeDigest));
    expect(digest?.value.toString()).toBe(recorded.digest?.treeDigest);
    expect(lastProcessedZxid).toBe(
      recorded.lastProcessedZxid === undefined ? undefined : BigInt(recorded.lastProcessedZxid),
    );
  });

  it('is encoded again to the same znodes, sessions and ACLs, in a file that decodes', () => {
    const { tree, sessions } = decode(bytes);
    const again = encode(tree, sessions, recorded.lastProcessedZxid !== undefined);
    expect(again).toHaveLength(bytes.length);
    const nodes = (file: Uint8Array): string[] =>
      recorded.nodes.map(({ offset }, i) => {
        const end = recorded.nodes[i + 1]?.offset ?? recorded.endMarkerOffset;
        return Buffer.from(file.subarray(offset, end)).toString('latin1');
      });
    const start = recorded.nodes[0]!.offset;
    expect(again.subarray(0, start)).toEqual(bytes.subarray(0, start));
    const joined = Buffer.from(again.subarray(start, recorded.endMarkerOffset)).toString('latin1');
    for (const node of nodes(bytes)) expect(joined).toContain(node);
    expect(decode(again).tree.digest).toEqual(tree.digest);
  });
});

it('is decoded from one buffer that is filled again and again', () => {
  const bytes = readSnapshot('standalone-3.9.5/snapshot.12');
  const expected = decode(bytes);
  const decoder = new SnapshotDecoder();
  const buffer = Buffer.alloc(50);
  for (let at = 0; at < bytes.length; at += buffer.length) {
    const end = Math.min(at + buffer.length, bytes.length);
    buffer.fill(0xff).set(bytes.subarray(at, end));
    decoder.push(buffer.subarray(0, end - at));
  }
  const { tree, sessions } = decoder.finish();
  expect(encode(tree, sessions, true)).toEqual(encode(expected.tree, expected.sessions, true));
});

it('encodes the snapshot of an empty tree to the bytes that Apache ZooKeeper 3.9.5 writes', () => {
  expect(encode(new DataTree(), new Map(), true)).toEqual(readSnapshot('standalone-3.9.5/snapshot.0'));
  expect(encode(new DataTree(), new Map(), false)).toEqual(readSnapshot('standalone-3.8.0/snapshot.0'));
});

describe('a snapshot followed by the log', () => {
  it.each([
    ['standalone-3.9.5/snapshot.0', 'standalone-3.9.5/log.1', 0n, 'standalone-3.9.5/snapshot.12'],
    ['standalone-3.8.0/snapshot.0', 'standalone-3.8.0/log.1', 0n, 'standalone-3.8.0/snapshot.12'],
    ['reconfig-3.9.5/snapshot.0.gz', 'reconfig-3.9.5/log.100000001', 0n, 'reconfig-3.9.5/snapshot.100000009.gz'],
    [
      'mixed/follower-3.9.5-snapshot.100000000',
      'ensemble-3.9.5-trunc/after-log.100000001',
      0x1_0000_0000n,
      'ensemble-3.9.5-trunc/after-snapshot.10000001d',
    ],
    ['standalone-3.9.5/snapshot.12', 'standalone-3.9.5/log.1', 0n, 'standalone-3.9.5/snapshot.12'],
  ])('%s and %s give the tree of the later snapshot', (first, log, zxid, last) => {
    const mismatches: bigint[] = [];
    const decoder = new SnapshotDecoder({
      zxid,
      tree: { onDigestMismatch: (hi, lo) => mismatches.push(int64(hi, lo)) },
    });
    decoder.push(readSnapshot(first));
    const { tree } = decoder.finish();
    const { bytes, entries } = readLog(log);
    for (const { start, end, zxid: entryZxid } of entries) if (entryZxid > zxid) tree.apply(bytes, start, end);
    const wanted = decode(readSnapshot(last)).tree;
    const recorded = readRecorded(last);
    for (const node of recorded.nodes) {
      const path = utf8Bytes(node.path);
      const id = tree.find(path, 0, path.length);
      if (node.path !== '/zookeeper/config') expect(statOf(tree, id)).toEqual(node.stat);
    }
    expect(tree.nodeCount).toBe(wanted.nodeCount);
    expect(tree.digest).toEqual(wanted.digest);
    expect(mismatches).toEqual([]);
  });
});

describe('a damaged snapshot', () => {
  const bytes = readSnapshot('standalone-3.9.5/snapshot.12');
  const recorded = readRecorded('standalone-3.9.5/snapshot.12');

  it('is refused whichever bit is wrong, with an offset inside the file', () => {
    for (let at = 0; at < bytes.length; at++) {
      const damaged = bytes.slice();
      damaged[at]! ^= 0x10;
      let error: unknown;
      try {
        decode(damaged);
      } catch (caught) {
        error = caught;
      }
      expect(error).toMatchObject({ name: 'CorruptionError' });
      const { offset } = error as { offset: number };
      expect(offset).toBeGreaterThanOrEqual(0);
      expect(offset).toBeLessThanOrEqual(bytes.length);
    }
  });

  it('is refused wherever it was cut off, save between two sections', () => {
    const whole = [bytes.length, bytes.length - 21, bytes.length - 54];
    for (let length = 0; length < bytes.length; length++) {
      const act = (): unknown => decode(bytes.slice(0, length), 64);
      if (whole.includes(length)) expect(act).not.toThrow();
      else expect(act).toThrow(/is damaged at byte/);
    }
  });

  it('names the znode that cannot be read', () => {
    const damaged = bytes.slice();
    const { offset } = recorded.nodes[2]!;
    damaged[offset] = 0x7f;
    expect(() => decode(damaged, 50)).toThrow(expect.objectContaining({ offset }));
  });

  it('is refused when something follows the last section', () => {
    expect(() => decode(Uint8Array.of(...bytes, 0))).toThrow(/bytes too many/);
  });
});
