export const DEFAULT_METRICS = 'org.apache.zookeeper.metrics.impl.DefaultMetricsProvider';
export const PROMETHEUS_METRICS = 'org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider';
export const NO_METRICS = 'org.apache.zookeeper.metrics.impl.NullMetricsProvider';

const CLIENT_AUTH = ['none', 'want', 'need'] as const;

/** What keys of the kind `choice` may be set to. Here rather than in their rows, so that each has a type of its own. */
export const CHOICES = {
  'DigestAuthenticationProvider.digestAlg': [
    'SHA1',
    'SHA-1',
    'SHA-224',
    'SHA-256',
    'SHA-384',
    'SHA-512',
    'SHA3-256',
    'SHA3-384',
    'SHA3-512',
    'MD5',
  ],
  'metricsProvider.className': [DEFAULT_METRICS, PROMETHEUS_METRICS, NO_METRICS],
  peerType: ['participant', 'observer'],
  'snapshot.compression.method': ['', 'checked', 'gz', 'snappy'],
  'ssl.clientAuth': CLIENT_AUTH,
  'ssl.quorum.clientAuth': CLIENT_AUTH,
} as const;

export type ChoiceKey = keyof typeof CHOICES;
export type ChoiceOf<K extends ChoiceKey> = (typeof CHOICES)[K][number];
