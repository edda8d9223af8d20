import type { Counter, Histogram, Meter, ObservableGauge, ObservableResult } from '@opentelemetry/api';
import type { ClientMetrics, RequestTrace } from '@zk/client';
import { type ConnectionState, type ZkClient, isConnected } from '@zk/client-api';

/** Bounds of the buckets in seconds, as the conventions for databases recommend. */
const DURATION_BOUNDARIES = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];
const MS_PER_SECOND = 1000;

/** What is measured of one client. Paths are no attributes: every one of them would be a time series of its own. */
export class Instruments {
  private readonly duration: Histogram;
  private readonly stateChanges: Counter;
  private readonly gauges: readonly [ObservableGauge, (result: ObservableResult) => void][];
  private readonly subscription: { unsubscribe(): void };

  constructor(meter: Meter, client: ZkClient & { readonly metrics?: ClientMetrics }) {
    this.duration = meter.createHistogram('db.client.operation.duration', {
      unit: 's',
      description: 'Time from a call to its answer',
      advice: { explicitBucketBoundaries: DURATION_BOUNDARIES },
    });
    this.stateChanges = meter.createCounter('zookeeper.client.state_changes', {
      description: 'Changes of the state of the connection, by the new state',
    });
    const gauge = (name: string, description: string, read: () => number | undefined) => {
      const instrument = meter.createObservableGauge(`zookeeper.client.${name}`, { description });
      const observe = (result: ObservableResult): void => {
        const value = read();
        if (value !== undefined) result.observe(value);
      };
      instrument.addCallback(observe);
      return [instrument, observe] as [ObservableGauge, (result: ObservableResult) => void];
    };
    this.gauges = [
      gauge('connected', '1 while requests can reach a server that takes writes', () =>
        Number(isConnected(client.state)),
      ),
      gauge('outstanding', 'Requests on their way', () => client.metrics?.outstanding),
      gauge('waiting', 'Requests that wait to be sent', () => client.metrics?.waiting),
      gauge('watches', 'Watches that are set', () => client.metrics?.watches),
    ];
    let state: ConnectionState | undefined;
    this.subscription = client.state$.subscribe((next) => {
      if (state !== undefined) this.stateChanges.add(1, { 'zookeeper.client.state': next });
      state = next;
    });
  }

  finished({ op, error }: RequestTrace, durationMs: number): void {
    this.duration.record(durationMs / MS_PER_SECOND, {
      'db.system.name': 'zookeeper',
      'db.operation.name': op,
      ...(error === undefined ? {} : { 'error.type': error instanceof Error ? error.name : 'unknown' }),
    });
  }

  stop(): void {
    this.subscription.unsubscribe();
    for (const [gauge, observe] of this.gauges) gauge.removeCallback(observe);
  }
}
