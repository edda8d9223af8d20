/**
 * Malformed and borderline input, one case at a time, each on a connection of its own and independent of the others, so
 * that the outcome can be compared with Apache ZooKeeper's. Names are stable: they are the keys of the recorded outcomes.
 */
import { body, ByteWriter, connectPayload, frame, Op } from '../lib/wire.js';
import { bare, inSession, int32, request, ROOT, STEADY, type Case } from './case.js';
import { authCases, multiCases, setWatches, watchCases } from './cases-multi-watch-auth.js';

export function allCases(): Case[] {
  const cases = [
    ...frameCases(),
    ...connectCases(),
    ...wordCases(),
    ...opcodeCases(),
    ...truncationCases(),
    ...lengthFieldCases(),
    ...pathCases(),
    ...createCases(),
    ...aclCases(),
    ...versionCases(),
    ...multiCases(),
    ...watchCases(),
    ...authCases(),
  ];
  const names = new Set<string>();
  for (const { name } of cases) {
    if (names.has(name)) throw new Error(`two cases are called "${name}"`);
    names.add(name);
  }
  return cases;
}

function frameCases(): Case[] {
  const lengths = [-1, -2, -2147483648, 0x7fffffff, 0x10000000, 0x200000, 0xfffff + 1];
  return [
    ...lengths.map((length) =>
      bare(`first frame of length ${length}`, Buffer.concat([int32(length), Buffer.alloc(8)])),
    ),
    ...lengths.map((length) =>
      inSession(`later frame of length ${length}`, Buffer.concat([int32(length), Buffer.alloc(8)]), false),
    ),
    inSession('incomplete frame', Buffer.concat([int32(100), Buffer.alloc(10)]), false),
    ...[0, 1, 3, 4, 7].map((length) => inSession(`frame of ${length} zero bytes`, frame(Buffer.alloc(length)))),
    inSession('header only, opcode 0', request(0, Buffer.alloc(0))),
    inSession(
      'largest frame allowed, as setData',
      request(Op.setData, body.setData(`${ROOT}/none`, Buffer.alloc(0xfffff - 8 - 4 - 7 - 4 - 4))),
    ),
    inSession('xid 0', request(Op.exists, body.pathAndFlag(STEADY, false), 0)),
    inSession('xid -1', request(Op.exists, body.pathAndFlag(STEADY, false), -1)),
    inSession('xid -2147483648', request(Op.exists, body.pathAndFlag(STEADY, false), -2147483648)),
    inSession(
      'trailing bytes behind a request',
      request(Op.exists, Buffer.concat([body.pathAndFlag(STEADY, false), Buffer.alloc(50, 1)])),
    ),
  ];
}

function connectCases(): Case[] {
  const whole = connectPayload(10_000);
  const cases: Case[] = [];
  for (let length = 0; length < whole.length; length++)
    cases.push(bare(`ConnectRequest of ${length} bytes`, frame(whole.subarray(0, length)), true));
  const hello = (timeout: number, id: bigint, password: Uint8Array | null, zxid = 0n, protocol = 0): Buffer =>
    frame(new ByteWriter().int32(protocol).int64(zxid).int32(timeout).int64(id).bytes(password).byte(0).take());
  const zero = new Uint8Array(16);
  return [
    ...cases,
    bare('ConnectRequest whole', frame(whole), true),
    bare('ConnectRequest, timeout 0', hello(0, 0n, zero), true),
    bare('ConnectRequest, timeout -1', hello(-1, 0n, zero), true),
    bare('ConnectRequest, timeout 2147483647', hello(0x7fffffff, 0n, zero), true),
    bare('ConnectRequest, protocol 99', hello(10_000, 0n, zero, 0n, 99), true),
    bare('ConnectRequest, null password', hello(10_000, 0n, null), true),
    bare('ConnectRequest, empty password', hello(10_000, 0n, new Uint8Array(0)), true),
    bare('ConnectRequest, password of 1000 bytes', hello(10_000, 0n, new Uint8Array(1000)), true),
    bare('ConnectRequest, unknown session', hello(10_000, 0x1234567n, zero), true),
    bare('ConnectRequest, session -1', hello(10_000, -1n, zero), true),
    bare('ConnectRequest, unknown session, null password', hello(10_000, 0x1234567n, null), true),
    bare('ConnectRequest, zxid far ahead', hello(10_000, 0n, zero, 0x7fffffffffffffffn), true),
    bare('ConnectRequest, zxid -1', hello(10_000, 0n, zero, -1n), true),
    bare(
      'ConnectRequest, password longer than the frame',
      frame(Buffer.concat([whole.subarray(0, 24), int32(1000), Buffer.alloc(10)])),
      true,
    ),
    bare(
      'ConnectRequest, password of length -5',
      frame(Buffer.concat([whole.subarray(0, 24), int32(-5), Buffer.alloc(17)])),
      true,
    ),
  ];
}

