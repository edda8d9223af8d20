/** What was reported, and what must be true of it. */
import type { Checks } from '../lib/report.js';
import type { Report } from './messages.js';
import type { ProtectedResource } from './resource.js';

export type Hold = Extract<Report, { kind: 'hold' }>;

/** Endings of an acquire or a turn that faults explain; anything else is a defect. */
const EXPLAINED = new Set([
  'cut',
  'stalled',
  'killed',
  'busy',
  'paused',
  'stale',
  'cancelled',
  'timedOut',
  'LockLostError',
  // A guarded write whose reply was lost, or that found no connection in time.
  'CONNECTIONLOSS',
  'OPERATIONTIMEOUT',
  'SESSIONEXPIRED',
]);

export class Verdicts {
  readonly holds: Hold[] = [];
  readonly guarded: { readonly token: bigint; readonly zxid: bigint }[] = [];
  readonly counts = new Map<string, number>();

  hear(report: Report): void {
    if (report.kind === 'hold') this.holds.push(report);
    else if (report.kind === 'guarded') this.guarded.push(report);
    else if (report.kind === 'count') this.count(report.what);
  }

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  judge(
    checks: Checks,
    resource: ProtectedResource,
    asked: { readonly seconds: number; readonly contenders: number },
  ): void {
    const { accepted } = resource;
    const back = firstBack(accepted.map(({ token }) => token));
    checks.check('tokens at the resource never go back', back === undefined, back ?? `${accepted.length} writes`);
    const owners = new Map<bigint, number>();
    const shared = accepted.find(
      ({ token, contender }) => (owners.get(token) ?? contender) !== contender || void owners.set(token, contender),
    );
    checks.check(
      'no token has two owners',
      shared === undefined,
      shared === undefined ? `${owners.size} tokens` : `${shared.token}`,
    );

    const inOrder = [...this.guarded].sort((a, b) => (a.zxid < b.zxid ? -1 : 1));
    const guardedBack = firstBack(inOrder.map(({ token }) => token));
    checks.check(
      'tokens of guarded writes never go back',
      guardedBack === undefined,
      guardedBack ?? `${inOrder.length} writes`,
    );

    const overlap = this.overlap();
    checks.check('no two believe to hold at once', overlap === undefined, overlap ?? `${this.holds.length} holds`);

    const served = new Set(this.holds.map(({ contender }) => contender)).size;
    const expected = asked.seconds >= 30 ? asked.contenders : 1;
    checks.check('everybody is served', served >= expected, `${served} of ${asked.contenders}`);

    const odd = [...this.counts].filter(([what]) => !EXPLAINED.has(what)).map(([what, n]) => `${n} ${what}`);
    checks.check('nothing unexplained happened', odd.length === 0, odd.length === 0 ? 'nothing' : odd.join(', '));
  }

  /** Two holds that share a moment; those whose session was killed by force are left out: nobody can foresee that. */
  private overlap(): string | undefined {
    const sorted = this.holds.filter(({ wasKilled }) => !wasKilled).sort((a, b) => a.fromMs - b.fromMs);
    let last: Hold | undefined;
    for (const hold of sorted) {
      if (last !== undefined && hold.fromMs < last.toMs) {
        const [a, b] = [last, hold].map(
          (h) => `contender ${h.contender} (token ${h.token}, ${h.fromMs} to ${h.toMs} ms)`,
        );
        return `${a} and ${b}`;
      }
      if (last === undefined || hold.toMs > last.toMs) last = hold;
    }
    return undefined;
  }
}

function firstBack(tokens: readonly bigint[]): string | undefined {
  const at = tokens.findIndex((token, i) => i > 0 && token < tokens[i - 1]!);
  return at < 0 ? undefined : `${tokens[at]} after ${tokens[at - 1]}, write ${at}`;
}
