import { OpCode } from '@zk/model';

/** Bounds on requests in the server as a whole (spec: server semantics, section 14). 0 stands for no bound. */
export interface RequestThrottleOptions {
  /** `zookeeper.request_throttle_max_requests`: so many may be on their way; the others wait, in their connections. */
  readonly maxRequests: number;
  /** `zookeeper.throttled_op_wait_time`: a request that waited longer is refused with THROTTLEDOP. */
  readonly maxWaitMs: number;
}

export const DEFAULT_REQUEST_THROTTLE: RequestThrottleOptions = { maxRequests: 0, maxWaitMs: 0 };

/**
 * Decides which requests wait and which have waited too long. What waits lies as bytes in its connection, which is not
 * read meanwhile, so a flood costs one buffer per connection; when the connection ends, what it had waiting is dropped.
 */
export class RequestThrottle {
  private readonly options: RequestThrottleOptions;
  /** Whether there is any bound. Off, a request costs one test of it. */
  readonly isOn: boolean;
  /** Times a connection had to wait: the metric `request_throttle_wait_count`. */
  waitCount = 0;

  constructor(options: Partial<RequestThrottleOptions> = {}) {
    this.options = { ...DEFAULT_REQUEST_THROTTLE, ...options };
    this.isOn = this.options.maxRequests > 0 || this.options.maxWaitMs > 0;
  }

  /** Whether one more request has to wait while so many are on their way. */
  mustWait(inFlight: number): boolean {
    return this.options.maxRequests > 0 && inFlight >= this.options.maxRequests;
  }

  /** Whether a request of this type is refused after having waited so long. */
  isTooLate(type: number, waitedMs: number): boolean {
    const { maxWaitMs } = this.options;
    if (maxWaitMs <= 0 || waitedMs <= maxWaitMs) return false;
    return type !== OpCode.ping && type !== OpCode.closeSession;
  }
}
