import { CreateMode, ErrorCode, OpCode, Perms, Xid, hex64 } from '@zk/model';
import type { MultiOp, RecordWriter } from '@zk/jute';
import type { RawClient } from '@zk/test-client';
import { AUDIT_LOG, type AuditEntry, type Registration, type ServerOptions, auditLine } from '../src/index.js';
import { Harness } from './harness.js';
import { outcome } from './outcomes.js';
import { RawSession } from './raw-session.js';
import { VirtualEnsemble } from './virtual-ensemble.js';

const ANYONE = { perms: Perms.all, scheme: 'world', id: 'anyone' };
const READERS = { perms: Perms.read, scheme: 'ip', id: '10.0.0.1' };

const create = (path: string, flags = 0): MultiOp => ({ op: 'create', path, data: null, acl: [ANYONE], flags });

describe('the audit log', () => {
  let lines: string[];
  let harness: Harness;
  let client: RawClient;

  beforeEach(async () => {
    lines = [];
    const audit = { processUser: 'operator', record: (entry: AuditEntry) => void lines.push(auditLine(entry)) };
    harness = await new Harness({ registrations: [[AUDIT_LOG, audit]] }).start();
    client = await harness.connect();
  });

  afterEach(() => harness.end());

  /** What was said since the last time, without what the lines of every client begin with. */
  const said = (): string[] =>
    lines.splice(0).map((line) => line.replace(/^session=0x\w+\tuser=[^\t]*\tip=[^\t]*\t/, ''));

  it('says who changed what, from where, in which session', async () => {
    await client.auth('digest', 'bob:secret');
    await client.create('/a');
    const [{ remoteAddress }] = [...harness.server.connections].map(({ peer }) => peer) as [{ remoteAddress: string }];
    expect(lines).toEqual([
      [
        `session=0x${hex64(client.sessionId)}`,
        `user=${remoteAddress},bob`,
        `ip=${remoteAddress}`,
        'operation=create',
        'znode=/a',
        'znode_type=persistent',
        'result=success',
      ].join('\t'),
    ]);
  });

  const cases: readonly [string, (client: RawClient) => Promise<unknown>, readonly string[]][] = [
    [
      'an ephemeral',
      (client) => client.create('/e', null, { flags: CreateMode.ephemeral }),
      ['operation=create\tznode=/e\tznode_type=ephemeral\tresult=success'],
    ],
    [
      'a sequential znode, by the name it got',
      (client) => client.create('/base/s-', null, { flags: CreateMode.persistentSequential }),
      ['operation=create\tznode=/base/s-0000000000\tznode_type=persistent_sequential\tresult=success'],
    ],
    [
      'a container',
      (client) => client.createContainer('/c'),
      ['operation=create\tznode=/c\tznode_type=container\tresult=success'],
    ],
    [
      'a znode that ages',
      (client) => client.createTTL('/t', 1000),
      ['operation=create\tznode=/t\tznode_type=persistent_with_ttl\tresult=success'],
    ],
    ['new data', (client) => client.setData('/base', 'x'), ['operation=setData\tznode=/base\tresult=success']],
    [
      'a new ACL',
      (client) => client.setACL('/base', [ANYONE, READERS]),
      ['operation=setAcl\tznode=/base\tacl=world:anyone:cdrwaip:10.0.0.1:r\tresult=success'],
    ],
    ['a deletion', (client) => client.delete('/base'), ['operation=delete\tznode=/base\tresult=success']],
    ['a refusal', (client) => client.delete('/nowhere'), ['operation=delete\tznode=/nowhere\tresult=failure']],
    [
      'a create that is refused, by the name that was asked for',
      (client) => client.create('/base', null, { flags: CreateMode.ephemeral }),
      ['operation=create\tznode=/base\tznode_type=ephemeral\tresult=failure'],
    ],
    [
      'each change of a transaction, and none of its checks',
      (client) =>
        client.multi([
          { op: 'check', path: '/base', version: 0 },
          create('/m'),
          { op: 'setData', path: '/m', data: null, version: 0 },
          create('/base/s-', CreateMode.ephemeralSequential),
          { op: 'delete', path: '/m', version: -1 },
        ]),
      [
        'operation=create\tznode=/m\tznode_type=persistent\tresult=success',
        'operation=setData\tznode=/m\tresult=success',
        'operation=create\tznode=/base/s-0000000000\tznode_type=ephemeral_sequential\tresult=success',
        'operation=delete\tznode=/m\tresult=success',
      ],
    ],
    [
      'a transaction that is refused, as one',
      (client) => client.multi([create('/m'), { op: 'delete', path: '/nowhere', version: -1 }]),
      ['operation=multiOperation\tresult=failure'],
    ],
    ['a reconfiguration', (client) => client.reconfig({ newMembers: '' }), ['operation=reconfig\tresult=failure']],
    [
      'a path with control characters, on one line',
      (client) => client.create('/a\tresult=success\nuser=nobody\\'),
      ['operation=create\tznode=/a\\u0009result=success\\u000auser=nobody\\\\\tznode_type=persistent\tresult=failure'],
    ],
    ['nothing of a read', (client) => client.getData('/base'), []],
    ['nothing of a look for what is not there', (client) => client.exists('/nowhere'), []],
  ];
  it.each(cases)('tells %s', async (_title, act, expected) => {
    await client.create('/base');
    said();
    await outcome(act(client));
    expect(said()).toEqual(expected);
  });

  it('tells each ephemeral that goes with its session, as a deed of the server', async () => {
    for (const path of ['/one', '/two']) await client.create(path, null, { flags: CreateMode.ephemeral });
    said();
    await client.close();
    const session = `session=0x${hex64(client.sessionId)}\tuser=operator`;
    expect(lines.sort()).toEqual(
      ['/one', '/two'].map(
        (path) => `${session}\toperation=ephemeralZNodeDeletionOnSessionCloseOrExpire\tznode=${path}\tresult=success`,
      ),
    );
  });

  it('keeps the order of many requests that are sent at once', async () => {
    const paths = Array.from({ length: 50 }, (_, index) => `/many-${index}`);
    await Promise.all(paths.flatMap((path) => [client.create(path), client.exists(path)]));
    expect(said()).toEqual(
      paths.map((path) => `operation=create\tznode=${path}\tznode_type=persistent\tresult=success`),
    );
  });

  it('tells of a change whose client is gone before its reply, without a claim of what became of it', async () => {
    harness.storage.holdSyncs();
    const gone = outcome(client.create('/unheard'));
    await harness.storage.heldSync();
    client.disconnect();
    expect(await gone).toBe('CLOSED');
    await untilTrue(() => lines.length > 0);
    harness.storage.releaseSyncs();
    expect(said()).toEqual(['operation=create\tznode=/unheard\tznode_type=persistent\tresult=invoked']);
  });
});

