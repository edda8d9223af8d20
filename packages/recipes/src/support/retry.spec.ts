import {
  ClientClosedError,
  ConnectionLossError,
  NoAuthError,
  SessionExpiredError,
  type ClientRuntime,
} from '@zk/client-api';
import { ErrorCode } from '@zk/model';
import { VirtualTime } from '@zk/testing';
import { exponentialBackoff, isClientOver, isTransient, mayHaveApplied, withRetry } from './retry.js';

const time = new VirtualTime();
const runtime: ClientRuntime = { clock: time, scheduler: time, random: { next: () => 0 } };
const loss = new ConnectionLossError('/x', true);

describe('withRetry', () => {
  it('goes on until it works', async () => {
    const attempts: number[] = [];
    const task = (attempt: number): Promise<string> => {
      attempts.push(attempt);
      return attempt < 4 ? Promise.reject(loss) : Promise.resolve('done');
    };
    await expect(time.during(withRetry(runtime, task))).resolves.toBe('done');
    expect(attempts).toEqual([1, 2, 3, 4]);
  });

  it('does not repeat what is refused for good', async () => {
    const refused = new NoAuthError(ErrorCode.NOAUTH, '/x');
    await expect(withRetry(runtime, () => Promise.reject(refused))).rejects.toBe(refused);
  });

  it('gives up when the policy does, with the last error', async () => {
    let attempts = 0;
    const task = (): Promise<never> => {
      attempts++;
      return Promise.reject(loss);
    };
    const policy = exponentialBackoff({ attempts: 3 });
    await expect(time.during(withRetry(runtime, task, { policy }))).rejects.toBe(loss);
    expect(attempts).toBe(3);
  });

  it('stops waiting when it is cancelled', async () => {
    const stop = new AbortController();
    const result = withRetry(runtime, () => Promise.reject(loss), { signal: stop.signal });
    await time.settle();
    stop.abort(new Error('enough'));
    await expect(result).rejects.toThrow('enough');
  });
});

it('doubles the delays up to a limit, and spreads them over the upper half', () => {
  const policy = exponentialBackoff({ first: 100, max: '1s' });
  const delays = (next: number): (number | undefined)[] =>
    [1, 2, 4, 5, 99].map((n) => policy(n, 0, { next: () => next }));
  expect(delays(0)).toEqual([100, 200, 800, 1_000, 1_000]);
  expect(delays(0.999_999).map((delay) => Math.round(delay!))).toEqual([50, 100, 400, 500, 500]);
});

it.each([
  [loss, true, true],
  [new ConnectionLossError('/x', false), true, false],
  [new NoAuthError(ErrorCode.NOAUTH), false, false],
  [new Error('who knows'), false, true],
])('judges %s', (error, transient, applied) => {
  expect([isTransient(error), mayHaveApplied(error)]).toEqual([transient, applied]);
});

describe('the end of a client', () => {
  it.each<[string, Error, boolean]>([
    ['its close', new ClientClosedError('/x'), true],
    ['a lost session without another one', new SessionExpiredError('/x', false, true), true],
    ['not a session that another one follows', new SessionExpiredError('/x'), false],
    ['not a broken connection', loss, false],
  ])('is %s, and ends all attempts', (_what, error, isOver) => {
    expect(isClientOver(error)).toBe(isOver);
    expect(isTransient(error)).toBe(!isOver);
  });
});
