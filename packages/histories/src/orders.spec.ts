import { checkRealTimeOrder, checkSessionOrder, checkWatches, type SessionEvent } from './orders.js';

const write = (what: string, startMs: number, endMs: number, zxid: bigint) => ({ what, startMs, endMs, zxid });

describe('transactions in real time', () => {
  it('may overtake each other while they are concurrent', () => {
    expect(checkRealTimeOrder([write('a', 0, 5, 0x100000002n), write('b', 1, 4, 0x100000001n)])).toEqual([]);
  });

  it('may overtake each other when one begins in the moment in which the other is acknowledged', () => {
    expect(checkRealTimeOrder([write('a', 0, 1, 2n), write('b', 1, 2, 1n)])).toEqual([]);
  });

  it('are judged by their times, not by when they were noted', () => {
    const writes = [write('late', 4, 5, 1n), write('long', 2, 9, 3n), write('first', 0, 1, 2n)];
    const problem = 'late (0x1) began at 4.0 ms, after first (0x2) was acknowledged at 1.0 ms';
    expect(checkRealTimeOrder(writes)).toEqual([problem]);
    expect(checkRealTimeOrder(writes.reverse())).toEqual([problem]);
  });

  it.each([
    [
      'a later write with a smaller zxid',
      [write('a', 0, 1, 0x100000002n), write('b', 2, 3, 0x100000001n)],
      'b (0x100000001) began at 2.0 ms, after a (0x100000002) was acknowledged at 1.0 ms',
    ],
    [
      'an acknowledgement of a deposed leader',
      [write('new', 0, 1, 0x200000001n), write('old', 2, 3, 0x1000000ffn)],
      'old (0x1000000ff) began at 2.0 ms, after new (0x200000001) was acknowledged at 1.0 ms',
    ],
    ['one zxid for two writes', [write('a', 0, 5, 7n), write('b', 1, 4, 7n)], 'b and a share zxid 0x7'],
  ])('are out of order: %s', (_, writes, problem) => {
    expect(checkRealTimeOrder(writes)).toEqual([problem]);
  });
});

type Seen = (order: number) => SessionEvent;

const reply = (session: bigint, zxid: bigint): Seen => {
  return (order) => ({ session, order, what: 'reply', zxid });
};
const seen = (session: bigint, mzxid: bigint): Seen => {
  return (order) => ({ session, order, what: 'seen', path: '/r', mzxid });
};
const watched = (session: bigint, mzxid: bigint): Seen => {
  return (order) => ({ session, order, what: 'watched', path: '/r', mzxid });
};
const notified = (session: bigint): Seen => {
  return (order) => ({ session, order, what: 'notified', path: '/r' });
};
const inOrder = (events: readonly Seen[]): SessionEvent[] => events.map((event, order) => event(order));

describe('a session', () => {
  it('sees time go forwards, whatever another session has seen', () => {
    const first = [reply(1n, 5n), seen(1n, 5n), reply(2n, 3n), seen(2n, 3n)];
    const events = inOrder([...first, reply(1n, 5n), seen(1n, 5n), seen(1n, 6n)]);
    expect(checkSessionOrder(events)).toEqual([]);
  });

  it('is judged by what came first, not by what was noted first', () => {
    expect(checkSessionOrder(inOrder([seen(1n, 4n), seen(1n, 5n)]).reverse())).toEqual([]);
  });

  it.each([
    ['a reply from the past', [reply(1n, 5n), reply(1n, 4n)], 'session 0x1 gets 0x4 after 0x5'],
    ['a znode from the past', [seen(1n, 5n), seen(1n, 4n)], 'session 0x1 sees /r of 0x4 after that of 0x5'],
    ['a watch set on the past', [seen(1n, 5n), watched(1n, 4n)], 'session 0x1 sees /r of 0x4 after that of 0x5'],
  ])('does not see %s', (_, events, problem) => {
    expect(checkSessionOrder(inOrder(events))).toEqual([problem]);
  });
});

describe('a watch', () => {
  it.each([
    ['told first', [watched(1n, 3n), notified(1n), seen(1n, 4n)]],
    ['nothing has changed', [watched(1n, 3n), seen(1n, 3n)]],
    ['set again, told once', [watched(1n, 3n), watched(1n, 3n), notified(1n), watched(1n, 4n)]],
    ['of another session', [watched(1n, 3n), seen(2n, 4n)]],
  ])('comes before data: %s', (_, events) => {
    expect(checkWatches(inOrder(events))).toEqual([]);
  });

  it.each([
    ['seen by a read', [watched(1n, 3n), seen(1n, 4n)]],
    ['seen when it is set again', [watched(1n, 3n), watched(1n, 4n), notified(1n)]],
    ['seen again and again, which is one mistake', [watched(1n, 3n), seen(1n, 4n), seen(1n, 5n)]],
    ['told too late', [watched(1n, 3n), seen(1n, 4n), notified(1n)]],
  ])('comes after data: %s', (_, events) => {
    const problem = 'session 0x1 sees /r of 0x4, watches it since 0x3, and was not notified';
    expect(checkWatches(inOrder(events))).toEqual([problem]);
  });
});
