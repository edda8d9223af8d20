import { rowsOf, type KeySpec } from '../key-spec.js';

const honoured = rowsOf('admin', 'honoured');
const noEffect = rowsOf('admin', 'no effect');

/** Four-letter words that read, cost little and show neither session ids nor the environment. */
export const HARMLESS_WORDS = 'srvr,ruok,isro,mntr,conf,stat,wchs,dirs';

/** spec: operations, section 2.6. */
export const ADMIN_KEYS: readonly KeySpec[] = [
  honoured('4lw.commands.whitelist', 'list', {
    default: '',
    ours: HARMLESS_WORDS,
    why: 'Probes expect ruok, stat and mntr to answer. Words that change something or list session ids stay off.',
    meaning: 'Four-letter words that are answered; `*`: all. srvr always is.',
  }),
  honoured('admin.enableServer', 'flag', {
    default: 'true',
    ours: 'false',
    why: 'Whoever reaches the port reads session ids and settings, and port 8080 is often taken: it is for those who ask for it.',
    meaning: 'HTTP admin server ([admin.md](admin.md)).',
  }),
  honoured('admin.serverAddress', 'text', { default: '0.0.0.0', meaning: 'Its address.' }),
  honoured('admin.serverPort', 'port', {
    default: '8080',
    meaning:
      'Its port; 0: any free one, which the log names. One that is taken is an error in the log, and the server goes on.',
  }),
  honoured('admin.idleTimeout', 'whole', {
    unit: 'ms',
    min: 1,
    default: '30000',
    meaning: 'Idle connections are closed after this time.',
  }),
  honoured('admin.commandURL', 'text', { default: '/commands', meaning: 'Path of the commands.' }),
  noEffect('admin.httpVersion', 'whole', {
    default: '11',
    harmless: ['11'],
    meaning: 'HTTP version of TLS connectors; it is 1.1 here.',
  }),
  honoured('admin.portUnification', 'flag', {
    default: 'false',
    meaning: 'HTTP and HTTPS on one port, with the certificates of `ssl.quorum.*`.',
  }),
  honoured('admin.forceHttps', 'flag', {
    default: 'false',
    meaning: 'HTTPS only, with the certificates of `ssl.quorum.*`.',
  }),
  honoured('admin.needClientAuth', 'flag', {
    default: 'false',
    meaning: 'A client must show a certificate that `ssl.quorum.trustStore.*` vouches for.',
  }),
  honoured('admin.rateLimiterIntervalInMS', 'whole', {
    unit: 'ms',
    default: '300000',
    meaning: 'Time between two snapshot commands, and between two restore commands.',
  }),
  honoured('admin.snapshot.enabled', 'flag', { default: 'true', meaning: 'Allow the snapshot command.' }),
  honoured('admin.restore.enabled', 'flag', { default: 'true', meaning: 'Allow the restore command.' }),
  noEffect('jvm.pause.monitor', 'boolean', {
    property: null,
    default: 'false',
    meaning: 'Log pauses of the Java virtual machine.',
  }),
  noEffect('jvm.pause.sleep.time.ms', 'whole', {
    property: null,
    unit: 'ms',
    default: '500',
    meaning: 'How often it looks.',
  }),
  noEffect('jvm.pause.info-threshold.ms', 'whole', {
    property: null,
    unit: 'ms',
    default: '1000',
    meaning: 'Pauses worth a line.',
  }),
  noEffect('jvm.pause.warn-threshold.ms', 'whole', {
    property: null,
    unit: 'ms',
    default: '10000',
    meaning: 'Pauses worth a warning.',
  }),
];
