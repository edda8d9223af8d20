import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { generate, parseSchema } from '../../../tools/generate-records.js';

const root = path.join(__dirname, '..');
const definitions = readFileSync(path.join(root, 'records.jute'), 'utf8');
const directory = path.join(root, 'src/generated');

describe('the generated files', () => {
  const files = generate(definitions);

  it('are what the definitions give', () => {
    for (const [name, code] of files) expect(readFileSync(path.join(directory, name), 'utf8')).toBe(code);
  });

  it('are the only ones in their folder', () => {
    expect(readdirSync(directory).sort()).toEqual([...files.keys()].sort());
  });
});

describe('the definitions', () => {
  it.each([
    ['a field outside a record', 'module m "x"\n  path: string'],
    ['no type strin', 'module m "x"\nrecord A\n  path: strin'],
    ['int32 has no null', 'module m "x"\nrecord A\n  n: int32?'],
    ['only the last fields may be optional', 'module m "x"\nrecord A\n  n: int32, optional\n  m: int32'],
    ['declared twice', 'module m "x"\nrecord A\nrecord A'],
    ['no record B', 'module m "x"\nrecord A\noperation o = 1: A -> B'],
    ['a record outside a module', 'record A'],
    ['not understood', 'modul m'],
  ])('are refused: %s', (reason, text) => {
    expect(() => parseSchema(text)).toThrow(reason);
  });

  it('give readers and writers for nested lists, nulls and missing ends', () => {
    const code = generate(
      'module m "x"\n/// Of b.\nrecord B\n  n: byte\nrecord A\n  lists: list<list<B>?>?\n  end: int64, optional',
    ).get('m.ts')!;
    expect(code).toContain('/** Of b. */\nexport interface B {');
    expect(code).toContain('readonly lists: readonly (readonly B[] | null)[] | null;');
    expect(code).toContain('lists: reader.vector((r) => r.vector(readB)),');
    expect(code).toContain('end: reader.remaining >= 8 ? reader.int64() : undefined,');
    expect(code).toContain('if (value.end !== undefined) writer.int64(value.end);');
  });
});
