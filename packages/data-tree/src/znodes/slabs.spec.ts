import fc from 'fast-check';
import { ByteSlabs, SLAB_BYTES } from './slabs.js';

interface Block {
  readonly ref: number;
  readonly size: number;
  readonly fill: number;
}

function write(slabs: ByteSlabs, { ref, size, fill }: Block): void {
  slabs.bytes(ref).fill(fill, slabs.offset(ref), slabs.offset(ref) + size);
}

function isIntact(slabs: ByteSlabs, { ref, size, fill }: Block): boolean {
  return slabs
    .bytes(ref)
    .subarray(slabs.offset(ref), slabs.offset(ref) + size)
    .every((byte) => byte === fill);
}

const size = fc.oneof(
  fc.integer({ min: 0, max: 200 }),
  fc.integer({ min: 0, max: 33_000 }),
  fc.constantFrom(1024, 1025, 21_845, 32_768, 32_769, 65_536, 1 << 20),
);

describe('ByteSlabs', () => {
  it('never hands out a byte twice, whatever is freed in between', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ size, drop: fc.nat(3), at: fc.nat() }), { maxLength: 120 }), (steps) => {
        const slabs = new ByteSlabs();
        const blocks: Block[] = [];
        steps.forEach((step, i) => {
          const block = { ref: slabs.allocate(step.size), size: step.size, fill: (i * 7 + 1) & 0xff };
          write(slabs, block);
          blocks.push(block);
          for (let n = 0; n < step.drop && blocks.length > 0; n++) {
            const [gone] = blocks.splice(step.at % blocks.length, 1);
            expect(isIntact(slabs, gone!)).toBe(true);
            slabs.free(gone!.ref, gone!.size);
          }
        });
        for (const block of blocks) expect(isIntact(slabs, block)).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  it.each([
    [0, 16, true],
    [1, 16, true],
    [16, 17, false],
    [1024, 1025, false],
    [16_385, 21_840, true],
    [21_841, 32_768, true],
    [32_768, 32_769, false],
    [1_000_000, 1_010_000, true],
    [1_000_000, 2_000_000, false],
  ])('says whether %i bytes become %i in place: %s', (oldSize, newSize, expected) => {
    expect(new ByteSlabs().fits(oldSize, newSize)).toBe(expected);
    expect(new ByteSlabs().fits(newSize, oldSize)).toBe(expected);
  });

  it.each([[16], [112], [1_024], [1_500], [2_100], [21_000], [32_768]])(
    'loses little to blocks of %i bytes',
    (bytes) => {
      const slabs = new ByteSlabs();
      const blocks = Math.floor((4 * SLAB_BYTES) / bytes);
      for (let i = 0; i < blocks; i++) slabs.allocate(bytes);
      expect(slabs.sizeBytes).toBeLessThanOrEqual(5 * SLAB_BYTES);
    },
  );

  it('serves the next size from what another size gave back', () => {
    const slabs = new ByteSlabs();
    const fill = (bytes: number): number[] => Array.from({ length: 30_000 }, () => slabs.allocate(bytes));
    const drop = (refs: number[], bytes: number): void => refs.forEach((ref) => slabs.free(ref, bytes));
    let peak = 0;
    for (let round = 0; round < 5; round++) {
      for (const bytes of [100, 180, 300, 60]) {
        const refs = fill(bytes);
        if (round === 0) peak = Math.max(peak, slabs.sizeBytes);
        expect(slabs.sizeBytes).toBeLessThanOrEqual(peak);
        drop(refs, bytes);
      }
    }
    expect(slabs.sizeBytes).toBeLessThanOrEqual(2 * SLAB_BYTES);
  });

  it('keeps few of the large buffers it no longer needs', () => {
    const slabs = new ByteSlabs();
    const refs = Array.from({ length: 64 }, () => slabs.allocate(1 << 20));
    expect(slabs.sizeBytes).toBe(64 << 20);
    for (const ref of refs) slabs.free(ref, 1 << 20);
    expect(slabs.sizeBytes).toBeLessThanOrEqual(8 << 20);
    expect(slabs.bytes(slabs.allocate(1 << 20))).toHaveLength(1 << 20);
  });
});
