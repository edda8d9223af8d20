import type { LoggedTxn, MultiTxn } from '../src/index.js';
import {
  RecordReader,
  RecordWriter,
  adler32,
  readFileHeader,
  readLoggedTxn,
  readSnapshotAcl,
  readSnapshotDigest,
  readSnapshotNode,
  readSnapshotSeal,
  readSnapshotSession,
  readTxnParts,
  transactionName,
  transactions,
  writeFileHeader,
  writeLoggedTxn,
  writeSnapshotAcl,
  writeSnapshotDigest,
  writeSnapshotNode,
  writeSnapshotSeal,
  writeSnapshotSession,
  writeTxnBody,
} from '../src/index.js';
import { fixture, inTheFormOf, jsonFixture, toHex } from './recording.js';

interface DecodedEntry {
  readonly offset: number;
  readonly len: number;
  readonly adler32: string;
  readonly hdr: { readonly zxid: string; readonly typeName: string };
  readonly txn: { readonly txns?: readonly { readonly type: string; readonly txn: unknown }[] };
  readonly digest?: unknown;
}

const ENTRY_HEADER_BYTES = 12;

const logs = [
  'standalone-3.9.5-log.1',
  'reconfig-3.9.5-log.100000001',
  'ensemble-3.9.5-trunc-before-log.100000001',
  'mixed-leader-3.8.0-log.100000001',
];

const entries = logs.flatMap((log) => {
  const bytes = fixture(`disk/${log}`);
  return jsonFixture<{ entries: DecodedEntry[] }>(`disk/${log}.json`).entries.map((entry) => {
    const start = entry.offset + ENTRY_HEADER_BYTES;
    const payload = Uint8Array.from(bytes.subarray(start, start + entry.len));
    return [`${log} ${entry.hdr.zxid} ${entry.hdr.typeName}`, entry, payload] as const;
  });
});

describe('a log recorded from Apache ZooKeeper', () => {
  it.each(entries)('has an entry that reads as it should and writes to the same bytes: %s', (_, entry, payload) => {
    const reader = new RecordReader(payload);
    const txn: LoggedTxn = readLoggedTxn(reader);
    expect(reader.remaining).toBe(0);

    expect(txn.body.kind).toBe(entry.hdr.typeName);
    expect(inTheFormOf(entry.hdr, { ...txn.header, typeName: transactionName(txn.header.type) })).toEqual(entry.hdr);
    expect(inTheFormOf(entry.digest, txn.digest)).toEqual(entry.digest);
    if (txn.body.kind !== 'multi') expect(inTheFormOf(entry.txn, txn.body)).toEqual(entry.txn);

    const writer = new RecordWriter();
    writeLoggedTxn(writer, txn);
    expect(toHex(writer.bytes())).toBe(toHex(payload));
    expect(adler32(payload)).toBe(Number(entry.adler32));
  });

  const multis = entries.filter(([, entry]) => entry.hdr.typeName === 'multi');

  it.each(multis)('has a multi whose parts read and write: %s', (_, entry, payload) => {
    const txns = (readLoggedTxn(new RecordReader(payload)).body as unknown as MultiTxn).txns;
    const parts = readTxnParts(txns, (data) => new RecordReader(data));
    const expected = entry.txn.txns!;
    expect(parts.map((part) => part.kind)).toEqual(expected.map((part) => part.type));
    parts.forEach((part, i) => {
      expect(inTheFormOf(expected[i]!.txn, part)).toEqual(expected[i]!.txn);
      const writer = new RecordWriter();
      writeTxnBody(writer, part);
      expect(toHex(writer.bytes())).toBe(toHex(txns[i]!.data));
    });
  });

  it('holds every transaction type, save those that are only parts or only between servers', () => {
    const kinds = new Set(entries.map(([, entry]) => entry.hdr.typeName));
    const missing = Object.keys(transactions).filter((name) => !kinds.has(name));
    expect(missing.sort()).toEqual(['check', 'deleteContainer']);
  });
});

describe('a snapshot recorded from Apache ZooKeeper 3.9.5', () => {
  const bytes = Uint8Array.from(fixture('disk/standalone-3.9.5-snapshot.12'));

  it('reads to its last byte and writes to the same bytes', () => {
    const decoded = jsonFixture<{ nodes: { path: string }[]; digest: unknown }>(
      'disk/standalone-3.9.5-snapshot.12.json',
    );
    const reader = new RecordReader(bytes);
    const writer = new RecordWriter();
    const copySeal = (): void => {
      const before = reader.position;
      const seal = readSnapshotSeal(reader);
      expect(seal).toEqual({ checksum: BigInt(adler32(bytes, 0, before)), mark: '/' });
      writeSnapshotSeal(writer, seal);
    };

    writeFileHeader(writer, readFileHeader(reader));
    writer.vector(reader.requiredVector(readSnapshotSession), writeSnapshotSession);
    writer.vector(reader.requiredVector(readSnapshotAcl), writeSnapshotAcl);
    const paths: string[] = [];
    while (toHex(bytes.subarray(reader.position, reader.position + 5)) !== '000000012f') {
      const node = readSnapshotNode(reader);
      paths.push(node.path);
      writeSnapshotNode(writer, node);
    }
    writer.ustring(reader.ustring());
    copySeal();
    const digest = readSnapshotDigest(reader);
    writeSnapshotDigest(writer, digest);
    copySeal();
    writer.int64(reader.int64());
    copySeal();

    expect(reader.remaining).toBe(0);
    expect(paths).toEqual(decoded.nodes.map((node) => node.path));
    expect(inTheFormOf(decoded.digest, digest)).toEqual(decoded.digest);
    expect(toHex(writer.bytes())).toBe(toHex(bytes));
  });
});
