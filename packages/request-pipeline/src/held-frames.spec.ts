import fc from 'fast-check';
import { HeldFrames } from './held-frames.js';

function shiftText(held: HeldFrames): string {
  let text = '';
  held.shift((bytes, start, end) => {
    text = String.fromCharCode(...bytes.subarray(start, end));
  });
  return text;
}

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));

describe('HeldFrames', () => {
  it('lets a frame go only when the writes before it are done', () => {
    const held = new HeldFrames();
    held.push(2, 0, bytesOf('read'), 0, 4);
    expect(held.isReady(1)).toBe(false);
    expect(held.isReady(2)).toBe(true);
    expect(shiftText(held)).toBe('read');
    expect(held.isEmpty).toBe(true);
  });

  it('keeps a copy: the source may be reused at once', () => {
    const held = new HeldFrames();
    const source = bytesOf('abcd');
    held.push(1, 0, source, 1, 3);
    source.fill(0);
    expect(shiftText(held)).toBe('bc');
  });

  it('gives back what was pushed, in order, whatever the sizes and the interleaving', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string({ maxLength: 700, unit: 'grapheme-ascii' }), fc.constant(null))),
        (steps) => {
          const held = new HeldFrames();
          const model: string[] = [];
          for (const step of steps) {
            if (step !== null) {
              held.push(0, 0, bytesOf(step), 0, step.length);
              model.push(step);
            } else if (model.length > 0) {
              expect(shiftText(held)).toBe(model.shift());
            }
            expect(held.count).toBe(model.length);
          }
          while (model.length > 0) expect(shiftText(held)).toBe(model.shift());
        },
      ),
    );
  });
});
