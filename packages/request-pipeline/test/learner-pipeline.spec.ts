import { OPEN_ACL_UNSAFE, OpCode } from '@zk/model';
import { LearnerRig } from './learner-rig.js';
import type { TestClient } from './rig.js';

const create = (path: string) => ({ path, data: null, acl: OPEN_ACL_UNSAFE, flags: 0 });
const get = (path: string) => ({ path, watch: false });

describe('the pipeline of a learner', () => {
  let rig: LearnerRig;
  let client: TestClient;
  let other: TestClient;

  beforeEach(() => {
    rig = new LearnerRig();
    client = rig.client();
    other = rig.client();
  });

  afterEach(() => {
    rig.pass();
    expect(rig.pipeline.inFlight).toBe(0);
  });

  it('answers a write when its transaction comes, the reads behind it then, and those of others at once', () => {
    client.send('create', create('/a'));
    client.send('exists', get('/a'));
    other.send('exists', get('/a'));
    rig.reachLeader();
    expect([client.takeReplies(), other.takeReplies()]).toEqual([[], ['exists NONODE']]);
    rig.reachLearner();
    expect(client.takeReplies()).toEqual(['create OK', 'exists OK']);
  });

  it.each<[string, (path: string) => Parameters<TestClient['send']>, string]>([
    ['a refused write', (path) => ['setData', { path, data: null, version: 7 }], 'setData BADVERSION'],
    ['a multi', (path) => ['multi', { ops: [{ op: 'delete', path, version: 0 }] }], 'multi OK'],
    ['a create with a Stat', (path) => ['create2', create(`${path}/b`)], 'create2 OK'],
  ])('answers %s as the leader decided', (_what, requestAt, reply) => {
    client.send('create', create('/a'));
    client.send(...requestAt('/a'));
    rig.pass();
    expect(client.takeReplies()).toEqual(['create OK', reply]);
  });

  it('holds the reads behind a sync until the leader has answered that, and those of nobody else', () => {
    client.send('sync', { path: '/' });
    client.send('exists', get('/'));
    other.send('exists', get('/'));
    rig.reachLeader();
    expect([client.takeReplies(), other.takeReplies()]).toEqual([[], ['exists OK']]);
    rig.reachLearner();
    expect(client.takeReplies()).toEqual(['sync OK', 'exists OK']);
  });

  it('a write that was passed over ends its connection: nobody can say what became of it', () => {
    client.send('create', create('/lost'));
    // The leader that got it is gone; the one that follows has the next request only.
    rig.forgetSaid();
    client.send('create', create('/a'));
    rig.pass();
    expect(client.done).toEqual(['established', 'closeNow']);
  });

  describe('a session', () => {
    it('that its client ends is answered before its connection is closed', () => {
      client.sendBare(9, OpCode.closeSession);
      client.send('exists', get('/'));
      expect(client.takeReplies()).toEqual([]);
      rig.pass();
      expect(client.takeReplies()).toEqual(['9 OK']);
      expect(client.done).toEqual(['established', 'closeAfterFlush']);
      expect(rig.ended.at(-1)).toBe('closed');
    });

    it('that the leader ends takes its connection along, without a word', () => {
      const { session } = client.client;
      rig.leader.pipeline.expireSession(rig.leader.sessions.get(session!.idHi, session!.idLo)!, rig.nowMs);
      rig.pass();
      expect(client.takeReplies()).toEqual([]);
      expect(client.done).toEqual(['established', 'closeNow']);
      expect(rig.ended.at(-1)).toBe('expired');
      expect(rig.sessions.get(session!.idHi, session!.idLo)).toBeUndefined();
    });

    it('that the leader ends gets no outcomes any more', () => {
      const { session } = client.client;
      rig.leader.pipeline.expireSession(rig.leader.sessions.get(session!.idHi, session!.idLo)!, rig.nowMs);
      client.send('create', create('/late'));
      rig.pass();
      expect(client.takeReplies()).toEqual([]);
      expect(rig.pipeline.inFlight).toBe(0);
      other.send('exists', get('/late'));
      expect(other.takeReplies()).toEqual(['exists NONODE']);
    });

    it('that has moved to another server loses its connection here with its next write', () => {
      const { session } = client.client;
      rig.leader.pipeline.moveSession(session!.idHi, session!.idLo, {}, 5_000, rig.nowMs);
      client.send('create', create('/a'));
      rig.pass();
      expect(client.takeReplies()).toEqual([]);
      expect(client.done).toEqual(['established', 'closeAfterFlush']);
    });

    it('is told to the leader as heard of, once, with the timeout of its connection', () => {
      const touched = (): unknown[] => {
        const found: unknown[] = [];
        rig.pipeline.takeTouched((session, timeoutMs) => found.push([session, timeoutMs]));
        return found;
      };
      touched();
      client.send('exists', get('/'));
      client.send('exists', get('/'));
      expect(touched()).toEqual([[client.client.session, 5_000]]);
      expect(touched()).toEqual([]);
    });

    it('is no longer tracked once its connection is gone and nothing of it is on its way', () => {
      const { idHi, idLo } = client.client.session!;
      client.send('create', create('/a'));
      client.leave();
      expect(rig.sessions.get(idHi, idLo)).toBeDefined();
      rig.pass();
      expect(rig.sessions.get(idHi, idLo)).toBeUndefined();
      other.send('exists', get('/a'));
      expect(other.takeReplies()).toEqual(['exists OK']);
    });
  });

  describe('a client that comes back to its session', () => {
    it('waits for the word of the leader, and ends the connection before', () => {
      const again = rig.dial();
      again.connect(client.client.session!);
      expect([client.done, again.done]).toEqual([['established', 'closeNow'], []]);
      rig.pass();
      expect(again.done).toEqual(['established']);
      expect(again.takeReplies()).toEqual(['connected']);
      expect(rig.ended.at(-1)).toBe('reattached');
    });

    it('reads nothing before the writes of the connection before have come', () => {
      client.send('create', create('/a'));
      const again = rig.dial();
      again.connect(client.client.session!);
      rig.answerRevalidations();
      expect(again.done).toEqual(['established']);
      again.takeReplies();
      again.send('exists', get('/a'));
      other.send('exists', get('/a'));
      expect([again.takeReplies(), other.takeReplies()]).toEqual([[], ['exists NONODE']]);
      rig.pass();
      expect(again.takeReplies()).toEqual(['exists OK']);
    });

    it('is refused with a wrong password, and the leader is not asked', () => {
      const again = rig.dial();
      again.connect(client.client.session!, { knowsPassword: false });
      expect(rig.reachLeader()).toBe(false);
      expect(again.done).toEqual(['closeAfterFlush']);
      expect(again.client.session).toBeNull();
    });

    it('is refused where the leader knows of no such session', () => {
      const again = rig.dial();
      again.connect({ id: 4711n, idHi: 0, idLo: 4711 });
      expect(again.done).toEqual([]);
      rig.pass();
      expect(again.done).toEqual(['closeAfterFlush']);
      expect(again.client.session).toBeNull();
    });

    it('is not answered when it has gone meanwhile', () => {
      const again = rig.dial();
      again.connect(client.client.session!);
      again.leave();
      rig.pass();
      expect(again.done).toEqual([]);
      expect(again.client.session).toBeNull();
    });
  });
});

it('a learner that serves nobody any more closes every connection, and answers nothing that is on its way', () => {
  const rig = new LearnerRig();
  const [client, other] = [rig.client(), rig.client()];
  client.send('create', create('/a'));
  rig.pipeline.shutDown(rig.nowMs);
  expect([client.done, other.done]).toEqual([
    ['established', 'closeNow'],
    ['established', 'closeNow'],
  ]);
  expect(client.takeReplies()).toEqual([]);
  expect(rig.pipeline.inFlight).toBe(0);
});
