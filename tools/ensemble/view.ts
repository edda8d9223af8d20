/** The status for people (a table, or one line for what has changed) and for programs (JSON). No I/O. */
import Table from 'cli-table3';
import { leaderOf, type ServerStatus } from './status.js';

const NOTHING = '-';
const HEAD = [
  'id',
  'server',
  'role',
  'state',
  'epoch',
  'zxid',
  'lag',
  'sessions',
  'clients',
  'latency',
  'pid',
  'ports',
];
const RIGHT = new Set(['id', 'epoch', 'zxid', 'lag', 'sessions', 'clients', 'latency', 'pid']);
const NAMES: Readonly<Record<string, string>> = { zk: 'zk', apache: 'Apache' };

/** One row per server. */
export function table(all: readonly ServerStatus[]): string {
  const rows = new Table({
    head: HEAD,
    style: { head: [], border: [], compact: true },
    chars: NO_LINES,
    colAligns: HEAD.map((name) => (RIGHT.has(name) ? 'right' : 'left')),
  });
  for (const server of all) rows.push(cells(server));
  return rows.toString().replaceAll(/ +$/gm, '');
}

function cells(server: ServerStatus): string[] {
  const { client, quorum, election } = server.ports;
  return [
    String(server.id),
    nameOf(server),
    server.role === 'none' ? NOTHING : server.role,
    server.state,
    shown(server.epoch),
    hex(server.zxid),
    server.role === 'leader' ? NOTHING : shown(server.lag),
    shown(server.sessions),
    shown(server.connections),
    server.latencyMs === undefined ? NOTHING : `${server.latencyMs.toFixed(1)} ms`,
    server.pid === 0 ? NOTHING : String(server.pid),
    `${client} ${quorum} ${election}`,
  ];
}

/** What is worth a line of its own when it changes; counters are not. */
export function signature({ role, state, epoch, pid }: ServerStatus): string {
  return [role, state, epoch, pid].join(' ');
}

/** One server on one line, for a log. */
export function line(server: ServerStatus): string {
  const { id, role, state, epoch, zxid, lag, pid, ports } = server;
  const where = `server.${id} ${nameOf(server)} on ${ports.client}`;
  if (zxid === undefined) return `${where}: ${state}${pid === 0 ? '' : `, pid ${pid}`}`;
  const behind = role === 'leader' || lag === undefined ? '' : `, lag ${lag}`;
  return `${where}: ${role}, ${state}, epoch ${epoch}, zxid ${hex(zxid)}${behind}, pid ${pid}`;
}

/** JSON-ready: zxids in hexadecimal, what is not known null. */
export function plain(all: readonly ServerStatus[]): object {
  const servers = all.map((server) => ({
    id: server.id,
    kind: server.kind,
    isObserver: server.isObserver,
    condition: server.condition,
    role: server.role,
    state: server.state,
    epoch: server.epoch ?? null,
    zxid: server.zxid === undefined ? null : hex(server.zxid),
    lag: server.lag ?? null,
    sessions: server.sessions ?? null,
    connections: server.connections ?? null,
    latencyMs: server.latencyMs ?? null,
    pid: server.pid,
    ports: server.ports,
  }));
  return { leader: leaderOf(all)?.id ?? null, connect: connectString(all), servers };
}

/** What a client is given. */
export function connectString(all: readonly Pick<ServerStatus, 'ports'>[]): string {
  return all.map(({ ports }) => `127.0.0.1:${ports.client}`).join(',');
}

function nameOf({ kind, isObserver }: ServerStatus): string {
  return `${NAMES[kind] ?? kind}${isObserver ? ' (observer)' : ''}`;
}

function shown(value: number | undefined): string {
  return value === undefined ? NOTHING : String(value);
}

function hex(zxid: bigint | undefined): string {
  return zxid === undefined ? NOTHING : `0x${zxid.toString(16)}`;
}

const NO_LINES = Object.fromEntries(
  ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right']
    .concat(['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'])
    .map((place) => [place, '']),
);
