import { rowsOf, type KeySpec } from '../key-spec.js';

const honoured = rowsOf('basic', 'honoured');

/** spec: operations, section 2.1. */
export const BASIC_KEYS: readonly KeySpec[] = [
  honoured('dataDir', 'path', {
    property: null,
    meaning: 'Directory of snapshots (and of logs unless dataLogDir is set). Required.',
  }),
  honoured('dataLogDir', 'path', { property: null, meaning: 'Directory of transaction logs; default: dataDir.' }),
  honoured('clientPort', 'port', {
    property: null,
    ours: '2181',
    why: 'A server nobody can connect to helps nobody. 0 picks a free port.',
    meaning: 'TCP port for clients.',
  }),
  honoured('clientPortAddress', 'text', {
    property: null,
    meaning: 'Address to listen on; default: all addresses. Set to nothing: this machine only.',
  }),
  honoured('secureClientPort', 'port', {
    property: null,
    meaning: 'TLS port for clients; needs ssl.keyStore.location. Without clientPort there is no other port then.',
  }),
  honoured('secureClientPortAddress', 'text', {
    property: null,
    meaning: 'Address of the TLS port; default: all addresses. Set to nothing: this machine only.',
  }),
  honoured('webSocketPort', 'port', {
    property: null,
    meaning: 'Port for clients over WebSocket, browsers among them; not in Apache ZooKeeper. Default: none.',
  }),
  honoured('webSocketPortAddress', 'text', { property: null, meaning: 'Its address; default: all addresses.' }),
  honoured('webSocketPath', 'text', { property: null, default: '/', meaning: 'Path of its address.' }),
  honoured('webSocketAllowedOrigins', 'list', {
    property: null,
    meaning: 'Pages that may connect, such as https://console.example.org; `*`: all. Default: none.',
  }),
  honoured('webSocketAllowMissingOrigin', 'flag', {
    property: null,
    default: 'true',
    meaning: 'Let in what names no page: programs that are no browsers.',
  }),
  honoured('webSocketTls', 'flag', {
    property: null,
    default: 'false',
    meaning: 'wss: with the certificate of ssl.keyStore; clients are not asked for one.',
  }),
  honoured('tickTime', 'whole', {
    property: null,
    unit: 'ms',
    min: 1,
    default: '3000',
    meaning: 'Base unit of session timeouts.',
  }),
  honoured('minSessionTimeout', 'whole', {
    property: null,
    unit: 'ms',
    min: -1,
    default: '-1',
    meaning: 'Shortest session timeout granted; -1: twice tickTime.',
  }),
  honoured('maxSessionTimeout', 'whole', {
    property: null,
    unit: 'ms',
    min: -1,
    default: '-1',
    meaning: 'Longest session timeout granted; -1: twenty times tickTime.',
  }),
  honoured('maxClientCnxns', 'whole', {
    property: null,
    unit: 'connections',
    raisedTo: 0,
    default: '60',
    meaning: 'Connections from one address; 0 or less: no limit.',
  }),
  honoured('maxCnxns', 'whole', {
    unit: 'connections',
    raisedTo: 0,
    default: '0',
    meaning: 'Connections in all; 0 or less: no limit.',
  }),
  honoured('clientPortListenBacklog', 'whole', {
    property: null,
    unit: 'connections',
    min: -1,
    default: '-1',
    meaning: 'Connections the platform holds before they are accepted; -1: its default.',
  }),
  rowsOf('basic', 'no effect')('serverCnxnFactory', 'text', {
    default: 'org.apache.zookeeper.server.NIOServerCnxnFactory',
    meaning: 'Java class that serves connections.',
  }),
];
