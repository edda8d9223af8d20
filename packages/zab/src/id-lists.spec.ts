import { RecordWriter } from '@zk/jute';
import { IdLists } from './id-lists.js';

type Ids = readonly (readonly [scheme: string | null, id: string | null])[];

/** The bytes of a list behind two others, since it stands in the middle of a packet. */
function read(lists: IdLists, ids: Ids | null): ReturnType<IdLists['read']> {
  const writer = new RecordWriter()
    .byte(1)
    .byte(2)
    .int32(ids === null ? -1 : ids.length);
  for (const [scheme, id] of ids ?? []) writer.ustring(scheme).ustring(id);
  const bytes = writer.bytes();
  return lists.read(bytes, 2, bytes.length);
}

describe('lists of identities', () => {
  it.each<[string, Ids]>([
    ['of another name', [['digest', 'bob:1']]],
    ['of another scheme', [['sasl!!', 'ann:1']]],
    ['that differ in the last letter', [['digest', 'ann:2']]],
    ['that are shorter', [['digest', 'ann']]],
    [
      'that are longer',
      [
        ['digest', 'ann:1'],
        ['ip', '::1'],
      ],
    ],
    ['of nobody', []],
  ])('%s are not taken for those that came before', (_what, ids) => {
    const lists = new IdLists();
    expect(read(lists, [['digest', 'ann:1']])).toEqual([{ scheme: 'digest', id: 'ann:1' }]);
    expect(read(lists, ids)).toEqual(ids.map(([scheme, id]) => ({ scheme, id })));
  });

  it('have empty names where there are none', () => {
    expect(read(new IdLists(), [[null, null]])).toEqual([{ scheme: '', id: '' }]);
  });

  it('that are none are refused', () => {
    expect(() => read(new IdLists(), null)).toThrow('no list of identities');
  });

  it('are the same object when they are equal, for the last sixteen', () => {
    const lists = new IdLists();
    const nth = (n: number): ReturnType<IdLists['read']> => read(lists, [['ip', `10.0.0.${n}`]]);
    const first = nth(0);
    for (let n = 1; n <= 15; n++) nth(n);
    expect(nth(0)).toBe(first);
    nth(16);
    expect(nth(0)).not.toBe(first);
    expect(nth(0)).toEqual(first);
  });
});
