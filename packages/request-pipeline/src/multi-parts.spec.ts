import { type MultiOp, RecordWriter, operations } from '@zk/jute';
import { CreateMode, OPEN_ACL_UNSAFE, OpCode } from '@zk/model';
import { FrameReader } from './frame-reader.js';
import { BROKEN, END, multiCreatesEphemeral, nextPart } from './multi-parts.js';
import { WriteRequest } from './write-request.js';

function bodyOf(ops: readonly MultiOp[]): FrameReader {
  const writer = new RecordWriter();
  operations.multi.writeRequest(writer, { ops });
  const reader = new FrameReader();
  reader.reset(writer.bytes(), 0, writer.length);
  return reader;
}

/** The kind of each part, and what ends them. */
function kindsOf(reader: FrameReader): number[] {
  const request = new WriteRequest();
  const kinds = [nextPart(reader, request)];
  while (kinds.at(-1)! > END) kinds.push(nextPart(reader, request));
  return kinds;
}

type Create = 'create' | 'create2' | 'createContainer';
const set: MultiOp = { op: 'setData', path: '/a', data: null, version: -1 };
const base = { path: '/a', data: new Uint8Array(3), acl: OPEN_ACL_UNSAFE };
const create = (op: Create, flags: number): MultiOp => ({ op, ...base, flags });
const createTtl = (flags: number): MultiOp => ({ op: 'createTTL', ...base, flags, ttl: 1n });

describe('the parts of a multi', () => {
  it.each<[string, MultiOp, number]>([
    ['a setData is one', set, OpCode.setData],
    ['a delete is one', { op: 'delete', path: '/a', version: 0 }, OpCode.delete],
    ['a check is one', { op: 'check', path: '/a', version: 0 }, OpCode.check],
    ['a create keeps its opcode', create('create', CreateMode.ephemeral), OpCode.create],
    ['a create2 keeps its opcode', create('create2', CreateMode.persistent), OpCode.create2],
    ['flags make a create one of a container', create('create', CreateMode.container), OpCode.createContainer],
    ['a createContainer needs no such flags', create('createContainer', CreateMode.ephemeral), OpCode.createContainer],
    ['flags make a createTTL one of a container', createTtl(CreateMode.container), OpCode.createContainer],
    ['flags without a time to live make a createTTL a create', createTtl(CreateMode.persistent), OpCode.create],
    ['flags with a time to live make a createTTL', createTtl(CreateMode.persistentWithTtl), OpCode.createTTL],
    ['flags that mean nothing are left to validation in a createTTL', createTtl(9), OpCode.createTTL],
    ['flags that mean nothing break a create', create('create', 9), BROKEN],
    ['flags with a time to live break a create', create('create', CreateMode.persistentWithTtl), BROKEN],
    ['a null path breaks a create', { op: 'create', ...base, path: null!, flags: 0 }, BROKEN],
    ['a null path breaks a createTTL', { op: 'createTTL', ...base, path: null!, flags: 5, ttl: 1n }, BROKEN],
    ['a null list breaks a create', { op: 'create', ...base, acl: null!, flags: 0 }, BROKEN],
    ['a null path breaks a setData', { op: 'setData', path: null!, data: null, version: 0 }, BROKEN],
    ['a null path breaks a check', { op: 'check', path: null!, version: 0 }, BROKEN],
  ])('%s', (_, op, kind) => {
    expect(kindsOf(bodyOf([set, op, set]))).toEqual([
      OpCode.setData,
      ...(kind === BROKEN ? [BROKEN] : [kind, OpCode.setData, END]),
    ]);
  });

  it.each([OpCode.setACL, OpCode.createSession, OpCode.multi, -1])('an operation of type %p is none', (type) => {
    const reader = new FrameReader();
    const bytes = new RecordWriter().int32(type).boolean(false).int32(-1).ustring('/a').int32(0).bytes();
    reader.reset(bytes, 0, bytes.length);
    expect(kindsOf(reader)).toEqual([BROKEN]);
  });

  it('are broken off wherever the body ends too early', () => {
    const whole = bodyOf([create('create', 0), set]);
    for (let limit = 0; limit < whole.limit; limit++) {
      whole.reset(whole.bytes, 0, limit);
      expect(kindsOf(whole).at(-1)).toBe(BROKEN);
    }
  });

  it('leave the operation that was decoded last in the request', () => {
    const reader = bodyOf([set, { op: 'delete', path: '/gone', version: 7 }]);
    const request = new WriteRequest();
    nextPart(reader, request);
    nextPart(reader, request);
    expect(new TextDecoder().decode(reader.bytes.subarray(request.pathStart, request.pathEnd))).toBe('/gone');
    expect(request.version).toBe(7);
  });
});

describe('multiCreatesEphemeral', () => {
  it.each<[boolean, string, MultiOp[]]>([
    [false, 'nothing', []],
    [false, 'a persistent znode', [create('create', CreateMode.persistent)]],
    [true, 'an ephemeral behind other parts', [set, create('create2', CreateMode.ephemeral)]],
    [true, 'a sequential ephemeral', [create('create', CreateMode.ephemeralSequential), set]],
    [true, 'an ephemeral asked for with a time to live', [createTtl(CreateMode.ephemeral)]],
    [false, 'a container, whatever its flags', [create('createContainer', CreateMode.ephemeral)]],
    [
      false,
      'an ephemeral behind what cannot be decoded',
      [create('create', 9), create('create', CreateMode.ephemeral)],
    ],
  ])('is %p for %s', (expected, _, ops) => {
    expect(multiCreatesEphemeral(bodyOf(ops), new WriteRequest())).toBe(expected);
  });
});
