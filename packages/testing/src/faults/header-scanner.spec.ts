import fc from 'fast-check';
import { HeaderScanner, type Verdict } from './header-scanner.js';

function frame(header: readonly number[], bodyBytes = 0): number[] {
  const length = header.length + bodyBytes;
  const prefix = [length >>> 24, (length >>> 16) & 255, (length >>> 8) & 255, length & 255];
  return [...prefix, ...header, ...Array<number>(bodyBytes).fill(0xee)];
}

function scanner(judge: (header: number[]) => Verdict, headerBytes = 4) {
  const seen: (readonly [number[], number])[] = [];
  const scan = new HeaderScanner(
    (header, length) => {
      seen.push([[...header], length]);
      return judge([...header]);
    },
    () => headerBytes,
  );
  return { seen, scan };
}

describe('HeaderScanner', () => {
  it('finds the same frames however the bytes are cut', () => {
    const frames = fc.array(fc.tuple(fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 9 }), fc.nat(30)), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(frames, fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1 }), (parts, cuts) => {
        const bytes = Uint8Array.from(parts.flatMap(([header, body]) => frame(header, body)));
        const { seen, scan } = scanner(() => 'pass');
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const end = Math.min(bytes.length, at + cuts[i % cuts.length]!);
          expect(scan.scan(bytes, at, end)).toBeUndefined();
          at = end;
        }
        const expected = parts.map(([header, body]) => {
          const whole = [...header, ...Array<number>(body).fill(0xee)];
          return [whole.slice(0, 4), whole.length];
        });
        expect(seen).toEqual(expected);
      }),
    );
  });

  it('says where the frame begins that is not to pass, and goes on behind its header', () => {
    const bytes = Uint8Array.from([...frame([1, 0, 0, 0], 5), ...frame([2, 0, 0, 0], 5), ...frame([3, 0, 0, 0])]);
    const { seen, scan } = scanner(([first]) => (first === 2 ? 'stall' : 'pass'));
    const hit = scan.scan(bytes, 0, bytes.length);
    expect(hit).toEqual({ verdict: 'stall', at: 13, next: 21 });
    expect(scan.scan(bytes, hit!.next, bytes.length)).toBeUndefined();
    expect(seen.map(([[first]]) => first)).toEqual([1, 2, 3]);
  });

  it('gives the beginning of the bytes at hand when the frame began before them', () => {
    const bytes = Uint8Array.from(frame([9, 9, 9, 9]));
    const { scan } = scanner(() => 'drop');
    expect(scan.scan(bytes, 0, 5)).toBeUndefined();
    expect(scan.scan(bytes, 5, 8)).toEqual({ verdict: 'drop', at: 5, next: 8 });
  });

  it.each([
    ['a four-letter word', [...Buffer.from('ruok')]],
    ['a negative length', [0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4]],
  ])('lets everything pass after %s', (_, bytes) => {
    const { seen, scan } = scanner(() => 'drop');
    const all = Uint8Array.from([...bytes, ...frame([1, 2, 3, 4])]);
    expect(scan.scan(all, 0, all.length)).toBeUndefined();
    expect(seen).toEqual([]);
  });
});
