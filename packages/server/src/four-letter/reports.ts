import { hex64, hexOf, hiOf, loOf } from '@zk/model';
import type { ClientConnection } from '../client-connection.js';
import type { LeadingView } from '../ensemble-view.js';
import { OP_ABBREVIATIONS } from './op-abbreviations.js';
import type { WordContext } from './context.js';
import { VERSION_LINE } from '../version.js';

/** Server summary: `srvr`. */
export function srvrReport(context: WordContext): string {
  return `${heading(context)}${summary(context)}`;
}

/** As `srvr`, with a line for each connection: `stat`. */
export function statReport(context: WordContext): string {
  const clients = [...context.server.connections].map((connection) => `${describe(connection)})\n`).join('');
  return `${heading(context)}Clients:\n${clients}\n${summary(context)}`;
}

function heading({ view }: WordContext): string {
  const readOnly = view?.mode === 'read-only' ? 'READ-ONLY mode; serving only read-only clients\n' : '';
  return `Zookeeper version: ${VERSION_LINE}\n${readOnly}`;
}

function summary({ server, view }: WordContext): string {
  const { latency } = server.pipeline;
  const { tree } = server.database;
  return [
    `Latency min/avg/max: ${Math.round(latency.minMs)}/${formatAverage(latency.averageMs)}/${Math.round(latency.maxMs)}`,
    `Received: ${server.stats.received}`,
    `Sent: ${server.stats.sent}`,
    `Connections: ${server.connections.size}`,
    `Outstanding: ${server.pipeline.inFlight}`,
    `Zxid: 0x${hexOf(tree.lastZxidHi, tree.lastZxidLo)}`,
    `Mode: ${view?.mode ?? 'standalone'}`,
    `Node count: ${tree.nodeCount}`,
    ...(view?.leading === undefined ? [] : [`Proposal sizes last/min/max: ${proposalSizes(view.leading)}`]),
    '',
  ].join('\n');
}

function proposalSizes({ proposalBytes: { last, min, max } }: LeadingView): string {
  return `${last}/${min}/${max}`;
}

/** At most four decimals, and at least one, as Java prints a double. */
export function formatAverage(value: number): string {
  const rounded = Math.round(value * 10_000) / 10_000;
  return Number.isInteger(rounded) ? `${rounded}.0` : String(rounded);
}

/** One line per connection: `cons`. */
export function consReport({ server }: WordContext): string {
  return `${[...server.connections].map((connection) => `${describe(connection)}${details(connection)})\n`).join('')}\n`;
}

function describe(connection: ClientConnection): string {
  const { client, transport } = connection;
  const interest = connection.interestOps.toString(16);
  const counts = `queued=${client.outstanding},recved=${client.received},sent=${client.outbox.framesWritten}`;
  return ` /${bracketed(transport.remoteAddress)}:${transport.remotePort}[${interest}](${counts}`;
}

function details({ client, establishedWallMs }: ClientConnection): string {
  const { session } = client;
  if (session === null) return '';
  const average = client.latencyCount === 0 ? 0 : Math.floor(client.latencySumMs / client.latencyCount);
  return [
    `,sid=0x${hexOf(session.idHi, session.idLo)}`,
    `lop=${OP_ABBREVIATIONS[client.lastOp] ?? 'NA'}`,
    `est=${establishedWallMs}`,
    `to=${client.timeoutMs}`,
    ...(client.lastXid >= 0 ? [`lcxid=0x${client.lastXid.toString(16)}`] : []),
    `lzxid=0x${hexOf(client.lastZxidHi, client.lastZxidLo)}`,
    `lresp=${Math.floor(client.lastResponseMs)}`,
    `llat=${Math.round(client.lastLatencyMs)}`,
    `minlat=${Math.round(Math.max(0, client.minLatencyMs))}`,
    `avglat=${average}`,
    `maxlat=${Math.round(client.maxLatencyMs)}`,
  ].join(',');
}

function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

/** Sessions, their ephemerals and the connections: `dump`. */
export function dumpReport(context: WordContext): string {
  const { server, clock, view } = context;
  const isLearner = view !== undefined && view.mode !== 'leader';
  const lines = ['SessionTracker dump:', ...(isLearner ? globalSessions(context) : sessionBuckets(context))];
  const { tree } = server.database;
  const owners = [...tree.ephemeralOwners()];
  lines.push('ephemeral nodes dump:', `Sessions with Ephemerals (${owners.length}):`);
  for (const owner of owners) {
    lines.push(`0x${hex64(owner)}:`);
    for (const node of tree.ephemeralsOf(hiOf(owner), loOf(owner)) ?? []) lines.push(`\t${tree.pathOf(node)}`);
  }
  const connections = [...server.connections];
  lines.push('Connections dump:', `Connections Sets (${connections.length > 0 ? 1 : 0})/(${connections.length}):`);
  if (connections.length > 0) {
    lines.push(`${connections.length} expire at ${javaDate(clock.wallMs() + server.options.sessionlessTimeoutMs)}:`);
    for (const { transport, client } of connections) {
      const id = client.session === null ? '0' : hexOf(client.session.idHi, client.session.idLo);
      lines.push(`\tip: /${bracketed(transport.remoteAddress)}:${transport.remotePort} sessionId: 0x${id}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

/** Whoever decides on the end of sessions knows when that is. */
function sessionBuckets({ server, clock }: WordContext): string[] {
  const offsetMs = clock.wallMs() - clock.monotonicMs();
  const buckets = server.sessions.bucketList();
  const lines = [`Session Sets (${buckets.length})/(${count(buckets.map((b) => b.sessions))}):`];
  for (const { expiryMs, sessions } of buckets) {
    lines.push(`${sessions.length} expire at ${javaDate(expiryMs + offsetMs)}:`);
    for (const { idHi, idLo } of sessions) lines.push(`\t0x${hexOf(idHi, idLo)}`);
  }
  return lines;
}

/** A learner knows of all sessions, and leaves their end to the leader. */
function globalSessions({ server }: WordContext): string[] {
  const sessions = [...server.database.sessions].sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    `Global Sessions(${sessions.length}):`,
    ...sessions.map(([id, timeoutMs]) => `0x${hex64(id)}\t${timeoutMs}ms`),
  ];
}

function count(lists: readonly (readonly unknown[])[]): number {
  return lists.reduce((sum, list) => sum + list.length, 0);
}

/** A time as Java's Date prints it in UTC: `Sat Jan 03 10:00:08 UTC 2026`. */
function javaDate(wallMs: number): string {
  const [weekday, day, month, year, time] = new Date(wallMs).toUTCString().replace(',', '').split(' ');
  return `${weekday} ${month} ${day} ${time} UTC ${year}`;
}
