import { LogSyncs, UNAWAITED_SYNC_MS } from './log-syncs.js';

/** What was planned, to be done by the test. */
function setUp() {
  const turnEnd: (() => void)[] = [];
  const timers: { delayMs: number; callback: () => void; isCancelled: boolean }[] = [];
  const sync = jest.fn();
  const syncs = new LogSyncs(
    {
      atTurnEnd: (callback) => void turnEnd.push(callback),
      after: (delayMs, callback) => {
        const timer = { delayMs, callback, isCancelled: false };
        timers.push(timer);
        return { cancel: () => void (timer.isCancelled = true) };
      },
    },
    sync,
  );
  return { syncs, sync, timers, endTurn: () => turnEnd.splice(0).forEach((callback) => callback()) };
}

test('what one turn brings is one sync at its end', () => {
  const { syncs, sync, timers, endTurn } = setUp();
  for (let i = 0; i < 3; i++) syncs.atTurnEnd();
  expect(sync).not.toHaveBeenCalled();
  endTurn();
  syncs.atTurnEnd();
  endTurn();
  expect(sync).toHaveBeenCalledTimes(2);
  expect(timers).toEqual([]);
});

test('what nobody waits for is one sync a while after the first of it', () => {
  const { syncs, sync, timers, endTurn } = setUp();
  for (let i = 0; i < 3; i++) syncs.whenever();
  endTurn();
  expect(sync).not.toHaveBeenCalled();
  expect(timers.map(({ delayMs }) => delayMs)).toEqual([UNAWAITED_SYNC_MS]);
  timers[0]!.callback();
  syncs.whenever();
  expect([sync.mock.calls.length, timers.length]).toEqual([1, 2]);
});

test('what somebody waits for does not wait for the rest', () => {
  const { syncs, sync, endTurn } = setUp();
  syncs.whenever();
  syncs.atTurnEnd();
  endTurn();
  expect(sync).toHaveBeenCalledTimes(1);
});

test('nothing is synced any more after the end', () => {
  const { syncs, timers } = setUp();
  syncs.whenever();
  syncs.stop();
  expect(timers[0]!.isCancelled).toBe(true);
});