function wordCases(): Case[] {
  const words = ['xxxx', 'ruo\n', 'RUOK', 'GET ', 'POST', 'stmk', '\x16\x03\x01\x00', '    ', 'srv'];
  return words.map((word) =>
    bare(`first bytes ${JSON.stringify(word)}`, Buffer.concat([Buffer.from(word, 'latin1'), Buffer.from('\r\n')])),
  );
}

function opcodeCases(): Case[] {
  const cases: Case[] = [];
  // closeSession has cases of its own; error and createSession are never sent by clients.
  for (let type = -12; type <= 120; type++) {
    if (type === Op.createSession) continue;
    cases.push(inSession(`opcode ${type} without a body`, request(type, Buffer.alloc(0))));
  }
  for (const type of [1000, 2147483647, -2147483648])
    cases.push(inSession(`opcode ${type}`, request(type, Buffer.alloc(0))));
  return cases;
}

/** A valid body for each operation, none of which changes anything that another case looks at. */
function validBodies(): [string, number, Buffer][] {
  const none = `${ROOT}/none`;
  return [
    ['create', Op.create, body.create(`${none}/x`, Buffer.from('data'))],
    ['create2', Op.create2, body.create(`${none}/x`, Buffer.from('data'))],
    ['createContainer', Op.createContainer, body.create(`${none}/x`, Buffer.from('data'), 4)],
    ['createTTL', Op.createTTL, body.createTtl(`${none}/x`, Buffer.from('data'), 5, 1000n)],
    ['delete', Op.delete, body.delete(none)],
    ['exists', Op.exists, body.pathAndFlag(STEADY, false)],
    ['getData', Op.getData, body.pathAndFlag(STEADY, false)],
    ['setData', Op.setData, body.setData(none, Buffer.from('data'))],
    ['getACL', Op.getACL, body.path(STEADY)],
    ['setACL', Op.setACL, new ByteWriter().string(none).openAcl().int32(-1).take()],
    ['getChildren', Op.getChildren, body.pathAndFlag(STEADY, false)],
    ['getChildren2', Op.getChildren2, body.pathAndFlag(STEADY, false)],
    ['sync', Op.sync, body.path(STEADY)],
    ['checkWatches', Op.checkWatches, body.pathAndInt(STEADY, 3)],
    ['removeWatches', Op.removeWatches, body.pathAndInt(STEADY, 3)],
    ['multi', Op.multi, body.multi([{ type: Op.check, body: body.delete(STEADY, 0) }])],
    ['multiRead', Op.multiRead, body.multi([{ type: Op.getData, body: body.pathAndFlag(STEADY, false) }])],
    ['auth', Op.auth, new ByteWriter().int32(0).string('digest').bytes(Buffer.from('a:b')).take()],
    ['setWatches', Op.setWatches, setWatches(3, 1, STEADY)],
    ['setWatches2', Op.setWatches2, setWatches(5, 1, STEADY)],
    ['getEphemerals', Op.getEphemerals, body.path('/')],
    ['getAllChildrenNumber', Op.getAllChildrenNumber, body.path(STEADY)],
    ['addWatch', Op.addWatch, body.pathAndInt(STEADY, 0)],
    ['reconfig', Op.reconfig, new ByteWriter().string(null).string(null).string('server.1=a:1:2').int64(-1n).take()],
  ];
}

