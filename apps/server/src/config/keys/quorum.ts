import { CHOICES } from '../choices.js';
import { rowsOf, type KeySpec } from '../key-spec.js';

const honoured = rowsOf('quorum', 'honoured');
const ensemble = rowsOf('quorum', 'ensemble');
const noEffect = rowsOf('quorum', 'no effect');
const unsupported = rowsOf('quorum', 'unsupported');

/** spec: operations, section 2.2. */
export const QUORUM_KEYS: readonly KeySpec[] = [
  honoured('server.*', 'text', {
    property: null,
    meaning:
      'A member: `host:quorumPort:electionPort[|host:…][:participant|:observer][;[clientHost:]clientPort]`. One ' +
      'participant alone runs standalone.',
  }),
  ensemble('group.*', 'text', { property: null, meaning: 'Members of a group, for hierarchical quorums.' }),
  ensemble('weight.*', 'text', { property: null, meaning: 'Weight of a member, for hierarchical quorums.' }),
  honoured('dynamicConfigFile', 'path', {
    property: null,
    meaning: 'File with the member lines; then none may stand in this one. The end of its name is their version.',
  }),
  ensemble('initLimit', 'whole', {
    property: null,
    unit: 'ticks',
    min: 0,
    meaning: 'Time for a learner to connect and synchronize. An ensemble needs it.',
  }),
  ensemble('syncLimit', 'whole', {
    property: null,
    unit: 'ticks',
    min: 0,
    meaning: 'How far a learner may lag. An ensemble needs it.',
  }),
  ensemble('connectToLearnerMasterLimit', 'whole', {
    property: null,
    unit: 'ticks',
    min: 0,
    default: '0',
    meaning: 'Time for a learner to connect; 0: initLimit.',
  }),
  ensemble('electionAlg', 'whole', {
    property: null,
    min: 3,
    max: 3,
    default: '3',
    meaning: 'Election algorithm; only 3 exists.',
  }),
  ensemble('peerType', 'choice', {
    property: null,
    choices: CHOICES.peerType,
    default: 'participant',
    meaning: 'Role of this server; the member list counts, and a difference is a warning.',
  }),
  ensemble('leaderServes', 'yes-no', { default: 'yes', meaning: 'Whether the leader serves clients.' }),
  ensemble('quorumListenOnAllIPs', 'boolean', {
    property: null,
    default: 'false',
    meaning: 'Bind quorum ports on all addresses.',
  }),
  ensemble('cnxTimeout', 'whole', { unit: 'ms', min: 0, default: '5000', meaning: 'Election connection timeout.' }),
  ensemble('quorumCnxnTimeoutMs', 'whole', {
    unit: 'ms',
    min: -1,
    default: '-1',
    meaning: 'How long who connects to the election port may take to say who it is; -1: syncLimit ticks.',
  }),
  ensemble('electionPortBindRetry', 'whole', {
    min: 0,
    default: '3',
    meaning: 'Attempts to bind the election port, a second apart, before the server ends; 0: for ever.',
  }),
  ensemble('observerMasterPort', 'port', {
    property: null,
    default: '0',
    meaning: 'Port where followers serve observers.',
  }),
  honoured('standaloneEnabled', 'boolean', {
    property: null,
    default: 'true',
    meaning: 'Whether one participant alone runs standalone. false: as an ensemble of one, which can grow.',
  }),
  ensemble('reconfigEnabled', 'boolean', {
    property: null,
    default: 'false',
    meaning: 'Allow reconfiguration, and keep the member lines in a dynamic file.',
  }),
  ensemble('oraclePath', 'path', {
    property: null,
    meaning: 'File that lets one of two voters go on alone: its first byte is 1 when the other one is lost.',
  }),
  ensemble('syncEnabled', 'boolean', {
    property: 'zookeeper.observer.syncEnabled',
    default: 'true',
    meaning: 'Observers keep logs and snapshots.',
  }),
  ensemble('localSessionsEnabled', 'boolean', {
    property: null,
    default: 'false',
    meaning: 'Sessions known to one server only.',
  }),
  ensemble('localSessionsUpgradingEnabled', 'boolean', {
    property: null,
    default: 'false',
    meaning: 'Local sessions may become global.',
  }),
  ensemble('multiAddress.enabled', 'boolean', { default: 'false', meaning: 'Several addresses per member.' }),
  ensemble('multiAddress.reachabilityCheckEnabled', 'flag', {
    default: 'true',
    meaning:
      'Of several addresses of a member, take the one that answers first, and another when it no longer answers. false: ' +
      'the first, and the next when that fails.',
  }),
  ensemble('multiAddress.reachabilityCheckTimeoutMs', 'whole', {
    unit: 'ms',
    min: 0,
    default: '1000',
    meaning: 'How long the address in use may take to answer when it is checked.',
  }),
  ensemble('tcpKeepAlive', 'flag', { default: 'false', meaning: 'Keep-alive on election sockets.' }),
  ensemble('fastleader.minNotificationInterval', 'whole', {
    unit: 'ms',
    min: 0,
    default: '200',
    meaning: 'Shortest wait between notifications.',
  }),
  ensemble('fastleader.maxNotificationInterval', 'whole', {
    unit: 'ms',
    min: 0,
    default: '60000',
    meaning: 'Longest wait between notifications.',
  }),
  ensemble('leader.maxTimeToWaitForEpoch', 'whole', {
    unit: 'ms',
    min: -1,
    default: '-1',
    meaning: 'How long a voter waits for an epoch.',
  }),
  noEffect('leader.ackLoggingFrequency', 'whole', {
    unit: 'txns',
    min: 0,
    default: '1000',
    meaning: 'Sampling of acknowledgement latencies.',
  }),
  ensemble('leaderConnectDelayDuringRetryMs', 'whole', {
    unit: 'ms',
    min: 0,
    default: '100',
    meaning: 'Pause between attempts to reach the leader.',
  }),
  ensemble('leader.maxConcurrentSnapSyncs', 'whole', {
    min: 1,
    default: '10',
    meaning: 'Learners that get a snapshot at a time; an observer beyond them has to come back later.',
  }),
  ensemble('leader.maxConcurrentDiffSyncs', 'whole', {
    min: 1,
    default: '100',
    meaning: 'Learners that get transactions at a time; an observer beyond them has to come back later.',
  }),
  ensemble('forceSnapshotSync', 'flag', { default: 'false', meaning: 'Always send snapshots to learners.' }),
  noEffect('learner.closeSocketAsync', 'flag', {
    otherProperties: ['learner.closeSocketAsync'],
    default: 'false',
    meaning: 'Close quorum sockets in the background.',
  }),
  noEffect('leader.closeSocketAsync', 'flag', {
    otherProperties: ['leader.closeSocketAsync'],
    default: 'false',
    meaning: 'Close learner sockets in the background.',
  }),
  noEffect('learner.asyncSending', 'flag', {
    otherProperties: ['learner.asyncSending'],
    default: 'false',
    meaning: 'Send to the leader in the background.',
  }),
  ensemble('observer.reconnectDelayMs', 'whole', {
    unit: 'ms',
    min: 0,
    default: '0',
    meaning: 'Pause before an observer reconnects.',
  }),
  ensemble('observer.election.DelayMs', 'whole', {
    unit: 'ms',
    min: 0,
    default: '200',
    meaning: 'Pause before an observer looks for a leader.',
  }),
  ensemble('observerMaster.sizeLimit', 'whole', {
    unit: 'bytes',
    min: 0,
    default: '33554432',
    meaning: 'Commits queued for observers.',
  }),
  ensemble('commitLogCount', 'whole', {
    unit: 'txns',
    min: 0,
    default: '500',
    meaning: 'Proposals kept in memory for learners.',
  }),
  ensemble('snapshotSizeFactor', 'ratio', {
    min: -1,
    default: '0.33',
    ours: '1',
    why:
      'Sending transactions from the log is cheaper than making a snapshot. Where the key is not set, up to 256 MiB of log ' +
      'are sent in any case.',
    meaning:
      'A learner gets transactions as long as the log it misses is shorter than this part of a snapshot; 0: however long ' +
      'it is, -1: never.',
  }),
  noEffect('follower.skipLearnerRequestToNextProcessor', 'flag', {
    default: 'false',
    meaning: 'Shorter path for forwarded requests.',
  }),
  noEffect('forward_learner_requests_to_commit_processor_disabled', 'flag', {
    default: 'false',
    meaning: 'Shorter path for forwarded requests.',
  }),
  noEffect('quorum.cnxn.threads.size', 'whole', {
    property: null,
    unit: 'threads',
    min: 0,
    default: '20',
    meaning: 'Threads for quorum authentication.',
  }),
  ensemble('quorum.auth.enableSasl', 'boolean', { property: null, default: 'false', meaning: 'SASL between members.' }),
  ensemble('quorum.auth.learnerRequireSasl', 'boolean', {
    property: null,
    default: 'false',
    meaning: 'Learners insist on SASL.',
  }),
  ensemble('quorum.auth.serverRequireSasl', 'boolean', {
    property: null,
    default: 'false',
    meaning: 'Servers insist on SASL.',
  }),
  ensemble('quorum.auth.learner.saslLoginContext', 'text', {
    property: null,
    default: 'QuorumLearner',
    meaning: 'JAAS section of learners.',
  }),
  ensemble('quorum.auth.server.saslLoginContext', 'text', {
    property: null,
    default: 'QuorumServer',
    meaning: 'JAAS section of servers.',
  }),
  unsupported('quorum.auth.kerberos.servicePrincipal', 'text', {
    property: null,
    default: 'zkquorum/localhost',
    meaning: 'Kerberos principal of members.',
  }),
  unsupported('kerberos.canonicalizeHostNames', 'flag', {
    default: 'false',
    meaning: 'Canonical host names for Kerberos.',
  }),
  ensemble('version', 'text', { property: null, meaning: 'Version of the dynamic configuration.' }),
];
