import * as fc from 'fast-check';
import type { Session } from './session.js';
import { SessionTracker } from './session-tracker.js';

const TICK_MS = 10;

/** What the tracker promises, said plainly: one record per session, searched from end to end. */
interface PlainSession {
  session: Session;
  expiryMs: number;
  state: 'alive' | 'closing' | 'gone';
}

const round = (ms: number): number => (Math.floor(ms / TICK_MS) + 1) * TICK_MS;

const step = fc.oneof(
  fc.record({ do: fc.constant('open' as const), which: fc.nat(5), timeoutMs: fc.integer({ min: 0, max: 60 }) }),
  fc.record({ do: fc.constant('touch' as const), which: fc.nat(30), timeoutMs: fc.integer({ min: 0, max: 60 }) }),
  fc.record({ do: fc.constant('close' as const), which: fc.nat(30), timeoutMs: fc.constant(0) }),
  fc.record({ do: fc.constant('undo' as const), which: fc.nat(30), timeoutMs: fc.integer({ min: 0, max: 60 }) }),
  fc.record({ do: fc.constant('remove' as const), which: fc.nat(30), timeoutMs: fc.constant(0) }),
  fc.record({ do: fc.constant('stall' as const), which: fc.constant(0), timeoutMs: fc.integer({ min: 1, max: 45 }) }),
  fc.record({ do: fc.constant('wait' as const), which: fc.constant(0), timeoutMs: fc.integer({ min: 1, max: 45 }) }),
);

describe('SessionTracker', () => {
  it('does what a plain list of sessions with expiry times would do', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const expired: Session[] = [];
        const tracker = new SessionTracker({
          tickTimeMs: TICK_MS,
          serverId: 200,
          startMs: 0,
          onExpire: (session) => expired.push(session),
        });
        const plain: PlainSession[] = [];
        let nowMs = 0;
        for (const { do: action, which, timeoutMs } of steps) {
          const one = plain[which % (plain.length || 1)];
          if (action === 'open') {
            const { idHi, idLo } = tracker.allocate();
            // Upper words that differ now and then make sessions share a lower word.
            const session = tracker.track(idHi + which, idLo & ~3, timeoutMs, nowMs);
            const known = plain.find((candidate) => candidate.session === session);
            if (known === undefined) plain.push({ session, expiryMs: round(nowMs + timeoutMs), state: 'alive' });
            else if (known.state === 'alive') known.expiryMs = round(nowMs + timeoutMs);
          } else if (action === 'stall') {
            // Time passes, and nobody gets round to expiring anybody.
            nowMs += timeoutMs;
          } else if (action === 'wait') {
            nowMs += timeoutMs;
            expired.length = 0;
            tracker.expire(nowMs);
            const due = plain.filter(({ state, expiryMs }) => state === 'alive' && expiryMs <= nowMs);
            expect(new Set(expired)).toEqual(new Set(due.map(({ session }) => session)));
            expect(expired).toHaveLength(due.length);
            for (const each of due) each.state = 'closing';
          } else if (one !== undefined) {
            if (action === 'touch') {
              expect(tracker.touch(one.session, timeoutMs, nowMs)).toBe(one.state === 'alive');
              if (one.state === 'alive') one.expiryMs = round(nowMs + timeoutMs);
            } else if (action === 'close') {
              tracker.setClosing(one.session);
              if (one.state === 'alive') one.state = 'closing';
            } else if (action === 'undo') {
              tracker.undoClosing(one.session, timeoutMs, nowMs);
              if (one.state === 'closing') {
                one.state = 'alive';
                one.expiryMs = round(nowMs + timeoutMs);
              }
            } else {
              tracker.remove(one.session);
              one.state = 'gone';
            }
          }
          const alive = plain.filter(({ state }) => state === 'alive');
          const tracked = plain.filter(({ state }) => state !== 'gone').map(({ session }) => session);
          expect(tracker.size).toBe(tracked.length);
          expect(new Set(tracker.sessions())).toEqual(new Set(tracked));
          expect(tracker.nextExpiryMs).toBe(Math.min(Infinity, ...alive.map(({ expiryMs }) => expiryMs)));
          for (const { session, state } of plain) {
            expect(session.isClosing).toBe(state !== 'alive');
            if (state !== 'gone') expect(tracker.get(session.idHi, session.idLo)).toBe(session);
          }
        }
      }),
      { numRuns: 150 },
    );
  });
});
