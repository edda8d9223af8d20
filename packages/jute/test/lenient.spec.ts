import { OpCode } from '@zk/model';
import {
  MarshallingError,
  RecordReader,
  RecordWriter,
  operationName,
  operationOf,
  operations,
  readConnectRequest,
  readConnectResponse,
  readCreateRequest,
  readLearnerInfo,
  readLoggedTxn,
  readQuorumPacket,
  readSetDataRequest,
  readSetWatches,
  readSyncRequest,
  transactionName,
  writeConnectResponse,
  writeLoggedTxn,
} from '../src/index.js';
import { fromHex, toHex } from './recording.js';

const readerOf = (hex: string): RecordReader => new RecordReader(fromHex(hex.replaceAll(/\s/g, '')));

const CONNECT_REQUEST = `00000000 0000000000000000 00002710 0000000000000000 00000010 ${'00'.repeat(16)}`;
const HEADER = '0100003087da0000 00000007 0000000000000001 000001a1fbeedd11';
const DIGEST = '00000002 0000000051c6d660';

describe('reading of missing ends', () => {
  it.each([
    ['', undefined],
    ['00', false],
    ['01', true],
    ['07', true],
    ['01ffff', true],
  ])('ConnectRequest followed by "%s" has readOnly %s', (end, readOnly) => {
    expect(readConnectRequest(readerOf(CONNECT_REQUEST + end)).readOnly).toBe(readOnly);
  });

  it('writes back a ConnectResponse without the byte that it came without', () => {
    const bytes = `00000000 00000fa0 01000015374d0000 00000010 a9fb9305822e7dae2f65ee069b975fc1`;
    const response = readConnectResponse(readerOf(bytes));
    expect(response).toMatchObject({ timeOut: 4000, sessionId: 0x1000015374d0000n, readOnly: undefined });
    const writer = new RecordWriter();
    writeConnectResponse(writer, response);
    expect(toHex(writer.bytes())).toBe(bytes.replaceAll(' ', ''));
  });

  it.each([
    ['0000000000000003', { serverid: 3n }],
    ['0000000000000003 00010000', { serverid: 3n, protocolVersion: 0x10000 }],
    [
      '0000000000000003 00010000 0000000100000000',
      { serverid: 3n, protocolVersion: 0x10000, configVersion: 1n << 32n },
    ],
  ])('LearnerInfo %s', (bytes, expected) => {
    expect(readLearnerInfo(readerOf(bytes))).toEqual(expected);
  });

  it.each([
    ['a list and a digest', `00000001 00000002 2f61 ${DIGEST}`, { paths2Delete: ['/a'] }, true],
    ['a list and no digest', '00000001 00000002 2f61', { paths2Delete: ['/a'] }, false],
    ['an empty list', '00000000', { paths2Delete: [] }, false],
    ['neither', '', {}, false],
    ['a digest that looks like a list', DIGEST, {}, false],
  ])('closeSession with %s', (_, end, expected, hasDigest) => {
    const txn = readLoggedTxn(readerOf(`${HEADER} fffffff5 ${end}`));
    expect(txn.body).toEqual({ kind: 'closeSession', ...expected });
    expect(txn.digest !== undefined).toBe(hasDigest);
  });

  it('a create of a very old writer has no parentCVersion, and is written back without', () => {
    const bytes = `${HEADER} 00000001 00000002 2f61 ffffffff ffffffff 01`;
    const txn = readLoggedTxn(readerOf(bytes));
    expect(txn.body).toEqual({ kind: 'create', path: '/a', data: null, acl: null, ephemeral: true });
    const writer = new RecordWriter();
    writeLoggedTxn(writer, txn);
    expect(toHex(writer.bytes())).toBe(bytes.replaceAll(' ', ''));
  });

  it('ignores what is behind a transaction and too short for a digest', () => {
    expect(readLoggedTxn(readerOf(`${HEADER} ffffffff ffffff9b 0000`)).body).toEqual({ kind: 'error', err: -101 });
  });
});

describe('reading of nulls', () => {
  it('lets through those that a server answers in its own way', () => {
    expect(readSetDataRequest(readerOf('ffffffff ffffffff ffffffff'))).toEqual({ path: null, data: null, version: -1 });
    expect(readSyncRequest(readerOf('ffffffff'))).toEqual({ path: null });
    expect(readCreateRequest(readerOf('00000001 2f ffffffff ffffffff 00000000'))).toEqual({
      path: '/',
      data: null,
      acl: null,
      flags: 0,
    });
  });

  it('refuses those that do not decode', () => {
    expect(() => readCreateRequest(readerOf('ffffffff ffffffff ffffffff 00000000'))).toThrow(MarshallingError);
    expect(() => readSetWatches(readerOf('0000000000000000 ffffffff 00000000 00000000'))).toThrow(MarshallingError);
  });
});

describe('packets between servers, as captured', () => {
  it.each([
    ['FOLLOWERINFO', '0000000b 0000000000000000 00000014 0000000000000001 00010000 0000000000000000 ffffffff', 11],
    ['LEADERINFO', '00000011 0000000100000000 00000004 00010000 ffffffff', 17],
    ['ACKEPOCH', '00000012 0000000000000000 00000004 00000000 ffffffff', 18],
    ['DIFF', '0000000d 0000000000000000 ffffffff ffffffff', 13],
    ['UPTODATE', '0000000c ffffffffffffffff ffffffff ffffffff', 12],
    ['TRUNC', '0000000e 000000010000001d ffffffff ffffffff', 14],
  ])('%s reads', (_, bytes, type) => {
    const reader = readerOf(bytes);
    expect(readQuorumPacket(reader)).toMatchObject({ type, authinfo: null });
    expect(reader.remaining).toBe(0);
  });
});

describe('the tables of operations and transactions', () => {
  it('agree with the opcodes of the model', () => {
    for (const operation of Object.values(operations)) {
      expect(OpCode[operation.name as keyof typeof OpCode]).toBe(operation.code);
      expect(operationOf(operation.code)).toBe(operation);
      expect(operationName(operation.code)).toBe(operation.name);
    }
  });

  it('name a transaction by its type', () => {
    expect(transactionName(-10)).toBe('createSession');
    expect(transactionName(20)).toBe('deleteContainer');
    expect(transactionName(9)).toBeUndefined();
  });

  it('say so when nobody assigned a number', () => {
    expect(operationOf(999)).toBeUndefined();
    expect(operationName(999)).toBe('unknown(999)');
    expect(() => readLoggedTxn(readerOf(`${HEADER} 000003e7`))).toThrow('no transaction has type 999');
  });

  it('read and write nothing where there is only a header', () => {
    const writer = new RecordWriter();
    expect(operations.ping.readRequest(new RecordReader(new Uint8Array()))).toBeUndefined();
    operations.ping.writeRequest(writer, undefined);
    expect(writer.length).toBe(0);
  });
});
