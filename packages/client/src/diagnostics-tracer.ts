import { tracingChannel } from 'node:diagnostics_channel';
import type { RequestTrace, RequestTracer } from './tracing.js';

/** Name of the tracing channel; its messages are RequestTraces. */
export const REQUEST_CHANNEL = 'zk:request';

const { start, end, asyncStart, asyncEnd, error } = tracingChannel<unknown, RequestTrace>(REQUEST_CHANNEL);

/**
 * Publishes every request on the tracing channel `zk:request`: `start` and `end` around the call, `asyncStart` and
 * `asyncEnd` around its answer, `error` before them when it failed. One object goes through all of them.
 */
export const diagnosticsTracer: RequestTracer = {
  get isEnabled() {
    return start.hasSubscribers || asyncEnd.hasSubscribers || asyncStart.hasSubscribers || error.hasSubscribers;
  },
  started(trace) {
    start.publish(trace);
    end.publish(trace);
  },
  finished(trace) {
    if (trace.error !== undefined) error.publish(trace);
    asyncStart.publish(trace);
    asyncEnd.publish(trace);
  },
};
