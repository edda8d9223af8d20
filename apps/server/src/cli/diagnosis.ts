import { performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import { PRODUCT_VERSION } from '../version.js';

const MICROS_PER_MS = 1000;

/**
 * What this process is doing, and with how much. Only what costs nothing to find out: Node's own report asks for the
 * names of all clients' addresses, one after the other, and shows the environment.
 */
export function diagnosis(): Record<string, unknown> {
  const memory = process.memoryUsage();
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const { active, idle } = performance.eventLoopUtilization();
  return {
    version: PRODUCT_VERSION,
    node: process.version,
    pid: process.pid,
    uptimeMs: Math.round(performance.now()),
    rssBytes: memory.rss,
    maxRssBytes: maxRSS * 1024,
    heapUsedBytes: memory.heapUsed,
    heapTotalBytes: memory.heapTotal,
    heapLimitBytes: getHeapStatistics().heap_size_limit,
    externalBytes: memory.external,
    userCpuMs: Math.round(userCPUTime / MICROS_PER_MS),
    systemCpuMs: Math.round(systemCPUTime / MICROS_PER_MS),
    eventLoopBusyMs: Math.round(active),
    eventLoopIdleMs: Math.round(idle),
    resources: countOf(process.getActiveResourcesInfo()),
  };
}

/** What keeps the event loop awake: how many of each kind. */
function countOf(kinds: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const kind of kinds) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}
