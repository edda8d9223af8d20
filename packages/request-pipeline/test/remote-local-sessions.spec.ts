import { type MultiOp, type OperationName, type OperationTypes, RecordWriter, operations } from '@zk/jute';
import { CreateMode, OpCode, errorName } from '@zk/model';
import { Rig } from './rig.js';

/** What the leader makes of sessions it does not know, which learners answer for (spec: server semantics, section 10.6). */

const SERVER_ID = 3;
const acl = [{ perms: 31, scheme: 'world', id: 'anyone' }];
const create = (flags: number): OperationTypes['create']['request'] => ({ path: '/lock', data: null, acl, flags });
const part = (flags: number): MultiOp => ({ op: 'create', ...create(flags) });

interface Wish {
  readonly type: number;
  readonly body: Uint8Array;
}

function wish<N extends OperationName>(name: N, request: OperationTypes[N]['request']): Wish {
  const writer = new RecordWriter();
  operations[name].writeRequest(writer, request);
  return { type: operations[name].code, body: writer.bytes() };
}

const LASTING = wish('create', create(CreateMode.persistent));
const ephemerals: readonly [string, Wish][] = [
  ['create', wish('create', create(CreateMode.ephemeral))],
  ['create2', wish('create2', create(CreateMode.ephemeralSequential))],
  [
    'multi',
    wish('multi', {
      ops: [part(CreateMode.persistent), { ...part(CreateMode.ephemeral), path: '/lock/x' } as MultiOp],
    }),
  ],
];

describe('a leader whose servers have local sessions', () => {
  let rig: Rig;
  const owner = {};
  const ask = (sessionHi: number, { type, body }: Wish): void => {
    rig.pipeline.submitRemote({ sessionHi, sessionLo: 77, ids: [], owner, cxid: 5, type, body }, rig.nowMs);
  };
  /** What was proposed last. */
  const outcome = (): string => {
    const { body } = rig.log.at(-1)!.txn;
    return body.kind === 'error' ? errorName(body.err) : body.kind;
  };

  beforeEach(() => {
    rig = new Rig({ localSessions: { areOn: true, areUpgraded: true }, serverId: SERVER_ID });
  });

  it.each(ephemerals)('refuses the ephemeral of a session that was closed meanwhile: %s', (_name, request) => {
    ask(0x0200_0001, { type: OpCode.createSession, body: new Uint8Array([0, 0, 0x13, 0x88]) });
    ask(0x0200_0001, { type: OpCode.closeSession, body: new Uint8Array(0) });
    rig.commitAll();
    ask(0x0200_0001, request);
    expect(outcome()).toBe('SESSIONEXPIRED');
    rig.commitAll();
    expect([...rig.tree.ephemeralOwners()]).toEqual([]);
  });

  it.each(ephemerals)('lets a session that was made known create one: %s', (_name, request) => {
    ask(0x0200_0001, { type: OpCode.createSession, body: new Uint8Array([0, 0, 0x13, 0x88]) });
    ask(0x0200_0001, request);
    expect(outcome()).not.toBe('SESSIONEXPIRED');
  });

  it('takes anything else of a session that may be local at a learner', () => {
    ask(0x0200_0001, LASTING);
    expect(outcome()).toBe('create');
  });

  it.each([0x0300_0001, 0x03ff_ffff])('takes nothing of a session that began at the leader itself: %i', (sessionHi) => {
    ask(sessionHi, LASTING);
    expect(outcome()).toBe('SESSIONEXPIRED');
  });

  it('knows the sessions of a server whose id needs the sign bit', () => {
    rig = new Rig({ localSessions: { areOn: true, areUpgraded: true }, serverId: 0x1_fe });
    ask(0xfe00_0001 | 0, LASTING);
    expect(outcome()).toBe('SESSIONEXPIRED');
  });
});
