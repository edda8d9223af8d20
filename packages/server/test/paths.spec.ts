import type { RawClient } from '@zk/test-client';
import { RecordWriter } from '@zk/jute';
import { CreateMode, OPEN_ACL_UNSAFE, OpCode } from '@zk/model';
import { Harness } from './harness.js';
import { outcome } from './outcomes.js';

const unit = (code: number): string => String.fromCharCode(code);

/** [what, path, is it valid?] */
const paths: readonly [what: string, path: string, expected: string][] = [
  ['dots in a name', '/a..x', 'OK'],
  ['two dots first', '/..x', 'OK'],
  ['three dots', '/...', 'OK'],
  ['one dot first', '/.a', 'OK'],
  ['a dot last', '/a.', 'OK'],
  ['a space', '/a b', 'OK'],
  ['quotes and a backslash', '/"\\\'', 'OK'],
  ['U+0020', '/ ', 'OK'],
  ['U+00A0', '/\u00a0', 'OK'],
  ['U+D7FF', '/\ud7ff', 'OK'],
  ['U+F900', '/\uf900', 'OK'],
  ['U+FFEF', '/\uffef', 'OK'],
  ['Chinese', '/节点', 'OK'],
  ...[0x01, 0x1f, 0x7f, 0x80, 0x9f, 0xe000, 0xf8ff, 0xfff0, 0xfffd, 0xffff].map((code): [string, string, string] => [
    `U+${code.toString(16).padStart(4, '0')}`,
    `/${unit(code)}`,
    'BADARGUMENTS',
  ]),
  ['a character beyond the basic plane', '/\u{1f600}', 'BADARGUMENTS'],
  ['a dot', '/.', 'BADARGUMENTS'],
  ['two dots', '/..', 'BADARGUMENTS'],
];

describe('paths', () => {
  let harness: Harness;
  let client: RawClient;

  beforeAll(async () => {
    harness = await new Harness().start();
    client = await harness.connect();
  });

  afterAll(() => harness.end());

  it.each(paths)('%s', async (_, path, expected) => {
    expect(await outcome(client.create(path))).toBe(expected);
    expect(await outcome(client.setData(path, 'x'))).toBe(expected);
    expect(await outcome(client.setACL(path, OPEN_ACL_UNSAFE))).toBe(expected);
    // Reads and deletions never complain about a path.
    expect(await outcome(client.getData(path))).toBe(expected === 'OK' ? 'OK' : 'NONODE');
    expect(await outcome(client.delete(path))).toBe(expected === 'OK' ? 'OK' : 'NONODE');
  });

  it('come back as they were sent', async () => {
    for (const [, path, expected] of paths) {
      if (expected !== 'OK') continue;
      expect(await client.create(path)).toBe(path);
      expect(await client.getChildren('/')).toContain(path.slice(1));
      await client.delete(path);
    }
  });

  it.each([
    ['a surrogate in UTF-8', [0xed, 0xa0, 0x80]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['a continuation byte', [0x80]],
    ['a sequence cut off', [0xe2, 0x82]],
    ['a byte that is never UTF-8', [0xff]],
  ])('with %s are refused', async (_, bytes) => {
    const path = Uint8Array.from([0x2f, 0x61, ...bytes]);
    const writer = new RecordWriter().buffer(path).int32(-1).int32(1).int32(31).ustring('world').ustring('anyone');
    expect((await client.request(OpCode.create, writer.int32(0).bytes())).err).toBe(-8);
    expect((await client.request(OpCode.exists, new RecordWriter().buffer(path).byte(0).bytes())).err).toBe(-101);
  });

  it.each([
    ['nothing', '', ['/\u00a0a', '/e']],
    ['a space', ' ', ['/\u00a0a', '/e']],
    ['a NUL and a slash', '\0/', ['/\u00a0a', '/e']],
    ['a slash between spaces', ' / ', ['/\u00a0a', '/e']],
    ['a space that does not break', '\u00a0', []],
    ['a slash and a space that does not break', '/\u00a0', ['/\u00a0a']],
    ['a slash behind a space', ' /e', []],
  ])('of ephemerals, asked for by %s', async (_, prefix, found) => {
    const owner = await harness.connect();
    for (const path of ['/e', '/\u00a0a']) await owner.create(path, null, { flags: CreateMode.ephemeral });
    expect((await owner.getEphemerals(prefix)).toSorted()).toEqual(found.toSorted());
    await owner.close();
  });

  it('may be as long as a frame', async () => {
    const name = `/${'n'.repeat(1_000_000)}`;
    expect((await client.create(name)) === name).toBe(true);
    expect((await client.getChildren('/')).includes(name.slice(1))).toBe(true);
    await client.delete(name);
  });
});
