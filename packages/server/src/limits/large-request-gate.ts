/** Bounds the memory that large requests take while they are received and executed. */
export interface LargeRequestOptions {
  /** `zookeeper.largeRequestThreshold`: frames longer than this are large; -1: none is. */
  readonly thresholdBytes: number;
  /** `zookeeper.largeRequestMaxBytes`: sum of the lengths of large requests in flight. */
  readonly maxBytes: number;
}

export const DEFAULT_LARGE_REQUESTS: LargeRequestOptions = { thresholdBytes: -1, maxBytes: 104_857_600 };

/**
 * Large requests pass it twice (spec: client protocol, section 1.1): {@link mayReceive} when the length of a frame is
 * known, before memory is spent on the rest, and {@link enter} when the frame is complete. One that may not pass
 * closes its connection. One that entered leaves when it has been answered or its connection is gone.
 */
export class LargeRequestGate {
  private readonly options: LargeRequestOptions;
  private inFlight = 0;
  private rejected = 0;

  constructor(options: Partial<LargeRequestOptions> = {}) {
    this.options = { ...DEFAULT_LARGE_REQUESTS, ...options };
  }

  get inFlightBytes(): number {
    return this.inFlight;
  }

  /** How many were refused: the metric `large_requests_rejected`. */
  get rejectedCount(): number {
    return this.rejected;
  }

  /** Frames longer than this are large; infinite where none is. */
  get thresholdBytes(): number {
    return this.options.thresholdBytes > 0 ? this.options.thresholdBytes : Infinity;
  }

  isLarge(lengthBytes: number): boolean {
    return lengthBytes > this.thresholdBytes;
  }

  /** Whether a frame of this length would pass now. Takes nothing. */
  mayReceive(lengthBytes: number): boolean {
    if (!this.isLarge(lengthBytes) || this.inFlight + lengthBytes <= this.options.maxBytes) return true;
    this.rejected++;
    return false;
  }

  /** Counts a complete frame in; false: it does not fit, and is not counted. */
  enter(lengthBytes: number): boolean {
    if (!this.mayReceive(lengthBytes)) return false;
    if (this.isLarge(lengthBytes)) this.inFlight += lengthBytes;
    return true;
  }

  /** Counts out a frame that entered. */
  leave(lengthBytes: number): void {
    if (this.isLarge(lengthBytes)) this.inFlight -= lengthBytes;
  }
}
