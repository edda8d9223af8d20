import { PROMETHEUS_METRICS } from './choices.js';
import type { SettingReader } from './setting-reader.js';

/** Where Prometheus finds the metrics. */
export interface MetricsConfig {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Whether metrics of the process are there too. */
  readonly exportsProcess: boolean;
}

/** undefined: nobody asked for an endpoint. */
export function metricsConfig(reader: SettingReader): MetricsConfig | undefined {
  if (reader.choice('metricsProvider.className') !== PROMETHEUS_METRICS) return undefined;
  return {
    host: reader.text('metricsProvider.httpHost') ?? '0.0.0.0',
    port: reader.port('metricsProvider.httpPort'),
    exportsProcess: reader.boolean('metricsProvider.exportJvmInfo'),
  };
}
