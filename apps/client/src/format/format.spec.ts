import type { Stat } from '@zk/model';
import fc from 'fast-check';
import { aclText, parseAcl, permsText } from './acl.js';
import { base64Of, bytesOfBase64, dataJson, dataOfJson, dataText, hexDump } from './data.js';
import { javaDate } from './date.js';
import { below, javaPathDefect, relativeTo } from './paths.js';
import { humanBytes } from './sizes.js';
import { statJson, statText } from './stat.js';

describe('javaDate', () => {
  it.each([
    [Date.UTC(2026, 0, 3, 10, 0, 0), 'UTC', 'Sat Jan 03 10:00:00 UTC 2026'],
    [0, 'UTC', 'Thu Jan 01 00:00:00 UTC 1970'],
    [Date.UTC(2026, 6, 1), 'Europe/Berlin', 'Wed Jul 01 02:00:00 CEST 2026'],
    [Date.UTC(2026, 0, 1), 'America/New_York', 'Wed Dec 31 19:00:00 EST 2025'],
    [Date.UTC(2026, 0, 1), 'Asia/Tokyo', 'Thu Jan 01 09:00:00 JST 2026'],
  ])('prints %d in %s as Java does', (timeMs, zone, text) => {
    expect(javaDate(timeMs, zone)).toBe(text);
  });
});

describe('a Stat', () => {
  const stat: Stat = {
    czxid: 0x1_0000_0002n,
    mzxid: -1n,
    ctime: BigInt(Date.UTC(2026, 0, 3, 10, 0, 0)),
    mtime: 0n,
    version: 1,
    cversion: 2,
    aversion: 3,
    ephemeralOwner: -0x7000_0000_0000_0000n,
    dataLength: 4,
    numChildren: 5,
    pzxid: 4n,
  };

  it('is printed as zkCli prints it, ids with the top bit set included', () => {
    expect(statText(stat, 'UTC')).toBe(
      [
        'cZxid = 0x100000002',
        'ctime = Sat Jan 03 10:00:00 UTC 2026',
        'mZxid = 0xffffffffffffffff',
        'mtime = Thu Jan 01 00:00:00 UTC 1970',
        'pZxid = 0x4',
        'cversion = 2',
        'dataVersion = 1',
        'aclVersion = 3',
        'ephemeralOwner = 0x9000000000000000',
        'dataLength = 4',
        'numChildren = 5',
      ].join('\n'),
    );
  });

  it('is JSON without loss', () => {
    expect(statJson(stat)).toMatchObject({
      mzxid: '0xffffffffffffffff',
      ephemeralOwner: '0x9000000000000000',
      ctime: '2026-01-03T10:00:00.000Z',
    });
  });
});

describe('an ACL', () => {
  it('is read with colons in its id', () => {
    expect(parseAcl('digest:user:ha:sh=:cdrwa,world:anyone:r')).toEqual({
      acl: [
        { scheme: 'digest', id: 'user:ha:sh=', perms: 31 },
        { scheme: 'world', id: 'anyone', perms: 1 },
      ],
      complaints: [],
    });
  });

  it('is read as far as it can be', () => {
    expect(parseAcl('foo,world:anyone:rz')).toEqual({
      acl: [{ scheme: 'world', id: 'anyone', perms: 1 }],
      complaints: ['foo does not have the form scheme:id:perm', 'Unknown perm type: z'],
    });
  });

  it('is printed in two lines per entry', () => {
    expect(aclText([{ scheme: 'ip', id: '10.0.0.1', perms: 5 }])).toBe("'ip,'10.0.0.1\n: cr");
    expect(permsText(31)).toBe('cdrwa');
  });
});

describe('data', () => {
  it('survives JSON, whatever it is', () => {
    fc.assert(
      fc.property(fc.option(fc.uint8Array()), (data) => {
        expect(dataOfJson(dataJson(data))).toEqual(data);
      }),
    );
  });

  it('survives base64', () => {
    fc.assert(fc.property(fc.uint8Array(), (data) => expect(bytesOfBase64(base64Of(data))).toEqual(data)));
  });

  it.each(['%%%', 'a', 'abc=d', 'YQ=', 'aGVsbG8=='])('does not take %j for base64', (text) => {
    expect(bytesOfBase64(text)).toBeUndefined();
  });

  it('is text where it is, and base64 elsewhere', () => {
    expect(dataJson(new Uint8Array([0xc3, 0xa9]))).toEqual({ data: 'é' });
    expect(dataJson(new Uint8Array([0xff]))).toEqual({ base64: '/w==' });
    expect(dataJson(null)).toEqual({ data: null });
    expect(dataText(null)).toBe('null');
  });

  it('is dumped in rows of sixteen', () => {
    const lines = hexDump(new Uint8Array(18).fill(0x41)).split('\n');
    expect(lines[4]).toBe('|00000010| 41 41                                           |AA              |');
  });
});

describe('paths', () => {
  it.each([
    ['', 'Path length must be > 0'],
    ['a', 'Path must start with / character'],
    ['/a/', 'Path must not end with / character'],
    ['/a//b', 'Invalid path string "/a//b" caused by empty node name specified @3'],
    ['/a/../b', 'Invalid path string "/a/../b" caused by relative paths not allowed @4'],
    ['/./b', 'Invalid path string "/./b" caused by relative paths not allowed @1'],
    ['/a\u0001', 'Invalid path string "/a\u0001" caused by invalid character @2'],
  ])('%j is refused in the words of zkCli', (path, message) => {
    expect(javaPathDefect(path)).toBe(message);
  });

  it.each(['/', '/a', '/a/b.c', '/.../x', '/a/..b'])('%j is a path', (path) => {
    expect(javaPathDefect(path)).toBeUndefined();
  });

  it.each([
    ['/', '/', ''],
    ['/', '/a/b', '/a/b'],
    ['/a', '/a', ''],
    ['/a', '/a/b', '/b'],
  ])('below %s, %s is %j, and back', (root, path, relative) => {
    expect(relativeTo(root, path)).toBe(relative);
    expect(below(root, relative)).toBe(path);
  });
});

describe('humanBytes', () => {
  it.each([
    [0, '0B'],
    [1023, '1023B'],
    [1536, '1.5K'],
    [20 * 1024, '20K'],
    [3 * 1024 * 1024, '3.0M'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(humanBytes(bytes)).toBe(text);
  });
});
