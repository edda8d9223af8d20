/** Cases of the operations that carry lists: multi, watches; and of authentication. */
import { body, ByteWriter, Op } from '../lib/wire.js';
import { inSession, request, ROOT, STEADY, type Case } from './case.js';

export function multiCases(): Case[] {
  const header = (type: number, done: number, error = -1): Buffer =>
    new ByteWriter().int32(type).byte(done).int32(error).take();
  const end = header(-1, 1);
  const check = body.delete(STEADY, 0);
  const get = body.pathAndFlag(STEADY, false);
  const multi = (name: string, ...parts: Buffer[]): Case[] => [
    inSession(`multi: ${name}`, request(Op.multi, Buffer.concat(parts))),
    inSession(`multiRead: ${name}`, request(Op.multiRead, Buffer.concat(parts))),
  ];
  const many: Buffer[] = [];
  for (let i = 0; i < 2000; i++) many.push(header(Op.check, 0), check);
  return [
    ...multi('nothing at all'),
    ...multi('only the end', end),
    ...multi('no end', header(Op.check, 0), check),
    ...multi('end with another type', header(5, 1, 0)),
    ...multi('unknown type', header(99, 0), check, end),
    ...multi('a multi inside', header(Op.multi, 0), header(Op.check, 0), check, end, end),
    ...multi('setACL inside', header(Op.setACL, 0), new ByteWriter().string(STEADY).openAcl().int32(-1).take(), end),
    ...multi('exists inside', header(Op.exists, 0), get, end),
    ...multi('reads and writes', header(Op.getData, 0), get, header(Op.check, 0), check, end),
    ...multi('read', header(Op.getData, 0), get, end),
    ...multi('check twice', header(Op.check, 0), check, header(Op.check, 0), check, end),
    ...multi(
      'second fails',
      header(Op.check, 0),
      check,
      header(Op.check, 0),
      body.delete(STEADY, 9),
      header(Op.check, 0),
      check,
      end,
    ),
    ...multi('create with bad flags', header(Op.create, 0), body.create(`${ROOT}/m`, null, 99), end),
    ...multi('create with a bad path', header(Op.create, 0), body.create(`${ROOT}/m/`, null), end),
    ...multi('createTTL with bad ttl', header(Op.createTTL, 0), body.createTtl(`${ROOT}/m`, null, 5, 0n), end),
    ...multi(
      'create with a null ACL',
      header(Op.create, 0),
      new ByteWriter().string(`${ROOT}/m`).bytes(null).int32(-1).int32(0).take(),
      end,
    ),
    ...multi('null path', header(Op.delete, 0), new ByteWriter().string(null).int32(0).take(), end),
    ...multi('deleteContainer inside', header(Op.deleteContainer, 0), body.path(`${ROOT}/none`), end),
    ...multi('bytes behind the end', end, Buffer.alloc(20, 7)),
    ...multi('2000 checks', ...many, end),
  ];
}

export function setWatches(lists: number, count: number, path: string): Buffer {
  const out = new ByteWriter().int64(0n);
  for (let list = 0; list < lists; list++) {
    out.int32(count);
    for (let i = 0; i < count; i++) out.string(path);
  }
  return out.take();
}

export function watchCases(): Case[] {
  const cases: Case[] = [];
  for (const type of [-1, 0, 1, 2, 3, 4, 5, 6, 100]) {
    cases.push(inSession(`checkWatches of type ${type}`, request(Op.checkWatches, body.pathAndInt(STEADY, type))));
    cases.push(inSession(`removeWatches of type ${type}`, request(Op.removeWatches, body.pathAndInt(STEADY, type))));
    cases.push(inSession(`addWatch of mode ${type}`, request(Op.addWatch, body.pathAndInt(STEADY, type))));
  }
  const huge = (position: number): Buffer => {
    const out = new ByteWriter().int64(0n);
    for (let list = 0; list < 5; list++) out.int32(list === position ? 0x7fffffff : 0);
    return out.take();
  };
  for (let position = 0; position < 5; position++) {
    cases.push(inSession(`setWatches2 with a huge list ${position}`, request(Op.setWatches2, huge(position))));
    if (position < 3)
      cases.push(inSession(`setWatches with a huge list ${position}`, request(Op.setWatches, huge(position))));
  }
  cases.push(inSession('setWatches with null lists', request(Op.setWatches, setWatches(3, -1, ''))));
  cases.push(inSession('setWatches2 with null lists', request(Op.setWatches2, setWatches(5, -1, ''))));
  return cases;
}

export function authCases(): Case[] {
  const auth = (scheme: string | null, token: Uint8Array | null, xid = -4): Buffer =>
    request(Op.auth, new ByteWriter().int32(0).string(scheme).bytes(token).take(), xid);
  return [
    inSession('auth digest', auth('digest', Buffer.from('u:p'))),
    inSession('auth digest without colon', auth('digest', Buffer.from('abc'))),
    inSession('auth digest of null', auth('digest', null)),
    inSession('auth digest of nothing', auth('digest', Buffer.alloc(0))),
    inSession('auth digest of invalid UTF-8', auth('digest', Buffer.from([0xff, 0xfe, 0x3a, 0x80]))),
    inSession('auth ip', auth('ip', Buffer.from('10.0.0.1'))),
    inSession('auth world', auth('world', Buffer.from('anyone'))),
    inSession('auth sasl', auth('sasl', Buffer.from('x'))),
    inSession('auth super', auth('super', Buffer.from('x'))),
    inSession('auth of an unknown scheme', auth('nope', Buffer.from('x'))),
    inSession('auth of a null scheme', auth(null, Buffer.from('x'))),
    inSession('auth with xid 5', auth('digest', Buffer.from('u:p'), 5)),
    inSession('auth of 100 kB', auth('digest', Buffer.alloc(100_000, 97))),
  ];
}
