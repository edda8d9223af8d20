import { type MultiOp, utf8Bytes } from '@zk/jute';
import { OPEN_ACL_UNSAFE, OpCode } from '@zk/model';
import { Rig, type TestClient } from './rig.js';

const create = (path: string, flags = 0) => ({ path, data: null, acl: OPEN_ACL_UNSAFE, flags });
const part = {
  create: (path: string, flags = 0): MultiOp => ({ op: 'create', ...create(path, flags) }),
  set: (path: string, version = -1): MultiOp => ({ op: 'setData', path, data: null, version }),
  delete: (path: string): MultiOp => ({ op: 'delete', path, version: -1 }),
  check: (path: string, version: number): MultiOp => ({ op: 'check', path, version }),
};
const get = (path: string, watch = false) => ({ path, watch });

describe('the pipeline', () => {
  let rig: Rig;
  let client: TestClient;
  let other: TestClient;

  beforeEach(() => {
    rig = new Rig();
    client = rig.client();
    other = rig.client();
  });

  afterEach(() => {
    expect(rig.digestMismatches).toEqual([]);
    rig.commitAll();
    expect(rig.pendingRecords).toBe(0);
  });

  describe('before anything is committed', () => {
    it('answers no write and changes nothing', () => {
      client.send('create', create('/a'));
      client.send('setData', { path: '/a', data: null, version: 0 });
      expect(client.takeReplies()).toEqual([]);
      expect(rig.kinds).toEqual(['create', 'setData']);
      expect(rig.tree.nodeCount).toBe(5);
      expect(rig.pipeline.inFlight).toBe(2);
      rig.commit();
      expect(client.takeReplies()).toEqual(['create OK']);
      rig.commit();
      expect(client.takeReplies()).toEqual(['setData OK']);
      expect(rig.tree.nodeCount).toBe(6);
    });

    it('the server does not remove a container that is being written', () => {
      client.send('createContainer', create('/c'));
      rig.commit();
      client.send('setData', { path: '/c', data: null, version: -1 });
      rig.pipeline.submitDeleteContainer('/c', rig.nowMs);
      expect(rig.kinds).toEqual(['setData', 'error']);
    });

    it('the server does not remove a container that is being made', () => {
      client.send('createContainer', create('/c'));
      rig.pipeline.submitDeleteContainer('/c', rig.nowMs);
      expect(rig.kinds).toEqual(['createContainer', 'error']);
    });

    it('refusals wait as well: they are transactions', () => {
      client.send('setData', { path: '/none', data: null, version: 0 });
      expect(rig.kinds).toEqual(['error']);
      expect(client.takeReplies()).toEqual([]);
      rig.commit();
      expect(client.takeReplies()).toEqual(['setData NONODE']);
    });

    it('no session is established', () => {
      const fresh = rig.dial();
      fresh.connect();
      expect([fresh.done, fresh.client.outbox.length]).toEqual([[], 0]);
      rig.commit();
      expect(fresh.done).toEqual(['established']);
      expect(fresh.takeReplies()).toEqual(['connected']);
    });

    it('no session is closed', () => {
      client.sendBare(9, OpCode.closeSession);
      expect(client.done).toEqual(['established']);
      rig.commitAll();
      expect(client.takeReplies()).toEqual(['9 OK']);
      expect(client.done).toEqual(['established', 'closeAfterFlush']);
    });
  });

  describe('a read', () => {
    it('is answered at once when its session has nothing on its way, whatever others have', () => {
      client.send('create', create('/a'));
      other.send('exists', get('/a'));
      expect(other.takeReplies()).toEqual(['exists NONODE']);
      rig.commit();
      other.send('exists', get('/a'));
      expect(other.takeReplies()).toEqual(['exists OK']);
    });

    it('waits for the writes of its own session before it, not for those behind it', () => {
      client.send('create', create('/a'));
      client.send('getData', get('/a'));
      client.send('create', create('/b'));
      client.send('getData', get('/b'));
      client.sendBare(-2, OpCode.ping);
      expect(client.takeReplies()).toEqual([]);
      expect(client.client.outstanding).toBe(5);
      rig.commit();
      expect(client.takeReplies()).toEqual(['create OK', 'getData OK']);
      rig.commit();
      expect(client.takeReplies()).toEqual(['create OK', 'getData OK', '-2 OK']);
      expect(client.client.outstanding).toBe(0);
    });

    it('keeps what it needs of the frame', () => {
      client.send('create', create('/a'));
      for (let i = 0; i < 100; i++) client.send('exists', get(i % 2 === 0 ? '/a' : `/${'n'.repeat(i)}`));
      rig.commit();
      expect(client.takeReplies()).toEqual([
        'create OK',
        ...Array.from({ length: 100 }, (_, i) => `exists ${i % 2 === 0 ? 'OK' : 'NONODE'}`),
      ]);
    });

    it('behind many bytes of replies that waited like it is refused as throttled, but not a ping', () => {
      const large = 'x'.repeat(400_000);
      client.send('create', { ...create('/a'), data: utf8Bytes(large) });
      for (let i = 0; i < 5; i++) client.send('getData', get('/a'));
      client.send('exists', get('/a', true));
      client.sendBare(-2, OpCode.ping);
      rig.commit();
      const refused = Array.from({ length: 2 }, () => 'getData THROTTLEDOP');
      const replies = [
        'create OK',
        'getData OK',
        'getData OK',
        'getData OK',
        ...refused,
        'exists THROTTLEDOP',
        '-2 OK',
      ];
      expect(client.takeReplies()).toEqual(replies);
      expect(rig.pipeline.throttledOps).toBe(3);
      expect(rig.watches.watchCount).toBe(0);
      // What waits next is counted from nothing: the replies have been taken.
      client.send('setData', { path: '/a', data: null, version: -1 });
      client.send('getData', get('/a'));
      rig.commit();
      expect(client.takeReplies()).toEqual(['setData OK', 'getData OK']);
    });

    it('on a new connection waits for the writes of the connection before', () => {
      client.send('create', create('/a'));
      client.leave();
      const again = rig.dial();
      again.connect(client.client.session!);
      again.send('exists', get('/a'));
      expect(again.takeReplies()).toEqual(['connected']);
      rig.commit();
      expect(again.takeReplies()).toEqual(['exists OK']);
      expect(client.client.outbox.length).toBe(0);
      expect(again.client.outstanding).toBe(0);
    });

    it('on a new connection waits neither for the writes of others nor for those of the server', () => {
      other.send('create', create('/a'));
      rig.pipeline.submitDeleteContainer('/none', rig.nowMs);
      client.leave();
      const again = rig.dial();
      again.connect(client.client.session!);
      again.send('exists', get('/a'));
      expect(again.takeReplies()).toEqual(['connected', 'exists NONODE']);
      expect(again.client.outstanding).toBe(0);
    });
  });

  describe('validation', () => {
    it('sees everything that is on its way, of whomever', () => {
      client.send('create', create('/a'));
      other.send('create', create('/a/b'));
      other.send('create', create('/a/b'));
      client.send('delete', { path: '/a', version: -1 });
      other.send('delete', { path: '/a/b', version: 0 });
      client.send('delete', { path: '/a', version: 0 });
      other.send('create', create('/a/c'));
      expect(rig.kinds).toEqual(['create', 'create', 'error', 'error', 'delete', 'delete', 'error']);
      rig.commitAll();
      expect(client.takeReplies()).toEqual(['create OK', 'delete NOTEMPTY', 'delete OK']);
      expect(other.takeReplies()).toEqual(['create OK', 'create NODEEXISTS', 'delete OK', 'create NONODE']);
    });

    it('numbers sequential znodes that are on their way', () => {
      for (let i = 0; i < 3; i++) client.send('create', create('/s', 2));
      expect(rig.log.map(({ txn }) => (txn.body.kind === 'create' ? txn.body.path : ''))).toEqual([
        '/s0000000000',
        '/s0000000001',
        '/s0000000002',
      ]);
    });

    it('gives each transaction the next zxid, refused or not', () => {
      client.send('create', create('/a'));
      client.send('create', create('/a'));
      client.send('multi', { ops: [part.check('/a', 7)] });
      client.send('setData', { path: '/a', data: null, version: -1 });
      expect(rig.log.map(({ hi, lo }) => [hi, lo])).toEqual([3, 4, 5, 6].map((lo) => [0, lo]));
      expect(rig.log.map(({ txn }) => txn.header.zxid)).toEqual([3n, 4n, 5n, 6n]);
    });

    it.each([
      ['of nothing', 0n, 'BADARGUMENTS'],
      ['of a millisecond', 1n, 'OK'],
      ['of 2^40 - 1 ms', 2n ** 40n - 1n, 'OK'],
      ['of 2^40 ms', 2n ** 40n, 'BADARGUMENTS'],
      ['that is negative', -1n, 'BADARGUMENTS'],
    ])('answers a time to live %s, %d ms, with %s', (_what, ttl, outcome) => {
      client.send('createTTL', { ...create('/t', 5), ttl });
      rig.commit();
      expect(client.takeReplies()).toEqual([`createTTL ${outcome}`]);
    });

    it('keeps the record of nobody that was only looked at', () => {
      client.send('create', create('/a'));
      rig.commitAll();
      for (let i = 0; i < 50; i++) {
        client.send('create', create('/a'));
        client.send('create', create(`/none/${i}`));
        client.send('create', create(`/a/${i}/x`));
        client.send('delete', { path: `/a/${i}`, version: -1 });
        client.send('setData', { path: '/a', data: null, version: 9 });
        client.send('setACL', { path: `/n${i}`, acl: OPEN_ACL_UNSAFE, version: -1 });
        client.send('multi', { ops: [part.create(`/m${i}`), part.set('/a'), part.create('/a'), part.delete('/')] });
        client.send('multi', { ops: [part.create(`/m${i}`), part.create('/')] });
      }
      expect(rig.pendingRecords).toBe(0);
    });
  });

  it('tells events before the reply of the change that caused them', () => {
    client.send('create', create('/a'));
    rig.commitAll();
    client.takeReplies();
    client.send('getData', get('/a', true));
    client.send('setData', { path: '/a', data: null, version: -1 });
    client.send('getData', get('/a', true));
    client.send('delete', { path: '/a', version: -1 });
    rig.commitAll();
    expect(client.takeReplies()).toEqual([
      'getData OK',
      'event 3 /a',
      'setData OK',
      'getData OK',
      'event 2 /a',
      'delete OK',
    ]);
  });

  describe('when the log loses what is not committed', () => {
    it('refuses each write in its turn, answers the reads between, and forgets what was validated', () => {
      client.send('create', create('/kept'));
      client.send('create', create('/lost'));
      client.send('exists', get('/lost'));
      client.send('create', create('/lost/child'));
      client.send('exists', get('/kept'));
      rig.commit();
      expect(client.takeReplies()).toEqual(['create OK']);
      rig.abandon();
      expect(client.takeReplies()).toEqual(['create SYSTEMERROR', 'exists NONODE', 'create SYSTEMERROR', 'exists OK']);
      expect([rig.pipeline.inFlight, rig.pendingRecords, client.client.outstanding]).toEqual([0, 0, 0]);
    });

    it('refuses further writes at once until it is told otherwise', () => {
      rig.abandon();
      client.send('create', create('/a'));
      client.sendBare(9, OpCode.closeSession);
      rig.pipeline.submitDeleteContainer('/a', rig.nowMs);
      expect(client.takeReplies()).toEqual(['create SYSTEMERROR', '9 SYSTEMERROR']);
      expect(rig.log).toEqual([]);
      rig.recover();
      client.send('create', create('/a'));
      rig.commitAll();
      expect(client.takeReplies().at(-1)).toBe('create OK');
    });

    it('uses the zxids again, and predicts the digest from what is there', () => {
      client.send('create', create('/a'));
      const { lo } = rig.log[0]!;
      rig.abandon();
      rig.recover();
      client.send('create', create('/b'));
      expect(rig.log[0]!.lo).toBe(lo);
      rig.commitAll();
      client.send('create', create('/b/c'));
      rig.commitAll();
      expect(client.takeReplies()).toEqual(['create SYSTEMERROR', 'create OK', 'create OK']);
    });

    it('gives up sessions being created, and gives back those being closed', () => {
      const fresh = rig.dial();
      fresh.connect();
      client.send('create', create('/e', 1));
      rig.commit(2);
      client.sendBare(9, OpCode.closeSession);
      const late = rig.dial();
      late.connect();
      rig.abandon();
      rig.recover();
      expect(late.done).toEqual(['closeNow']);
      expect(client.takeReplies().at(-1)).toBe('9 SYSTEMERROR');
      client.send('exists', get('/e'));
      expect(client.takeReplies()).toEqual(['exists OK']);
      expect(rig.sessions.size).toBe(3);
    });

    it('in the middle of hundreds of transactions of every kind', () => {
      for (let round = 0; round < 20; round++) {
        for (let i = 0; i < 20; i++) {
          client.send('create', create('/s', 2));
          other.send('multi', { ops: [part.create(`/m${i}`, 1), part.set('/')] });
          client.send('setData', { path: '/', data: new Uint8Array(i), version: -1 });
        }
        rig.commit(round * 3);
        rig.abandon();
        rig.recover();
        expect(rig.pendingRecords).toBe(0);
      }
      client.send('setData', { path: '/', data: null, version: -1 });
      rig.commitAll();
      expect(client.takeReplies().at(-1)).toBe('setData OK');
    });
  });

  describe('sessions', () => {
    it('that expire take their ephemerals along, also those on their way', () => {
      client.send('create', create('/e1', 1));
      rig.commitAll();
      client.send('create', create('/e2', 1));
      other.send('delete', { path: '/e1', version: -1 });
      rig.sessions.touch(other.client.session!, 20_000, rig.nowMs);
      rig.nowMs += 7_000;
      rig.sessions.expire(rig.nowMs);
      const last = rig.log.at(-1)!.txn.body;
      expect(last).toEqual({ kind: 'closeSession', paths2Delete: ['/e2'] });
      rig.commitAll();
      expect(rig.tree.ephemeralCount).toBe(0);
      expect(client.done.at(-1)).toBe('closeNow');
      expect(rig.ended.at(-1)).toBe('expired 0');
    });

    it('do not expire while their client waits to be read, and do not come back when it has gone', () => {
      rig.nowMs += 7_000;
      rig.pipeline.touchWaiting(client.client, rig.nowMs);
      rig.pipeline.remove(other.client);
      rig.pipeline.touchWaiting(other.client, rig.nowMs);
      rig.sessions.expire(rig.nowMs);
      rig.commitAll();
      expect(rig.ended.filter((event) => event.startsWith('expired'))).toEqual(['expired 1']);
      expect(rig.sessions.check(client.client.session!, client.client)).toBe(0);
    });

    it('expire by the thousand at once, each with its own ephemerals', () => {
      for (let i = 0; i < 5_000; i++) rig.client().send('create', create('/e', 3));
      rig.commitAll();
      expect(rig.tree.ephemeralCount).toBe(5_000);
      rig.nowMs += 7_000;
      rig.sessions.expire(rig.nowMs);
      expect(rig.log).toHaveLength(5_002);
      client = rig.client();
      client.send('create', create('/e', 3));
      rig.commitAll();
      expect([rig.sessions.size, rig.tree.ephemeralCount]).toEqual([1, 1]);
      expect(client.takeReplies()).toEqual(['create OK']);
    });

    it('that were closed get no answers any more', () => {
      client.sendBare(9, OpCode.closeSession);
      client.send('exists', get('/'));
      client.send('create', create('/a'));
      expect(rig.kinds).toEqual(['closeSession']);
      rig.commitAll();
      expect(client.takeReplies()).toEqual(['9 OK']);
    });

    it('whose client has gone still have their writes take effect', () => {
      client.send('create', create('/a'));
      client.leave();
      rig.commitAll();
      expect(rig.tree.nodeCount).toBe(6);
      expect(client.client.outbox.length).toBe(0);
    });

    it('leave the list of their ephemerals out when the log could not be read back with it', () => {
      rig = new Rig({ maxTxnBytes: 4_000 });
      client = rig.client();
      for (let i = 0; i < 100; i++) client.send('create', create(`/${'e'.repeat(50)}${i}`, 1));
      rig.commitAll();
      client.sendBare(9, OpCode.closeSession);
      expect(rig.log.at(-1)!.txn.body).toEqual({ kind: 'closeSession' });
      rig.commitAll();
      expect(rig.tree.ephemeralCount).toBe(0);
    });
  });
});
