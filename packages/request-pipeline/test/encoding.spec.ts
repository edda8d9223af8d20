import { type MultiOp, type TxnBody, utf8Bytes } from '@zk/jute';
import { OPEN_ACL_UNSAFE, OpCode } from '@zk/model';
import { Rig, type TestClient } from './rig.js';

/** Several times what the memory holds that one transaction after the other is written to. */
const COUNT = 600;

const acl = Array.from({ length: 6 }, (_, i) => ({ perms: i, scheme: 'world', id: 'anyone' }));
const create = (path: string, data: Uint8Array | null = null) => ({ path, data, acl, flags: 0 });
/** Of every length in turn, so that the memory ends at another place each time. */
const pathOf = (i: number): string => `/${i}${'n'.repeat(150 + (i % 97))}`;
const dataOf = (i: number): Uint8Array => utf8Bytes('d'.repeat(100 + (i % 61)));

type Send = (client: TestClient, i: number) => void;

const KINDS: readonly (readonly [TxnBody['kind'], Send])[] = [
  ['create', (client, i) => client.send('create', create(pathOf(i), dataOf(i)))],
  ['create2', (client, i) => client.send('create2', create(pathOf(i)))],
  ['setData', (client, i) => client.send('setData', { path: pathOf(i), data: dataOf(i), version: -1 })],
  ['setACL', (client, i) => client.send('setACL', { path: pathOf(i), acl, version: -1 })],
  ['delete', (client, i) => client.send('delete', { path: pathOf(i), version: -1 })],
];

const PARTS: readonly (readonly [string, (i: number) => MultiOp])[] = [
  ['create', (i) => ({ op: 'create', ...create(pathOf(i), dataOf(i)) })],
  ['setData', (i) => ({ op: 'setData', path: pathOf(i), data: dataOf(i), version: -1 })],
  ['delete', (i) => ({ op: 'delete', path: pathOf(i), version: -1 })],
  ['check', (i) => ({ op: 'check', path: pathOf(i), version: -1 })],
];

/** What `send` refers to is there already, save for what creates it. */
function rigFor(isThere: boolean): { readonly rig: Rig; readonly client: TestClient } {
  const rig = new Rig();
  const client = rig.client();
  if (isThere) {
    for (let i = 0; i < COUNT; i++) client.send('create', { ...create(pathOf(i)), acl: OPEN_ACL_UNSAFE });
    rig.commitAll();
    client.takeReplies();
  }
  return { rig, client };
}

describe('a transaction is written whole, wherever the memory ends that it is written to', () => {
  it.each(KINDS)('a %s', (kind, send) => {
    const { rig, client } = rigFor(!kind.startsWith('create'));
    for (let i = 0; i < COUNT; i++) send(client, i);
    expect(rig.log.map(({ txn: { body } }) => [body.kind, 'path' in body && body.path])).toEqual(
      Array.from({ length: COUNT }, (_, i) => [kind, pathOf(i)]),
    );
    expect(rig.log.every(({ txn }) => txn.digest !== undefined)).toBe(true);
    rig.commitAll();
    expect(rig.digestMismatches).toEqual([]);
  });

  it.each(PARTS)('a %s in a multi', (op, partAt) => {
    const { rig, client } = rigFor(op !== 'create');
    for (let i = 0; i < COUNT; i += 3) {
      client.send('multi', { ops: [i, i + 1, i + 2].map((each) => partAt(each)) });
    }
    expect(rig.log.every(({ txn }) => txn.digest !== undefined)).toBe(true);
    rig.commitAll();
    const results = client.takeResults().flat();
    expect([results.length, results.filter((result) => result.startsWith('error'))]).toEqual([COUNT, []]);
    expect(rig.digestMismatches).toEqual([]);
  });

  it('a multi with an error for each of its parts', () => {
    const { rig, client } = rigFor(false);
    const refused = Array.from({ length: 30 }, (_, i): MultiOp => ({ op: 'check', path: pathOf(i), version: 0 }));
    for (let i = 0; i < COUNT; i++) client.send('multi', { ops: refused });
    rig.commitAll();
    const results = client.takeResults();
    expect(results).toHaveLength(COUNT);
    expect(new Set(results.map((each) => each.join()))).toEqual(
      new Set(['error NONODE' + ',error RUNTIMEINCONSISTENCY'.repeat(29)]),
    );
  });

  it('the end of a session with many ephemerals', () => {
    const { rig, client } = rigFor(false);
    for (let i = 0; i < COUNT; i++) client.send('create', { ...create(pathOf(i)), flags: 1 });
    rig.commitAll();
    client.sendBare(9, OpCode.closeSession);
    const body = rig.log[0]!.txn.body;
    expect(body.kind === 'closeSession' && body.paths2Delete).toEqual(
      Array.from({ length: COUNT }, (_, i) => pathOf(i)),
    );
    rig.commitAll();
    expect(rig.digestMismatches).toEqual([]);
  });
});
