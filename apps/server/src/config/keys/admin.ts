import { rowsOf, type KeySpec } from '../key-spec.js';

const honoured = rowsOf('admin', 'honoured');
const noEffect = rowsOf('admin', 'no effect');
const unsupported = rowsOf('admin', 'unsupported');

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
  unsupported('admin.enableServer', 'flag', {
    default: 'true',
    ours: 'false',
    why: 'There is no HTTP admin server in this version, so nothing takes port 8080.',
    harmless: ['false'],
    meaning: 'HTTP admin server.',
  }),
  unsupported('admin.serverAddress', 'text', { default: '0.0.0.0', meaning: 'Its address.' }),
  unsupported('admin.serverPort', 'port', { default: '8080', meaning: 'Its port.' }),
  unsupported('admin.idleTimeout', 'whole', {
    unit: 'ms',
    default: '30000',
    meaning: 'Idle connections are closed after this time.',
  }),
  unsupported('admin.commandURL', 'text', { default: '/commands', meaning: 'Path of the commands.' }),
  unsupported('admin.httpVersion', 'whole', { default: '11', meaning: 'HTTP version of TLS connectors.' }),
  unsupported('admin.portUnification', 'flag', {
    default: 'false',
    harmless: ['false'],
    meaning: 'HTTP and HTTPS on one port.',
  }),
  unsupported('admin.forceHttps', 'flag', { default: 'false', harmless: ['false'], meaning: 'HTTPS only.' }),
  unsupported('admin.needClientAuth', 'flag', {
    default: 'false',
    harmless: ['false'],
    meaning: 'Ask for client certificates.',
  }),
  unsupported('admin.rateLimiterIntervalInMS', 'whole', {
    unit: 'ms',
    default: '300000',
    meaning: 'Time between snapshot and restore commands.',
  }),
  unsupported('admin.snapshot.enabled', 'flag', { default: 'true', meaning: 'Allow the snapshot command.' }),
  unsupported('admin.restore.enabled', 'flag', { default: 'true', meaning: 'Allow the restore command.' }),
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
