import { CHOICES } from '../choices.js';
import { rowsOf, type KeySpec } from '../key-spec.js';

const honoured = rowsOf('storage', 'honoured');
const noEffect = rowsOf('storage', 'no effect');

/** spec: operations, section 2.3. */
export const STORAGE_KEYS: readonly KeySpec[] = [
  honoured('snapCount', 'whole', {
    unit: 'txns',
    min: 0,
    raisedTo: 2,
    default: '100000',
    meaning:
      'Transactions after which a snapshot is taken (between half of it and all of it; up to ten times under full load).',
  }),
  honoured('snapSizeLimitInKb', 'whole', {
    unit: 'KiB',
    default: '4194304',
    meaning: 'Log size after which a snapshot is taken; 0 or less: off.',
  }),
  honoured('txnLogSizeLimitInKb', 'whole', {
    unit: 'KiB',
    default: '-1',
    meaning: 'Log size at which the next log file begins; 0 or less: off.',
  }),
  honoured('preAllocSize', 'whole', {
    unit: 'KiB',
    min: 0,
    default: '65536',
    meaning: 'Step in which a log file grows.',
  }),
  honoured('forceSync', 'yes-no', {
    default: 'yes',
    meaning: 'no: acknowledge writes that are not yet on disk. A crash of the machine then loses them.',
  }),
  honoured('fsync.warningthresholdms', 'whole', {
    otherProperties: ['fsync.warningthresholdms'],
    unit: 'ms',
    min: 0,
    default: '1000',
    meaning: 'A sync of the log that takes longer is logged and counted.',
  }),
  honoured('snapshot.compression.method', 'choice', {
    choices: CHOICES['snapshot.compression.method'],
    default: '',
    meaning: 'Compression of snapshots; empty: none.',
  }),
  honoured('snapshot.trust.empty', 'flag', { default: 'false', meaning: 'Accept logs without any snapshot.' }),
  honoured('datadir.autocreate', 'flag', { default: 'true', meaning: 'Create missing data directories.' }),
  rowsOf('storage', 'ensemble')('db.autocreate', 'flag', {
    default: 'true',
    meaning:
      'Whether a server may vote with an empty database. false: only with the file initialize in dataLogDir, once.',
  }),
  honoured('autopurge.snapRetainCount', 'whole', {
    property: null,
    unit: 'snapshots',
    min: 0,
    raisedTo: 3,
    default: '3',
    meaning: 'Snapshots kept by the purge.',
  }),
  honoured('autopurge.purgeInterval', 'duration', {
    property: null,
    unit: 'hours',
    default: '0',
    ours: '1',
    why: 'Without the purge, old snapshots and logs fill the disk.',
    meaning: 'Time between purges, in hours or with a unit (d, h, m, s, ms); 0 or less: never.',
  }),
  noEffect('flushDelay', 'whole', {
    unit: 'ms',
    min: 0,
    default: '0',
    meaning: 'Wait before a sync, to gather more writes.',
  }),
  noEffect('maxWriteQueuePollTime', 'whole', {
    unit: 'ms',
    min: 0,
    meaning: 'Wait for more writes; default: a third of flushDelay.',
  }),
  noEffect('maxBatchSize', 'whole', { unit: 'requests', min: 0, default: '1000', meaning: 'Writes per sync.' }),
  honoured('digest.enabled', 'flag', {
    default: 'true',
    meaning: 'Keep a digest of the tree, store it with transactions and compare it on replay.',
  }),
  honoured('closeSessionTxn.enabled', 'flag', {
    default: 'true',
    meaning: 'Name the deleted znodes in the transaction that closes a session.',
  }),
  honoured('serializeLastProcessedZxid.enabled', 'flag', {
    default: 'true',
    meaning: 'Store the last zxid at the end of a snapshot.',
  }),
];