function truncationCases(): Case[] {
  return validBodies().flatMap(([name, type, whole]) => {
    const cases: Case[] = [];
    for (let length = 1; length < whole.length; length++) {
      cases.push(
        inSession(`${name} cut to ${length} of ${whole.length} bytes`, request(type, whole.subarray(0, length))),
      );
    }
    return cases;
  });
}

/** The first field of every body is a length, a count or a number that must not be trusted. */
function lengthFieldCases(): Case[] {
  const values = [-2, -1, -2147483648, 0x7fffffff, 0x00ffffff, 1_000_000];
  return validBodies().flatMap(([name, type, whole]) =>
    values.map((value) =>
      inSession(`${name} begins with ${value}`, request(type, Buffer.concat([int32(value), whole.subarray(4)]))),
    ),
  );
}

const oddPaths: readonly (string | null)[] = [
  null, '', '/', '//', '/a/', 'a', 'a/b', '/.', '/..', `${ROOT}/.`, `${ROOT}/..`, `${ROOT}/./x`, `${ROOT}/../x`, `${ROOT}//x`, `${ROOT}/x/`,
  `${ROOT}/none/x`, `${ROOT}/none/`, `${ROOT}/\u0000`, `${ROOT}/a\u0001b`, `${ROOT}/a\u001fb`, `${ROOT}/a\u007fb`, `${ROOT}/a\u009fb`, `${ROOT}/\ud7ff/none`,
  `${ROOT}/\ue000`, `${ROOT}/\uf8ff`, `${ROOT}/\ufff0`, `${ROOT}/\uffff`, `${ROOT}/\u{1f600}`, '/zookeeper', '/zookeeper/quota', '/zookeeper/config', '/zookeeper/none/x',
  STEADY, `${STEADY}/`, `${ROOT}/${'x'.repeat(5000)}/y`, '/'.repeat(300), ' ', `${ROOT} `, '\u0000',
]; // prettier-ignore

function pathCases(): Case[] {
  const operations: readonly [string, number, (path: string | null) => Buffer][] = [
    ['exists', Op.exists, (path) => new ByteWriter().string(path).byte(0).take()],
    ['getData', Op.getData, (path) => new ByteWriter().string(path).byte(0).take()],
    ['getChildren', Op.getChildren, (path) => new ByteWriter().string(path).byte(0).take()],
    ['getChildren2', Op.getChildren2, (path) => new ByteWriter().string(path).byte(0).take()],
    ['getACL', Op.getACL, (path) => new ByteWriter().string(path).take()],
    ['sync', Op.sync, (path) => new ByteWriter().string(path).take()],
    ['getAllChildrenNumber', Op.getAllChildrenNumber, (path) => new ByteWriter().string(path).take()],
    ['getEphemerals', Op.getEphemerals, (path) => new ByteWriter().string(path).take()],
    ['create', Op.create, (path) => new ByteWriter().string(path).bytes(null).openAcl().int32(0).take()],
    ['delete with a wrong version', Op.delete, (path) => new ByteWriter().string(path).int32(12_345).take()],
    [
      'setData with a wrong version',
      Op.setData,
      (path) => new ByteWriter().string(path).bytes(null).int32(12_345).take(),
    ],
    ['setACL with a wrong version', Op.setACL, (path) => new ByteWriter().string(path).openAcl().int32(12_345).take()],
    ['addWatch', Op.addWatch, (path) => new ByteWriter().string(path).int32(1).take()],
    ['deleteContainer', Op.deleteContainer, (path) => new ByteWriter().string(path).take()],
  ];
  return operations.flatMap(([name, type, make]) =>
    oddPaths.flatMap((path, index) => {
      // Deleting a container is refused or harmless everywhere but on the znode that all others rely on.
      if (type === Op.deleteContainer && path === STEADY) return [];
      return [inSession(`${name} of path ${index} ${JSON.stringify(path).slice(0, 40)}`, request(type, make(path)))];
    }),
  );
}

