import { rowsOf, type KeySpec } from '../key-spec.js';

const honoured = rowsOf('jvm', 'honoured');
const noEffect = rowsOf('jvm', 'no effect');

/** spec: operations, section 3. Apache reads these from the command line only; here the file may hold them too. */
export const JVM_KEYS: readonly KeySpec[] = [
  honoured('jute.maxbuffer', 'whole', {
    property: 'jute.maxbuffer',
    unit: 'bytes',
    min: 1,
    default: '1048575',
    meaning: 'Largest request, and largest field in a record.',
  }),
  honoured('jute.maxbuffer.extrasize', 'whole', {
    unit: 'bytes',
    min: 0,
    meaning: 'What strings and buffers read from disk may add to it; default: jute.maxbuffer, at least 1024.',
  }),
  rowsOf('jvm', 'ensemble')('readonlymode.enabled', 'flag', {
    property: 'readonlymode.enabled',
    default: 'false',
    meaning: 'Serve read-only clients without a quorum.',
  }),
  honoured('znode.container.checkIntervalMs', 'whole', {
    property: 'znode.container.checkIntervalMs',
    unit: 'ms',
    min: 1,
    default: '60000',
    meaning: 'How often empty containers and expired TTL znodes are looked for.',
  }),
  honoured('znode.container.maxPerMinute', 'whole', {
    property: 'znode.container.maxPerMinute',
    unit: 'znodes',
    min: 1,
    default: '10000',
    meaning: 'How many of them are deleted per minute.',
  }),
  honoured('znode.container.maxNeverUsedIntervalMs', 'whole', {
    property: 'znode.container.maxNeverUsedIntervalMs',
    unit: 'ms',
    min: 0,
    default: '0',
    meaning: 'Delete containers that never had a child after this time; 0: never.',
  }),
  noEffect('follower.nodelay', 'flag', {
    property: 'follower.nodelay',
    default: 'true',
    meaning: 'TCP_NODELAY on quorum links.',
  }),
  noEffect('leader.nodelay', 'flag', {
    property: 'leader.nodelay',
    default: 'true',
    meaning: 'TCP_NODELAY on quorum links.',
  }),
  noEffect('jmx.log4j.disable', 'flag', { default: 'false', meaning: 'Java management of logging.' }),
  noEffect('jmx.log4j.mbean', 'text', { meaning: 'Java management of logging.' }),
  honoured('java.security.auth.login.config', 'path', {
    property: 'java.security.auth.login.config',
    meaning: 'JAAS file; its section `Server` with a DigestLoginModule turns SASL DIGEST-MD5 on.',
  }),
];
