import type { CallOptions, ZkClient } from '@zk/client-api';
import { BehaviorSubject, type Observable, filter, firstValueFrom, fromEvent, takeUntil } from 'rxjs';
import type { AcquireOptions, Participant } from '../locks/index.js';
import { endOf } from '../locks/queue.js';
import { CallScope, type LatestStream, closedErrorOf, firstOf, requireRecipe } from '../support/index.js';
import { candidates } from './leader-election.js';
import { type Leader, leaderNow, observeLeader } from './observe.js';
import { Candidacy, type ElectionOptions, type Term, electionRules } from './terms.js';

/**
 * A candidate that stands until it is closed, and knows at any time whether it leads: Curator's LeaderLatch (spec:
 * recipes, section 4.1).
 *
 * Suspended: leadership ends at once (`loss: 'session'`: not before the session's deadline). When the connection comes
 * back in time and the node has survived, a new term begins with the old node and token. Lost: leadership is over, and a
 * new node stands at the end of the queue. Cancelled: who waits for leadership stops waiting, and the latch goes on
 * standing. Closed: the term's signal aborts, then the node is removed, in the background if need be.
 */
export class LeaderLatch implements AsyncDisposable {
  readonly path: string;
  readonly #client: ZkClient;
  readonly #candidacy: Candidacy;
  readonly #closed = new AbortController();
  readonly #term = new BehaviorSubject<Term | undefined>(undefined);
  #running: Promise<void> | undefined;
  #isRefused = false;

  constructor(client: ZkClient, path: string, options: ElectionOptions = {}) {
    requireRecipe('a LeaderLatch', client, path, options, electionRules);
    this.path = path;
    this.#client = client;
    const markers = { curator: 'latch-', kazoo: '__lock__' };
    this.#candidacy = new Candidacy(client, path, markers, options, 'connection');
  }

  /** Stands, from now on. Idempotent. @throws RecipeClosedError when it was closed: another one may stand */
  start(): this {
    if (this.#closed.signal.aborted) throw closedErrorOf(this.#client, 'LeaderLatch', this.path);
    this.#running ??= this.#run();
    return this;
  }

  /**
   * Hot; replays the present term, undefined while another leads. Completes when the latch or the client is closed; an
   * error is what the server refuses for good.
   */
  get term$(): Observable<Term | undefined> {
    return this.#term.asObservable();
  }

  /** The present term; look at its `isHeld` before something that must not happen twice. Never throws. */
  get term(): Term | undefined {
    return this.#isRefused ? undefined : this.#term.getValue();
  }

  /** Whether it is certain, now and on the monotonic clock, that this one leads. */
  get hasLeadership(): boolean {
    return this.term?.isHeld ?? false;
  }

  /**
   * Resolves at the next moment of leadership.
   * @throws AcquireTimeoutError, AcquireCancelledError, or as `term$`; Error when it was not started,
   *   RecipeClosedError when it was closed
   */
  async leadership(options: Pick<AcquireOptions, 'timeout' | 'signal'> = {}): Promise<Term> {
    if (this.#running === undefined && !this.#closed.signal.aborted) {
      throw new Error(`the latch at ${this.path} was not started: call start() first`);
    }
    using scope = new CallScope(this.#client.runtime, options);
    const { signal } = scope;
    if (signal.aborted) throw endOf(scope, this.path, signal.reason);
    const held = this.#term.pipe(
      filter((term) => term?.isHeld === true),
      takeUntil(fromEvent(signal, 'abort')),
    );
    const term = await firstValueFrom(held, { defaultValue: undefined });
    if (term !== undefined) return term;
    throw endOf(scope, this.path, closedErrorOf(this.#client, 'LeaderLatch', this.path));
  }

  /** Stops standing, and resigns. Idempotent; never rejects. */
  async close(): Promise<void> {
    this.#closed.abort();
    await this.#running?.catch(() => undefined);
    this.#term.complete();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Who leads now; undefined when nobody stands. */
  leader(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<Leader | undefined> {
    return leaderNow(this.#client, this.#candidacy.rules, options.signal);
  }

  /** The present leader and every other one after it. */
  observe(): LatestStream<Leader | undefined> {
    return observeLeader(this.#client, this.#candidacy.rules);
  }

  /** The leader, then the candidates in order. */
  participants(options?: CallOptions): Promise<Participant[]> {
    return candidates(this.#client, this.#candidacy, options);
  }

  async #run(): Promise<void> {
    const { signal } = this.#closed;
    try {
      for await (const term of this.#candidacy.terms(signal)) {
        this.#term.next(term);
        await firstOf({ signals: [term.signal, signal] });
        if (!term.signal.aborted) await term.release();
        this.#term.next(undefined);
      }
      this.#term.complete();
    } catch (error) {
      // From now on the subject throws the error at whoever asks for its value.
      this.#isRefused = true;
      this.#term.error(error);
    }
  }
}
