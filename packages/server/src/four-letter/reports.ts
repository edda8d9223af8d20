import { hex64, hexOf } from '@zk/model';
import type { LeadingView } from '../ensemble-view.js';
import type { Inspection } from '../inspection.js';
import { type ConnectedSession, type ConnectionFacts, connectionFacts } from './connection-facts.js';
import { ephemeralsByOwner, expiringSessions } from './session-facts.js';
import { VERSION_LINE } from '../version.js';

/** Server summary: `srvr`. */
export function srvrReport(context: Inspection): string {
  return `${heading(context)}${summary(context)}`;
}

/** As `srvr`, with a line for each connection: `stat`. */
export function statReport(context: Inspection): string {
  const clients = connectionsOf(context).map((connection) => `${describe(connection)})\n`);
  return `${heading(context)}Clients:\n${clients.join('')}\n${summary(context)}`;
}

function heading({ view }: Inspection): string {
  const readOnly = view?.mode === 'read-only' ? 'READ-ONLY mode; serving only read-only clients\n' : '';
  return `Zookeeper version: ${VERSION_LINE}\n${readOnly}`;
}

function summary({ server, view }: Inspection): string {
  const { latency } = server.latencies;
  const { tree } = server.database;
  return [
    `Latency min/avg/max: ${Math.round(latency.minMs)}/${formatAverage(latency.averageMs)}/${Math.round(latency.maxMs)}`,
    `Received: ${server.stats.received}`,
    `Sent: ${server.stats.sent}`,
    `Connections: ${server.connections.size}`,
    `Outstanding: ${server.pipeline?.inFlight ?? 0}`,
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
export function consReport(context: Inspection): string {
  const lines = connectionsOf(context).map(
    (connection) => `${describe(connection)}${connection.session === undefined ? '' : details(connection.session)})\n`,
  );
  return `${lines.join('')}\n`;
}

function connectionsOf({ server }: Inspection): readonly ConnectionFacts[] {
  return [...server.connections].map(connectionFacts);
}

function describe({ remote, interestOps, outstanding, received, sent }: ConnectionFacts): string {
  return ` /${remote}[${interestOps.toString(16)}](queued=${outstanding},recved=${received},sent=${sent}`;
}

function details(session: ConnectedSession): string {
  return [
    `,sid=0x${hex64(session.id)}`,
    `lop=${session.lastOperation}`,
    `est=${session.establishedWallMs}`,
    `to=${session.timeoutMs}`,
    ...(session.lastCxid >= 0 ? [`lcxid=0x${session.lastCxid.toString(16)}`] : []),
    `lzxid=0x${hex64(session.lastZxid)}`,
    `lresp=${session.lastResponseMs}`,
    `llat=${session.lastLatencyMs}`,
    `minlat=${session.minLatencyMs}`,
    `avglat=${session.averageLatencyMs}`,
    `maxlat=${session.maxLatencyMs}`,
  ].join(',');
}

/** Sessions, their ephemerals and the connections: `dump`. */
export function dumpReport(context: Inspection): string {
  const { view } = context;
  const isLearner = view !== undefined && view.mode !== 'leader';
  const lines = [
    'SessionTracker dump:',
    ...(isLearner ? globalSessions(context) : sessionBuckets(context)),
    'ephemeral nodes dump:',
    ...ephemeralLines(context),
    'Connections dump:',
    ...connectionLines(context),
  ];
  return `${lines.join('\n')}\n`;
}

function ephemeralLines(context: Inspection): string[] {
  const byOwner = [...ephemeralsByOwner(context)];
  return [
    `Sessions with Ephemerals (${byOwner.length}):`,
    ...byOwner.flatMap(([owner, paths]) => [`0x${hex64(owner)}:`, ...paths.map((path) => `\t${path}`)]),
  ];
}

/** All in one set, as if each had been heard of just now. */
function connectionLines(context: Inspection): string[] {
  const connections = connectionsOf(context);
  const { length } = connections;
  if (length === 0) return ['Connections Sets (0)/(0):'];
  const { server, clock } = context;
  return [
    `Connections Sets (1)/(${length}):`,
    `${length} expire at ${javaDate(clock.wallMs() + server.options.sessionlessTimeoutMs)}:`,
    ...connections.map(({ remote, session }) => `\tip: /${remote} sessionId: 0x${hex64(session?.id ?? 0n)}`),
  ];
}

/** Whoever decides on the end of sessions knows when that is. */
function sessionBuckets(context: Inspection): string[] {
  const { clock } = context;
  const offsetMs = clock.wallMs() - clock.monotonicMs();
  const buckets = expiringSessions(context);
  const lines = [`Session Sets (${buckets.length})/(${buckets.reduce((sum, { ids }) => sum + ids.length, 0)}):`];
  for (const { expiryMs, ids } of buckets) {
    lines.push(`${ids.length} expire at ${javaDate(expiryMs + offsetMs)}:`, ...ids.map((id) => `\t0x${hex64(id)}`));
  }
  return lines;
}

/** A learner knows of all sessions, and leaves their end to the leader. */
function globalSessions({ server }: Inspection): string[] {
  const sessions = [...server.database.sessions].sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    `Global Sessions(${sessions.length}):`,
    ...sessions.map(([id, timeoutMs]) => `0x${hex64(id)}\t${timeoutMs}ms`),
  ];
}

/** A time as Java's Date prints it in UTC: `Sat Jan 03 10:00:08 UTC 2026`. */
function javaDate(wallMs: number): string {
  const [weekday, day, month, year, time] = new Date(wallMs).toUTCString().replace(',', '').split(' ');
  return `${weekday} ${month} ${day} ${time} UTC ${year}`;
}
