import { CHOICES, DEFAULT_METRICS } from '../choices.js';
import { rowsOf, type KeySpec } from '../key-spec.js';

const honoured = rowsOf('admin', 'honoured');
const noEffect = rowsOf('admin', 'no effect');
const unsupported = rowsOf('admin', 'unsupported');

/** spec: operations, sections 2.6 and 9.1. */
export const MONITORING_KEYS: readonly KeySpec[] = [
  honoured('metricsProvider.className', 'choice', {
    property: null,
    default: DEFAULT_METRICS,
    choices: CHOICES['metricsProvider.className'],
    meaning:
      'Who gets metrics. With the provider for Prometheus there is `/metrics` over HTTP; `mntr` has them with any of the three.',
  }),
  honoured('metricsProvider.httpHost', 'text', {
    property: null,
    default: '0.0.0.0',
    meaning: 'Address of `/metrics`.',
  }),
  honoured('metricsProvider.httpPort', 'port', {
    property: null,
    default: '7000',
    meaning: 'Port of `/metrics`; 0: any free one, which the log names.',
  }),
  honoured('metricsProvider.exportJvmInfo', 'flag', {
    property: null,
    default: 'true',
    meaning: 'Metrics of the process too: `process_*`, and `nodejs_*` in place of `jvm_*`.',
  }),
  noEffect('metricsProvider.numWorkerThreads', 'whole', {
    property: null,
    default: '1',
    meaning: 'Threads that add up summaries.',
  }),
  noEffect('metricsProvider.maxQueueSize', 'whole', {
    property: null,
    default: '1000000',
    meaning: 'Values that may wait for those threads.',
  }),
  noEffect('metricsProvider.workerShutdownTimeoutMs', 'whole', {
    property: null,
    unit: 'ms',
    default: '1000',
    meaning: 'Time those threads have to end.',
  }),
  unsupported('metricsProvider.*', 'text', { property: null, meaning: 'Settings of other providers.' }),
  honoured('audit.enable', 'flag', {
    default: 'false',
    meaning: 'Log every change that a client asks for, with its user, address and result.',
  }),
  honoured('audit.file', 'path', {
    property: null,
    meaning: 'File that the audit log is appended to; not in Apache ZooKeeper. Default: it is part of the log.',
  }),
  unsupported('audit.impl.class', 'text', {
    harmless: ['org.apache.zookeeper.audit.Slf4jAuditLogger'],
    meaning: 'Java class that writes the audit log.',
  }),
];
