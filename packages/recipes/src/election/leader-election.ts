import { type CallOptions, type ZkClient, type OptionRules, rules } from '@zk/client-api';
import { type AcquireOptions, type Participant } from '../locks/index.js';
import { childrenOf, participantsOf } from '../locks/participants.js';
import { isNoTime, outOfTime } from '../locks/queue.js';
import {
  AcquireTimeoutError,
  type LatestStream,
  rankNames,
  requireRecipe,
  requireCallOptions,
} from '../support/index.js';
import { type Leader, leaderNow, observeLeader } from './observe.js';
import { Candidacy, type ElectionOptions, type Term, electionRules } from './terms.js';

export interface LeaderElectionOptions extends ElectionOptions {
  /** Which recipe of Curator it shares a path with; default `selector`. Nothing to choose in the dialect of kazoo. */
  readonly layout?: 'selector' | 'latch' | undefined;
}

const leaderElectionRules: OptionRules<LeaderElectionOptions> = {
  ...electionRules,
  layout: rules.oneOf('selector', 'latch'),
};

/**
 * Leadership as a loop: one item per term (Curator's LeaderSelector, kazoo's Election).
 *
 *     for await (const term of new LeaderElection(client, '/leader', { id })) await lead(term.signal);
 *
 * The body is the term: asking for the next item resigns and stands again, leaving the loop resigns. A term that is
 * lost aborts its signal; the next one is not given out before the body has come to its end.
 *
 * Suspended: the term goes on until the session's deadline, or ends at once with `loss: 'connection'`; a candidate keeps
 * its place. Lost: the term is over, and the next item is a new term, after a new place at the end of the queue.
 * Cancelled (`terms({ signal })`, or the client is closed): the loop ends without an error, the node is removed in the
 * background.
 */
export class LeaderElection implements AsyncIterable<Term> {
  readonly path: string;
  readonly #client: ZkClient;
  readonly #candidacy: Candidacy;

  constructor(client: ZkClient, path: string, options: LeaderElectionOptions = {}) {
    requireRecipe('a LeaderElection', client, path, options, leaderElectionRules);
    this.path = path;
    this.#client = client;
    const curator = options.layout === 'latch' ? 'latch-' : 'lock-';
    this.#candidacy = new Candidacy(client, path, { curator, kazoo: '__lock__' }, options, 'session');
  }

  /** @throws what the server refuses, e.g. NOAUTH; nothing that passes */
  terms(options: { readonly signal?: AbortSignal | undefined } = {}): AsyncGenerator<Term, undefined> {
    return this.#candidacy.terms(options.signal ?? new AbortController().signal);
  }

  [Symbol.asyncIterator](): AsyncGenerator<Term, undefined> {
    return this.terms();
  }

  /** Stands for one term. @throws AcquireTimeoutError, AcquireCancelledError */
  async campaign(options: Pick<AcquireOptions, 'timeout' | 'signal'> = {}): Promise<Term> {
    requireCallOptions(options);
    if (isNoTime(options.timeout)) return (await this.tryCampaign(options)) ?? outOfTime(this.path);
    return (await this.#candidacy.campaign(options))!;
  }

  /** As campaign, but null when somebody else leads: at once, or after the `timeout` if one is given. */
  async tryCampaign(options: Pick<AcquireOptions, 'timeout' | 'signal'> = {}): Promise<Term | null> {
    requireCallOptions(options);
    const { timeout = 0, ...rest } = options;
    if (isNoTime(timeout)) return (await this.#candidacy.campaign(rest, true)) ?? null;
    try {
      return await this.campaign(options);
    } catch (error) {
      if (error instanceof AcquireTimeoutError) return null;
      throw error;
    }
  }

  /** The present leader and every other one after it, without standing. See `observeLeader`. */
  observe(): LatestStream<Leader | undefined> {
    return observeLeader(this.#client, this.#candidacy.rules);
  }

  /** Who leads now; undefined when nobody stands. */
  leader(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<Leader | undefined> {
    return leaderNow(this.#client, this.#candidacy.rules, options.signal);
  }

  /** The leader, then the candidates in order. */
  participants(options?: CallOptions): Promise<Participant[]> {
    return candidates(this.#client, this.#candidacy, options);
  }
}

export async function candidates(
  client: ZkClient,
  { rules }: Candidacy,
  options?: CallOptions,
): Promise<Participant[]> {
  const children = await childrenOf(client, rules.parent, options);
  const ranked = rankNames(children, rules.markers, rules.dialect);
  return participantsOf(client, rules.parent, ranked, (index) => index === 0, options);
}
