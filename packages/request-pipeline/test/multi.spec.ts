import type { MultiOp } from '@zk/jute';
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

describe('multis in the pipeline', () => {
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

  it('answers each multi with its own results, in the order of its parts', () => {
    client.sendBare(-2, OpCode.ping);
    client.send('multi', { ops: [part.create('/a'), part.set('/a'), part.check('/a', 1), part.delete('/a')] });
    client.send('multi', { ops: [part.create('/b'), part.check('/b', 3)] });
    client.send('multi', { ops: [part.create('/c')] });
    rig.commitAll();
    expect(client.takeResults()).toEqual([
      ['create /a', 'setData 1', 'check', 'delete'],
      ['error OK', 'error BADVERSION'],
      ['create /c'],
    ]);
  });

  describe('a multi that fails', () => {
    it('is a transaction of errors and leaves what others have on their way', () => {
      client.send('create', create('/a'));
      client.send('setData', { path: '/a', data: null, version: 0 });
      other.send('multi', {
        ops: [part.set('/a', 1), part.create('/a/x'), part.delete('/a/x'), part.create('/b', 1), part.check('/a', 9)],
      });
      client.send('setData', { path: '/a', data: null, version: 1 });
      client.send('create', create('/b'));
      expect(rig.kinds).toEqual(['create', 'setData', 'multi', 'setData', 'create']);
      rig.commitAll();
      expect(client.takeReplies()).toEqual(['create OK', 'setData OK', 'setData OK', 'create OK']);
      expect(other.takeReplies()).toEqual(['multi OK']);
      const a = rig.tree.find(new TextEncoder().encode('/a'), 0, 2);
      expect([rig.tree.version(a), rig.tree.cversion(a), rig.tree.childCount(a)]).toEqual([2, 0, 0]);
    });

    it('fires no watch', () => {
      client.send('create', create('/a'));
      rig.commitAll();
      other.send('getData', get('/a', true));
      client.send('multi', { ops: [part.set('/a'), part.check('/a', 9)] });
      rig.commitAll();
      expect(other.takeReplies()).toEqual(['getData OK']);
    });
  });
});
