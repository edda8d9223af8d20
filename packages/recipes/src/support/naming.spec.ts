import fc from 'fast-check';
import { rankNames, textBehind, uniquePrefix } from './naming.js';

const GUID = '6d7e682c-1050-4efd-92fa-271523cd5b90';
const HEX = '9f86d081884c4d63a1f1a2f6b1c7c0de';
const names = (children: readonly string[], markers: readonly string[], dialect?: 'curator' | 'kazoo'): string[] =>
  rankNames(children, markers, dialect).map(({ name }) => name);

describe('the order of contenders', () => {
  it('is that of the number behind the marker, whatever stands before it', () => {
    const children = [`_c_${GUID}-lock-0000000010`, `_c_f${GUID.slice(1)}-lock-0000000002`, `_c_0-lock-0000000007`];
    expect(names(children, ['lock-'])).toEqual([children[1], children[2], children[0]]);
  });

  it('gives kazoo and go-zookeeper their place among the contenders of Curator', () => {
    const children = [
      `_c_${GUID}-lock-0000000003`,
      `${HEX}__lock__0000000001`,
      `_c_${HEX}-lock-0000000002`,
      `${HEX}lock-0000000000`,
    ];
    expect(names(children, ['lock-'])).toEqual([children[3], children[1], children[2], children[0]]);
  });

  it('lets a kazoo GUID that begins with zeros jump no queue', () => {
    const kazoo = `0003${HEX.slice(4)}__lock__0004512350`;
    expect(names([kazoo, `_c_${GUID}-lock-0004512345`], ['lock-'])[0]).toBe(`_c_${GUID}-lock-0004512345`);
  });

  it('takes names of unknown kind as a whole, as Curator does, and leaves them out as kazoo does', () => {
    const children = ['zebra', `_c_${GUID}-lock-0000000003`, '0'];
    expect(names(children, ['lock-'])).toEqual(['0', `_c_${GUID}-lock-0000000003`, 'zebra']);
    expect(names(children, ['__lock__'], 'kazoo')).toEqual([`_c_${GUID}-lock-0000000003`]);
  });

  it.each([
    ['the last before the overflow', '2147483647'],
    ['the first after it', '-2147483648'],
    ['a negative one of nine digits', '-000000999'],
  ])('recognises %s', (_, number) => {
    const [ranked] = rankNames([`_c_${GUID}-lock-${number}`], ['lock-']);
    expect(ranked).toMatchObject({ key: number, marker: 'lock-' });
  });

  it('sets the negative numbers after an overflow before the others, as the strings of Curator do', () => {
    expect(names(['lock-2147483647', 'lock--2147483648', 'lock--000000001'], ['lock-'])).toEqual([
      'lock--000000001',
      'lock--2147483648',
      'lock-2147483647',
    ]);
  });

  it('knows readers from writers', () => {
    const markers = ['__READ__', '__WRIT__'];
    const ranked = rankNames([`_c_${GUID}-__WRIT__0000000001`, `_c_${GUID}-__READ__0000000000`], markers);
    expect(ranked.map(({ marker }) => marker)).toEqual(['__READ__', '__WRIT__']);
  });

  it('does not depend on the order of the list', () => {
    const child = fc
      .tuple(fc.constantFrom('lock-', '__lock__', '__READ__', 'x'), fc.integer({ min: 0, max: 99 }), fc.uuid())
      .map(([marker, number, guid]) => `${guid}${marker}${String(number).padStart(10, '0')}`);
    fc.assert(
      fc.property(fc.uniqueArray(child), (children) => {
        expect(names([...children].reverse(), ['lock-'])).toEqual(names(children, ['lock-']));
      }),
    );
  });
});

describe('names', () => {
  it('have a prefix that Curator recognises as its own: 40 characters, a UUID between _c_ and a dash', () => {
    const prefix = uniquePrefix('curator', { next: () => Math.random() });
    expect(prefix).toMatch(/^_c_[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}-$/);
    expect(prefix).toHaveLength(40);
  });

  it('have 32 digits and nothing else in front in the dialect of kazoo', () => {
    expect(uniquePrefix('kazoo', { next: () => Math.random() })).toMatch(/^[0-9a-f]{32}$/);
  });

  it('show their number behind the marker', () => {
    expect(textBehind(`_c_${GUID}-__WRIT__0000000012`, '__WRIT__')).toBe('0000000012');
    expect(textBehind(`${HEX}__lock__-000000012`, '__lock__')).toBe('-000000012');
  });
});
