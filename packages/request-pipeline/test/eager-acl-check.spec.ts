import { CreateMode, OPEN_ACL_UNSAFE, Perms, READ_ACL_UNSAFE } from '@zk/model';
import type { LocalSessionOptions } from '../src/client-pipeline-parts.js';
import { Rig, type TestClient } from './rig.js';

const bytes = new Uint8Array([1]);
const version = -1;
const unknownScheme = [{ perms: Perms.all, scheme: 'unheard-of', id: 'x' }];

/** `/open` lets everybody do everything, `/closed` nothing but read; both have a child that is open. */
function rigWith(checksAclsEarly: boolean, localSessions?: LocalSessionOptions): { rig: Rig; client: TestClient } {
  const rig = new Rig({ checksAclsEarly, ...(localSessions && { localSessions }) });
  const client = rig.client();
  for (const [path, acl] of [
    ['/open', OPEN_ACL_UNSAFE],
    ['/closed', OPEN_ACL_UNSAFE],
    ['/open/child', OPEN_ACL_UNSAFE],
    ['/closed/child', OPEN_ACL_UNSAFE],
  ] as const) {
    client.send('create', { path, data: bytes, acl, flags: 0 });
  }
  client.send('setACL', { path: '/closed', acl: READ_ACL_UNSAFE, version });
  rig.commitAll();
  client.takeReplies();
  return { rig, client };
}

type Send = (client: TestClient) => void;

const REFUSED: readonly (readonly [string, string, Send])[] = [
  ['create', 'NOAUTH', (c) => c.send('create', { path: '/closed/new', data: bytes, acl: OPEN_ACL_UNSAFE, flags: 0 })],
  ['create2', 'NOAUTH', (c) => c.send('create2', { path: '/closed/new', data: bytes, acl: OPEN_ACL_UNSAFE, flags: 0 })],
  ['delete', 'NOAUTH', (c) => c.send('delete', { path: '/closed/child', version })],
  ['setData', 'NOAUTH', (c) => c.send('setData', { path: '/closed', data: bytes, version })],
  ['setACL', 'NOAUTH', (c) => c.send('setACL', { path: '/closed', acl: OPEN_ACL_UNSAFE, version })],
  ['create', 'INVALIDACL', (c) => c.send('create', { path: '/open/new', data: bytes, acl: unknownScheme, flags: 0 })],
  ['setACL', 'INVALIDACL', (c) => c.send('setACL', { path: '/open', acl: unknownScheme, version })],
];

const PASSED: readonly (readonly [string, Send])[] = [
  [
    'a create under a znode that is open',
    (c) => c.send('create', { path: '/open/new', data: bytes, acl: OPEN_ACL_UNSAFE, flags: 0 }),
  ],
  ['a create under the root', (c) => c.send('create', { path: '/new', data: bytes, acl: OPEN_ACL_UNSAFE, flags: 0 })],
  [
    'a setData of a child whose parent is closed',
    (c) => c.send('setData', { path: '/closed/child', data: bytes, version }),
  ],
  ['what names a znode that is not there', (c) => c.send('delete', { path: '/nowhere/child', version })],
  ['what names no path', (c) => c.send('delete', { path: 'none', version })],
  [
    'the kinds that are not looked at',
    (c) => c.send('createContainer', { path: '/closed/new', data: bytes, acl: OPEN_ACL_UNSAFE, flags: 4 }),
  ],
];

describe('permissions, looked at before the leader does', () => {
  it.each(REFUSED)('refuse a %s with %s at once, and no transaction comes of it', (name, code, send) => {
    const { rig, client } = rigWith(true);
    send(client);
    expect(client.takeReplies()).toEqual([`${name} ${code}`]);
    expect(rig.log).toEqual([]);
  });

  it.each(REFUSED)('leave a %s with %s to the leader when nobody asked for that', (name, code, send) => {
    const { rig, client } = rigWith(false);
    send(client);
    expect(client.takeReplies()).toEqual([]);
    rig.commitAll();
    expect(client.takeReplies()).toEqual([`${name} ${code}`]);
  });

  it.each(PASSED)('let %s through', (_what, send) => {
    const { rig, client } = rigWith(true);
    send(client);
    expect(client.takeReplies()).toEqual([]);
    expect(rig.log).toHaveLength(1);
  });

  it('are not looked at while the client has something on its way that may change them', () => {
    const { rig, client } = rigWith(true);
    client.send('setACL', { path: '/open', acl: READ_ACL_UNSAFE, version });
    REFUSED[0]![2](client);
    expect(client.takeReplies()).toEqual([]);
    rig.commitAll();
    expect(client.takeReplies()).toEqual(['setACL OK', 'create NOAUTH']);
  });

  it.each([
    ['an ephemeral it may create makes its session one that all know', '/open/new', ['createSession', 'create'], []],
    ['an ephemeral it may not create leaves its session local', '/closed/new', [], ['create NOAUTH']],
  ])('count for a client with a local session: %s', (_what, path, proposed, replies) => {
    const { rig, client } = rigWith(true, { areOn: true, areUpgraded: true });
    client.send('create', { path, data: bytes, acl: OPEN_ACL_UNSAFE, flags: CreateMode.ephemeral });
    expect(rig.kinds).toEqual(proposed);
    expect(client.takeReplies()).toEqual(replies);
  });

  it('do not count for who may skip them', () => {
    const rig = new Rig({ checksAclsEarly: true, skipAcl: true });
    const client = rig.client();
    client.send('create', { path: '/a', data: bytes, acl: READ_ACL_UNSAFE, flags: 0 });
    rig.commitAll();
    client.send('setData', { path: '/a', data: bytes, version });
    rig.commitAll();
    expect(client.takeReplies()).toEqual(['create OK', 'setData OK']);
  });
});
