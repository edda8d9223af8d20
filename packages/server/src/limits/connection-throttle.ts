import type { Clock, RandomSource } from '@zk/contracts';

/**
 * How many sessions may be opened or renewed per unit of time (spec: server semantics, section 14).
 *
 * A bucket of tokens refills with time and every ConnectRequest takes some; one that finds too few is refused. On top
 * of it BLUE drops requests at random, with a chance that creeps up while the bucket is empty and down while it is
 * nearly full, so that a stampede thins out instead of hitting the empty bucket all together.
 */
export interface ConnectionThrottleOptions {
  /** `zookeeper.connection_throttle_tokens`: size of the bucket; 0 turns throttling off. */
  readonly tokens: number;
  /** `…_fill_time`: every so many milliseconds … */
  readonly fillTimeMs: number;
  /** `…_fill_count`: … so many tokens come back. */
  readonly fillCount: number;
  /** `…_freeze_time`: pause between two changes of the drop chance; -1 turns random drops off. */
  readonly freezeTimeMs: number;
  /** `…_drop_increase`: step of the chance, up, when the bucket is empty. */
  readonly dropIncrease: number;
  /** `…_drop_decrease`: step of the chance, down. */
  readonly dropDecrease: number;
  /** `…_decrease_ratio`: the chance goes down while at most this share of the bucket is missing. */
  readonly decreaseRatio: number;
  /** `…_weight_enabled`: whether kinds of sessions cost different numbers of tokens. */
  readonly isWeightEnabled: boolean;
  /** `…_global_session_weight` */
  readonly globalSessionWeight: number;
  /** `…_renew_session_weight` */
  readonly renewSessionWeight: number;
  /** `…_local_session_weight` */
  readonly localSessionWeight: number;
}

export const DEFAULT_CONNECTION_THROTTLE: ConnectionThrottleOptions = {
  tokens: 0,
  fillTimeMs: 1,
  fillCount: 1,
  freezeTimeMs: -1,
  dropIncrease: 0.02,
  dropDecrease: 0.002,
  decreaseRatio: 0,
  isWeightEnabled: false,
  globalSessionWeight: 3,
  renewSessionWeight: 2,
  localSessionWeight: 1,
};

/** What a ConnectRequest asks for: a session known to the ensemble, one known here only, or one it already has. */
export type SessionDemand = 'global' | 'local' | 'renew';

export class ConnectionThrottle {
  private readonly options: ConnectionThrottleOptions;
  private readonly cost: Readonly<Record<SessionDemand, number>>;
  private readonly maxTokens: number;
  private readonly fillCount: number;
  private tokens: number;
  private chance = 0;
  private filledAtMs: number;
  private adjustedAtMs: number;

  constructor(
    options: Partial<ConnectionThrottleOptions>,
    private readonly clock: Pick<Clock, 'monotonicMs'>,
    private readonly random: RandomSource,
  ) {
    this.options = { ...DEFAULT_CONNECTION_THROTTLE, ...options };
    const weights = usableWeights(this.options);
    const { isWeightEnabled } = this.options;
    this.cost = isWeightEnabled ? weights : { global: 1, renew: 1, local: 1 };
    // The configured figures are meant for global sessions.
    const scale = isWeightEnabled ? weights.global : 1;
    this.maxTokens = this.options.tokens * scale;
    this.fillCount = this.options.fillCount * scale;
    this.tokens = this.maxTokens;
    this.filledAtMs = this.nowMs();
    this.adjustedAtMs = this.filledAtMs;
  }

  /** Tokens missing from a full bucket: the metric `connection_token_deficit`. */
  get deficit(): number {
    return this.maxTokens - this.tokens;
  }

  /** The current chance, 0 to 1, of being refused at random. */
  get dropChance(): number {
    return this.chance;
  }

  /** Takes the tokens that `demand` costs; false: refuse it, that is, close the connection without a byte. */
  admit(demand: SessionDemand): boolean {
    if (this.maxTokens === 0) return true;
    const nowMs = this.nowMs();
    this.refill(nowMs);
    if (this.options.freezeTimeMs !== -1 && this.isDropped(nowMs)) return false;
    const cost = this.cost[demand];
    if (this.tokens < cost) return false;
    this.tokens -= cost;
    return true;
  }

  /** Whole tokens only, and what is left over of the time is forgotten, as in Apache ZooKeeper. */
  private refill(nowMs: number): void {
    const elapsedMs = nowMs - this.filledAtMs;
    if (elapsedMs <= this.options.fillTimeMs) return;
    const refill = Math.trunc((elapsedMs * this.fillCount) / this.options.fillTimeMs);
    this.tokens = Math.min(this.tokens + refill, this.maxTokens);
    this.filledAtMs = nowMs;
  }

  private isDropped(nowMs: number): boolean {
    const { freezeTimeMs, dropIncrease, dropDecrease, decreaseRatio } = this.options;
    if (nowMs - this.adjustedAtMs > freezeTimeMs) {
      if (this.deficit === this.maxTokens) this.chance = Math.min(this.chance + dropIncrease, 1);
      else if (this.deficit <= Math.round(this.maxTokens * decreaseRatio)) {
        this.chance = Math.max(this.chance - dropDecrease, 0);
      }
      this.adjustedAtMs = nowMs;
    }
    return this.random.next() < this.chance;
  }

  private nowMs(): number {
    return Math.floor(this.clock.monotonicMs());
  }
}

/** A weight that makes no sense falls back to its default; no session may cost less than a local one. */
function usableWeights(options: ConnectionThrottleOptions): Record<SessionDemand, number> {
  const positive = (weight: number, fallback: number): number => (weight > 0 ? weight : fallback);
  const local = positive(options.localSessionWeight, DEFAULT_CONNECTION_THROTTLE.localSessionWeight);
  const global = positive(options.globalSessionWeight, DEFAULT_CONNECTION_THROTTLE.globalSessionWeight);
  const renew = positive(options.renewSessionWeight, DEFAULT_CONNECTION_THROTTLE.renewSessionWeight);
  return { local, global: Math.max(global, local), renew: Math.max(renew, local) };
}
