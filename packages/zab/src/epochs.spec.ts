import { makeZxid } from '@zk/model';
import { parseEpoch, restoreEpochs } from './epochs.js';

describe('epochs after a restart', () => {
  it.each([
    ['none, in an empty directory', undefined, undefined, 0n, { accepted: 0, current: 0 }],
    [
      'those of the log, for a server that was alone so far',
      undefined,
      undefined,
      makeZxid(3, 7),
      { accepted: 3, current: 3 },
    ],
    ['as they were written', 5, 4, makeZxid(4, 1), { accepted: 5, current: 4 }],
    ['that of the log, after a crash between history and claim', 5, 4, makeZxid(5, 1), { accepted: 5, current: 5 }],
    ['above 2^31', 0x8000_0001, 0x8000_0001, makeZxid(0x8000_0001, 1), { accepted: 0x8000_0001, current: 0x8000_0001 }],
  ])('%s', (_what, accepted, current, lastZxid, expected) => {
    expect(restoreEpochs({ accepted, current, lastZxid })).toEqual(expected);
  });

  it.each([
    ['a log ahead of every promise', 3, 3, makeZxid(4, 1), 'the log is of epoch 4'],
    ['a claim without a promise', 2, 3, makeZxid(1, 1), 'acceptedEpoch 2 is less'],
  ])('are refused: %s', (_what, accepted, current, lastZxid, message) => {
    expect(() => restoreEpochs({ accepted, current, lastZxid })).toThrow(message);
  });

  it('are decimal texts', () => {
    expect([parseEpoch('currentEpoch', '12'), parseEpoch('currentEpoch', '12\n13')]).toEqual([12, 12]);
    for (const text of ['', 'x', '-1', '1.5', '0x1', '99999999999']) {
      expect(() => parseEpoch('currentEpoch', text)).toThrow(`currentEpoch contains "${text}"`);
    }
  });
});
