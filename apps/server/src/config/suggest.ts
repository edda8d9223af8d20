import { closest, distance } from 'fastest-levenshtein';

/** Spellings that circulate in documentation although they never worked as keys. */
const FOLKLORE: Readonly<Record<string, string>> = {
  requestThrottleLimit: 'request_throttle_max_requests',
  requestThrottleStallTime: 'request_throttle_stall_time',
  requestThrottleDropStale: 'request_throttle_drop_stale',
  requestStaleLatencyCheck: 'request_stale_latency_check',
  requestStaleConnectionCheck: 'request_stale_connection_check',
  throttledOpWaitTime: 'throttled_op_wait_time',
  connectionMaxTokens: 'connection_throttle_tokens',
  connectionTokenFillTime: 'connection_throttle_fill_time',
  connectionTokenFillCount: 'connection_throttle_fill_count',
  connectionFreezeTime: 'connection_throttle_freeze_time',
  connectionDropIncrease: 'connection_throttle_drop_increase',
  connectionDropDecrease: 'connection_throttle_drop_decrease',
  connectionDecreaseRatio: 'connection_throttle_decrease_ratio',
  port: 'clientPort',
};

/** The known key that was probably meant, if any is close enough. */
export function suggestKey(key: string, names: readonly string[]): string | undefined {
  const folklore = FOLKLORE[key];
  if (folklore !== undefined) return folklore;
  const bare = key.replace(/^zookeeper\./, '').toLowerCase();
  const exact = names.filter((name) => !name.endsWith('*'));
  const lower = exact.map((name) => name.toLowerCase());
  if (bare === '' || lower.length === 0) return undefined;
  const best = closest(bare, lower);
  if (distance(bare, best) > Math.max(1, Math.floor(bare.length / 4))) return undefined;
  return exact[lower.indexOf(best)];
}