describe('the audit log of clients that choose odd xids', () => {
  const lines: string[] = [];
  const record = (entry: AuditEntry): void => void lines.push(auditLine(entry).replace(/^.*(operation=\w+)/, '$1'));
  const registrations: readonly Registration[] = [[AUDIT_LOG, { processUser: 'operator', record }]];
  let harness: Harness;

  afterEach(async () => {
    lines.length = 0;
    await harness.end();
  });

  const start = async (options: Partial<ServerOptions> = {}): Promise<RawSession> => {
    harness = await new Harness({ registrations, options }).start();
    return RawSession.open(harness);
  };
  const pathAlone = (writer: RecordWriter): RecordWriter => writer.ustring('/nowhere').boolean(false);
  const creation =
    (path: string, flags = 0) =>
    (writer: RecordWriter): RecordWriter =>
      writer.ustring(path).buffer(null).int32(1).int32(Perms.all).ustring('world').ustring('anyone').int32(flags);
  const made = 'operation=create\tznode=/a\tznode_type=persistent\tresult=';

  it('does not take the answer to a ping for that to a create', async () => {
    const raw = await start();
    raw.send(Xid.ping, OpCode.ping);
    raw.send(Xid.ping, OpCode.create, creation('/a'));
    expect(await raw.take(2)).toEqual(['-2:0', '-2:0']);
    expect(lines).toEqual([`${made}success`]);
  });

  it('does not take the refusal of a read for that of a create', async () => {
    const raw = await start();
    raw.send(7, OpCode.getData, pathAlone);
    raw.send(7, OpCode.create, creation('/a'));
    expect(await raw.take(2)).toEqual(['7:-101', '7:0']);
    expect(lines).toEqual([`${made}success`]);
  });

  it('does not take the refusal of a proof, which comes at once, for that of a create', async () => {
    const raw = await start();
    raw.send(7, OpCode.create, creation('/a'));
    raw.send(7, OpCode.auth, (writer) => writer.int32(0).ustring('nonsense').buffer(null));
    expect((await raw.next()).err).toBe(ErrorCode.AUTHFAILED);
    await raw.frames.closed;
    await untilTrue(() => lines.length > 0);
    expect(lines).not.toEqual([`${made}failure`]);
  });

  it('claims nothing of a change whose reply looks like an event', async () => {
    const raw = await start();
    raw.send(-1, OpCode.create, creation('/a'));
    expect(await raw.take(1)).toEqual(['-1:0']);
    expect(lines).toEqual([`${made}invoked`]);
  });

  it('tells of paths that are longer than what is read elsewhere', async () => {
    const raw = await start({ maxFrameBytes: 8_000_000, maxTxnBytes: 9_000_000 });
    const path = `/${'a'.repeat(2 * 0xfffff - 1)}`;
    raw.send(1, OpCode.create, creation(path, CreateMode.persistentSequential));
    expect(await raw.take(1)).toEqual(['1:0']);
    expect(lines.map((line) => line.length)).toEqual([
      `operation=create\tznode=${path}0000000000\tznode_type=persistent_sequential\tresult=success`.length,
    ]);
  });
});

/** Looks in every turn of the event loop. */
async function untilTrue(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

describe('the audit logs of an ensemble', () => {
  const lines = new Map<number, string[]>();
  const ensemble = new VirtualEnsemble({
    registrations: (id) => {
      const own: string[] = [];
      lines.set(id, own);
      const record = (entry: AuditEntry): void => void own.push(auditLine(entry).replace(/^.*(operation=\w+)/, '$1'));
      return [[AUDIT_LOG, { processUser: `operator ${id}`, record }]];
    },
  });
  beforeAll(() => ensemble.startAll());
  afterAll(() => ensemble.stopAll());

  it('tell a change where its client is connected, and ephemerals that go with a session everywhere', async () => {
    const { leader, follower } = await ensemble.roles();
    const observer = 4;
    for (const id of [leader, follower, observer]) {
      const client = await ensemble.connect(id);
      await ensemble.time.during(client.create(`/by-${id}`, null, { flags: CreateMode.ephemeral }));
      await ensemble.time.during(client.close());
      await ensemble.time.advance(1000);
    }
    const goes = 'operation=ephemeralZNodeDeletionOnSessionCloseOrExpire';
    const ends = (id: number): string => `${goes}\tznode=/by-${id}\tresult=success`;
    for (const id of [leader, follower, observer]) {
      const made = `operation=create\tznode=/by-${id}\tznode_type=ephemeral\tresult=success`;
      const expected = [leader, follower, observer].flatMap((each) => (each === id ? [made, ends(id)] : [ends(each)]));
      expect(lines.get(id)).toEqual(expected);
    }
  });
});
