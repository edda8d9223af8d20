import {
  type CallOptions,
  type Duration,
  type ZkClient,
  durationMs,
  op,
  utf8,
  type OptionRules,
  rules,
} from '@zk/client-api';
import type { Zxid } from '@zk/model';
import { childPath, ensurePath, isNamed, requirePath, requireRecipe } from '../support/index.js';
import { Mutex } from './mutex.js';
import type { LockOptions } from './options.js';
import { utcMs, utcText } from './utc-text.js';

export interface NonBlockingLeaseOptions extends Pick<LockOptions, 'acl'> {
  /** For how long; by the wall clocks of all who use the path. */
  readonly duration: Duration;
  /** Who: whoever comes back under the same name has it again. kazoo's default is the host name. */
  readonly holder: string;
}

const leaseRules: OptionRules<NonBlockingLeaseOptions> = {
  acl: rules.acl,
  duration: rules.duration,
  holder: rules.name,
};

/** What was obtained. It ends by itself; no session and no connection has to last that long. */
export interface TimedLease {
  readonly path: string;
  readonly holder: string;
  /** Wall-clock milliseconds, whole seconds. */
  readonly endMs: number;
  /** Grows from holder to holder, and with every renewal. */
  readonly token: Zxid;
  /** Whether the wall clock of this process has not reached the end. */
  readonly isValid: boolean;
}

/**
 * Exclusive for a length of time, for work that is started often and shall run once in a while: kazoo's NonBlockingLease
 * (spec: recipes, section 13.4). Never waits for a holder: it is obtained or not.
 *
 * It rests on wall clocks that agree roughly, and on nothing else: losing the connection or the session changes nothing
 * about it, and nobody is told when it ends. Where two at a time would do harm use a Mutex, or its token. Cancelled: it may
 * have been obtained; it is given up by `release`, or by time.
 */
export class NonBlockingLease {
  readonly path: string;
  readonly #client: ZkClient;
  readonly #options: NonBlockingLeaseOptions;
  readonly #guard: Mutex;
  readonly #node: string;

  constructor(client: ZkClient, path: string, options: NonBlockingLeaseOptions) {
    this.#options = requireRecipe('a NonBlockingLease', client, path, options, leaseRules, ['duration', 'holder']);
    this.path = path;
    this.#client = client;
    this.#node = childPath(path, 'lease_holder');
    const { acl, holder } = options;
    this.#guard = new Mutex(client, path, {
      dialect: 'kazoo',
      identity: holder,
      ...(acl === undefined ? {} : { acl }),
    });
  }

  /** Obtains it, or renews it for the same holder; null while another one has it. */
  async obtain(options: CallOptions = {}): Promise<TimedLease | null> {
    await ensurePath(this.#client, this.path, { ...options, as: 'persistent' });
    return this.#guard.run(() => this.#obtain(options), options);
  }

  /** Gives it back before its time, if this holder has it. kazoo has nothing of the kind, and does not mind. */
  async release(options: CallOptions = {}): Promise<boolean> {
    return this.#guard.run(async () => {
      const present = await this.#read(options);
      if (present?.holder !== this.#options.holder) return false;
      await this.#client.delete(this.#node, { ...options, ifMissing: 'ignore' });
      return true;
    }, options);
  }

  async #obtain(options: CallOptions): Promise<TimedLease | null> {
    const { clock } = this.#client.runtime;
    const { holder, duration, acl } = this.#options;
    const present = await this.#read(options);
    if (present !== undefined && !isFree(present, holder, clock.wallMs())) return null;
    const endMs = Math.floor((clock.wallMs() + durationMs(duration)) / 1_000) * 1_000;
    const create = op.create(this.#node, utf8.encode(leaseText(holder, endMs)), acl === undefined ? {} : { acl });
    // Deleted and made again, as kazoo does; in one transaction, so that nobody sees it missing.
    await this.#client.multi(present === undefined ? [create] : [op.delete(this.#node), create], options);
    const { stat } = await this.#client.get(this.#node, options);
    return {
      path: this.#node,
      holder,
      endMs,
      token: stat.czxid,
      get isValid() {
        return clock.wallMs() < endMs;
      },
    };
  }

  async #read(options: CallOptions): Promise<Recorded | undefined> {
    try {
      return recordedOf((await this.#client.get(this.#node, { ...options, codec: utf8 })).data);
    } catch (error) {
      if (isNamed(error, 'NONODE')) return undefined;
      throw error;
    }
  }
}

/** Several at a time: kazoo's MultiNonBlockingLease, leases at `PATH/0`, `PATH/1`, … of which the first free one is taken. */
export class MultiNonBlockingLease {
  readonly path: string;
  readonly #leases: readonly NonBlockingLease[];

  constructor(client: ZkClient, path: string, count: number, options: NonBlockingLeaseOptions) {
    if (!Number.isInteger(count) || count < 1) throw new RangeError(`one lease or more, not ${count}`);
    this.path = requirePath(path);
    this.#leases = Array.from(
      { length: count },
      (_, i) => new NonBlockingLease(client, childPath(path, `${i}`), options),
    );
  }

  /** The first that can be obtained; null when others have all of them. */
  async obtain(options: CallOptions = {}): Promise<TimedLease | null> {
    for (const lease of this.#leases) {
      const obtained = await lease.obtain(options);
      if (obtained !== null) return obtained;
    }
    return null;
  }
}

/** What a node says; a version other than 1, or text that is not understood, is somebody else's and stays. */
type Recorded = { readonly holder: string; readonly endMs: number } | { readonly holder?: undefined };

function isFree(present: Recorded, holder: string, wallMs: number): boolean {
  return present.holder !== undefined && (present.holder === holder || wallMs >= present.endMs);
}

function recordedOf(text: string): Recorded {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return {};
  }
  if (typeof value !== 'object' || value === null || !('version' in value) || value.version !== 1) return {};
  const { holder, end } = value as { holder?: unknown; end?: unknown };
  const endMs = typeof end === 'string' ? utcMs(end) : undefined;
  return typeof holder === 'string' && endMs !== undefined ? { holder, endMs } : {};
}

/** As Python's json writes it: a space behind colons and commas, and nothing but ASCII. */
function leaseText(holder: string, endMs: number): string {
  const ascii = JSON.stringify(holder).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `{"version": 1, "holder": ${ascii}, "end": "${utcText(endMs)}"}`;
}
