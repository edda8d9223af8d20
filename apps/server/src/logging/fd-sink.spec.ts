import { createFdSink } from './fd-sink.js';

/** A descriptor that takes `results` in turn: a number of bytes, or an error code. */
function scripted(results: (number | string)[]) {
  const written: string[] = [];
  const write = (_fd: number, bytes: Uint8Array, at: number): number => {
    const result = results.shift() ?? bytes.length - at;
    if (typeof result === 'string') throw Object.assign(new Error(result), { code: result });
    const count = Math.min(result, bytes.length - at);
    written.push(Buffer.from(bytes.subarray(at, at + count)).toString());
    return count;
  };
  return { written, sink: createFdSink(1, write as never) };
}

describe('createFdSink', () => {
  it('finishes a line that was taken in parts', () => {
    const { written, sink } = scripted([2, 3]);
    sink.write('abcdefg\n');
    expect(written).toEqual(['ab', 'cde', 'fg\n']);
  });

  it('tries again while a pipe is full', () => {
    const { written, sink } = scripted(['EAGAIN', 'EAGAIN']);
    sink.write('a\n');
    expect(written.join('')).toBe('a\n');
  });

  it('waits for a slow reader once, not for every line', () => {
    const full = Array.from({ length: 60 }, () => 'EAGAIN');
    const { sink } = scripted(full);
    sink.write('a\n');
    const triesOfTheFirst = 60 - full.length;
    sink.write('b\n');
    expect({ triesOfTheFirst, triesOfTheSecond: 60 - full.length - triesOfTheFirst }).toEqual({
      triesOfTheFirst: 51,
      triesOfTheSecond: 1,
    });
  });

  it('waits again after a line got through', () => {
    const { written, sink } = scripted(['EPIPE', 1_000, 'EAGAIN']);
    for (const line of ['a\n', 'b\n', 'c\n']) sink.write(line);
    expect(written.at(-1)).toBe('c\n');
  });

  it('drops lines nobody can read and says so later', () => {
    const { written, sink } = scripted(['EPIPE', 'EPIPE']);
    sink.write('a\n');
    sink.write('b\n');
    sink.write('c\n');
    expect(written.join('')).toBe('(2 log lines were lost: nobody read them)\nc\n');
  });
});