function createCases(): Case[] {
  const cases: Case[] = [];
  for (const [name, type] of [
    ['create', Op.create],
    ['create2', Op.create2],
    ['createContainer', Op.createContainer],
  ] as const) {
    for (const flags of [-1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0x7fffffff]) {
      cases.push(
        inSession(
          `${name} with flags ${flags}`,
          request(type, body.create(`${ROOT}/${name}-flags-${flags}`, null, flags)),
        ),
      );
    }
  }
  for (const flags of [0, 1, 4, 5, 6, 7]) {
    for (const ttl of [-1n, 0n, 1n, 0xffffffffffn, 0x10000000000n, -0x8000000000000000n]) {
      const isCrash = flags <= 4 && ttl < 0n; // ends an Apache server: see accepted.ts
      const name = `createTTL with flags ${flags}, ttl ${ttl}${isCrash ? ' (Apache crashes)' : ''}`;
      cases.push(
        inSession(name, request(Op.createTTL, body.createTtl(`${ROOT}/ttl-${flags}-${ttl}`, null, flags, ttl))),
      );
    }
  }
  return cases;
}

function aclCases(): Case[] {
  type Entry = readonly [number, string | null, string | null];
  const lists: readonly [string, readonly Entry[] | null][] = [
    ['null', null],
    ['empty', []],
    ['perms 0', [[0, 'world', 'anyone']]],
    ['perms -1', [[-1, 'world', 'anyone']]],
    ['perms 99', [[99, 'world', 'anyone']]],
    ['world of someone', [[31, 'world', 'someone']]],
    ['world of null', [[31, 'world', null]]],
    ['scheme null', [[31, null, 'anyone']]],
    ['scheme empty', [[31, '', '']]],
    ['scheme unknown', [[31, 'nope', 'x']]],
    ['auth without authenticated id', [[31, 'auth', '']]],
    ['digest without colon', [[31, 'digest', 'abc']]],
    ['digest with two colons', [[31, 'digest', 'a:b:c']]],
    ['digest', [[31, 'digest', 'a:b']]],
    ['ip', [[31, 'ip', '127.0.0.1']]],
    ['ip with mask', [[31, 'ip', '127.0.0.0/8']]],
    ['ip with mask 33', [[31, 'ip', '127.0.0.0/33']]],
    ['ip with mask -1', [[31, 'ip', '127.0.0.0/-1']]],
    ['ip of letters', [[31, 'ip', 'abc']]],
    ['ip of three numbers', [[31, 'ip', '1.2.3']]],
    ['ip 256', [[31, 'ip', '1.2.3.256']]],
    ['ip v6', [[31, 'ip', '::1']]],
    ['super', [[31, 'super', '']]],
    ['x509', [[31, 'x509', 'CN=x']]],
    ['sasl', [[31, 'sasl', 'x']]],
    ['good and bad', [[31, 'world', 'anyone'], [1, 'nope', 'x']]],
  ]; // prettier-ignore
  const write = (out: ByteWriter, list: readonly Entry[] | null): ByteWriter => {
    out.int32(list === null ? -1 : list.length);
    for (const [perms, scheme, id] of list ?? []) out.int32(perms).string(scheme).string(id);
    return out;
  };
  return lists.flatMap(([name, list], index) => [
    inSession(
      `create with ACL ${name}`,
      request(
        Op.create,
        write(new ByteWriter().string(`${ROOT}/acl-${index}`).bytes(null), list)
          .int32(0)
          .take(),
      ),
    ),
    inSession(
      `setACL of a missing znode, ACL ${name}`,
      request(
        Op.setACL,
        write(new ByteWriter().string(`${ROOT}/none`), list)
          .int32(-1)
          .take(),
      ),
    ),
  ]);
}

function versionCases(): Case[] {
  return [-2, -2147483648, 2147483647, 1].flatMap((version) => [
    inSession(`setData with version ${version}`, request(Op.setData, body.setData(STEADY, null, version))),
    inSession(`delete with version ${version}`, request(Op.delete, body.delete(STEADY, version))),
    inSession(
      `setACL with version ${version}`,
      request(Op.setACL, new ByteWriter().string(STEADY).openAcl().int32(version).take()),
    ),
  ]);
}
