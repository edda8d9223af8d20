/** The admin server: ours and Apache's side by side, after the same history, asked for everything. */
import type { EnsembleProcesses } from '../lib/ensemble-processes.ts';
import { freePort } from '../lib/launch.ts';
import type { ServerKind } from '../lib/launch.ts';
import { RawClient } from '../lib/raw-client.ts';
import { ByteReader, ByteWriter, CreateFlag, Op, body } from '../lib/wire.ts';
import { COMMANDS, OPEN_COMMANDS, SAME_ANSWERS, ask, textOf } from './admin/commands.ts';
import { overTls } from './admin/https.ts';
import { shapeOf } from './admin/shape.ts';
import { must } from './disk/changes.ts';
import { startLedByLast } from './ensemble/members.ts';
import type { Seat } from './ensemble/members.ts';
import type { PeerReport } from './harness.ts';
import { installApache } from './install.ts';
import { listening } from './listening.ts';
import type { Peer, PeerContext } from './peers.ts';
import { SUPER_AUTH, startServer } from './server.ts';
import type { TestedServer } from './server.ts';

const SUPER = `digest ${SUPER_AUTH}`;
/** Digests are kept of every 128th transaction. */
const WRITES = 130;

/** `mntr` of ours has it, too; Apache's has it in `server_stats` alone. */
const OURS_ALONE: readonly string[] = ['fsync_threshold_exceed_count:int'];

/** The tested server and Apache's, by the ports of their admin servers. */
interface Pair {
  readonly ours: number;
  readonly apaches: number;
}

export const admin: Peer = {
  name: 'admin',
  title: 'the admin server, beside that of Apache ZooKeeper 3.9.5',
  startsItsOwn: true,
  notOnEnsembles: 'it starts ensembles itself',
  install: async () => {
    await installApache();
    return async (context) => {
      await Promise.all([alone(context), inEnsembles(context)]);
      await overTls(context);
    };
  },
};

function settings(port: number): Readonly<Record<string, string | number>> {
  return {
    'admin.enableServer': 'true',
    'admin.serverAddress': '127.0.0.1',
    'admin.serverPort': port,
    'admin.rateLimiterIntervalInMS': 0,
  };
}

// ---- servers on their own

async function alone({ report, against }: PeerContext): Promise<void> {
  const pair = { ours: await freePort(), apaches: await freePort() };
  const [ours, apaches] = await Promise.all([
    startServer(against, { settings: settings(pair.ours) }),
    startServer('apache', { settings: settings(pair.apaches) }),
  ]);
  await Promise.all([listening(pair.ours), listening(pair.apaches)]);
  const clients = await Promise.all([history(ours), history(apaches)]);
  await sameShapes(report, pair, 'alone');
  await openShapes(report, pair, 'alone');
  await sameAnswers(report, pair);
  await sameValues(report, pair);
  await exactIds(report, pair.ours, clients[0]);
  for (const client of clients) client.destroy();
  await exchange(report, pair, { ours, apaches });
  await Promise.all([ours.stop(), apaches.stop()]);
}

/** A session with an ephemeral, watches, and enough writes for a digest to be kept. */
async function history(server: TestedServer): Promise<RawClient> {
  const client = await RawClient.open({ port: portOf(server), timeoutMs: 30_000 });
  client.keepAlive(1000);
  const watch = (path: string): Buffer => Buffer.concat([new ByteWriter().string(path).take(), Buffer.from([1])]);
  await must(client, Op.create, body.create('/ephemeral', Buffer.from('e'), CreateFlag.ephemeral));
  await must(client, Op.create, body.create('/kept', Buffer.from('k')));
  const writes = Array.from({ length: WRITES }, () =>
    client.request(Op.setData, body.setData('/kept', Buffer.from('changed'), -1)),
  );
  await Promise.all(writes);
  await must(client, Op.getData, watch('/kept'));
  await must(client, Op.getData, watch('/ephemeral'));
  return client;
}

function portOf({ address }: TestedServer): number {
  return Number(address.split(':')[1]);
}

async function sameShapes(report: PeerReport, pair: Pair, where: string): Promise<void> {
  for (const name of COMMANDS.flat()) {
    const [ours, apaches] = await Promise.all([textOf(pair.ours, name), textOf(pair.apaches, name)]);
    report.equal(
      `${name} has the keys and types of Apache's (${where})`,
      lines(shapeOf(ours)),
      lines(shapeOf(apaches)),
    );
  }
}

/** One key a line, so that a difference is named. */
function lines(shape: string): string {
  return shape.replaceAll(',', ',\n');
}

/** Apache has more metrics and properties; what both have is of the same type. */
async function openShapes(report: PeerReport, pair: Pair, where: string): Promise<void> {
  for (const name of OPEN_COMMANDS.flat()) {
    const [ours, apaches] = (await Promise.all([pair.ours, pair.apaches].map((port) => textOf(port, name)))).map(
      (text) => shapeOf(text).slice(1, -1).split(','),
    );
    const known = new Set([...(apaches ?? []), ...OURS_ALONE]);
    const unknown = (ours ?? []).filter((key) => !known.has(key));
    report.equal(`${name} has nothing that Apache's does not have (${where})`, unknown.join('\n'), '');
    report.check(`${name} has most of what Apache's has`, (ours ?? []).length > 15, `${ours?.length} keys`);
  }
}

async function sameAnswers(report: PeerReport, pair: Pair): Promise<void> {
  for (const [method, path, authorization] of SAME_ANSWERS) {
    const [ours, apaches] = await Promise.all(
      [pair.ours, pair.apaches].map((port) => ask({ port, path, method, authorization })),
    );
    if (ours === undefined || apaches === undefined) continue;
    const given = authorization === undefined ? '' : ` with Authorization "${authorization}"`;
    const sentence = `${method} ${path === '' ? 'the index' : path}${given} has the answer of Apache's`;
    report.equal(sentence, `${ours.status}\n${ours.body.toString()}`, `${apaches.status}\n${apaches.body.toString()}`);
  }
  const refused = await Promise.all(
    (['TRACE', 'PUT', 'DELETE'] as const).map((method) => ask({ port: pair.ours, path: 'ruok', method })),
  );
  report.equal('TRACE, PUT and DELETE are refused', refused.map(({ status }) => status).join(), '405,405,405');
}

/** Fields that the history decides. */
async function sameValues(report: PeerReport, pair: Pair): Promise<void> {
  const fields: readonly (readonly [command: string, field: RegExp])[] = [
    ['conf', /"(tick_time|(min|max)_session_timeout|max_client_cnxns|server_id|client_port_listen_backlog)" : .*/g],
    ['srvr', /"(server_state|last_processed_zxid|num_alive_client_connections|node_count|read_only)" : .*/g],
    ['hash', /"(zxid|digest_version)" : .*/g],
    ['dump', /"\/ephemeral"/g],
    ['wchc', /"\/\w+"/g],
    ['lsnp', /"zxid" : .*/g],
    ['mntr', /"(znode_count|watch_count|ephemerals_count|global_sessions|num_alive_connections)" : .*/g],
  ];
  for (const [command, field] of fields) {
    const [ours = '', apaches = ''] = await Promise.all([pair.ours, pair.apaches].map((port) => textOf(port, command)));
    const found = (text: string): string => (text.match(field) ?? []).sort().join('\n');
    report.check(`${command} says something of the history`, found(apaches) !== '');
    report.equal(`${command} has the values of Apache's`, found(ours), found(apaches));
  }
}

async function exactIds(report: PeerReport, port: number, { sessionId }: RawClient): Promise<void> {
  for (const command of ['cons', 'dump', 'wchc', 'wchp']) {
    const text = await textOf(port, command);
    report.check(`${command} shows the session id to its last digit`, text.includes(String(sessionId)), text);
  }
}

/** What one server gives away, the other takes. */
async function exchange(report: PeerReport, pair: Pair, servers: Record<keyof Pair, TestedServer>): Promise<void> {
  const ways = [
    ['apaches', 'ours'],
    ['ours', 'apaches'],
  ] as const;
  for (const [from, to] of ways) {
    const sentence = `what ${from === 'ours' ? 'ours' : "Apache's"} gives away, ${to === 'ours' ? 'ours' : "Apache's"} takes`;
    const given = await ask({ port: pair[from], path: 'snapshot', authorization: SUPER });
    const { status, type, headers, body: bytes } = given;
    const facts = [status, type, String(headers['snapshot_size'] === String(bytes.length))].join();
    report.equal(`${sentence}: a snapshot of the size it says`, facts, '200,application/octet-stream,true');
    const client = await RawClient.open({ port: portOf(servers[to]), timeoutMs: 30_000 });
    await must(client, Op.setData, body.setData('/kept', Buffer.from('to be forgotten'), -1));
    client.destroy();
    const restored = await ask({
      port: pair[to],
      path: 'restore',
      method: 'POST',
      authorization: SUPER,
      body: bytes,
    });
    const zxid = BigInt(String(headers['last_zxid']));
    report.equal(
      `${sentence}: it says which zxid it has`,
      restored.body.toString(),
      `{\n  "last_zxid" : ${zxid},\n  "command" : "restore",\n  "error" : null\n}`,
    );
    report.equal(`${sentence}: clients read it`, await valueOf(portOf(servers[to]), '/kept'), 'changed');
  }
  const damaged = await ask({
    port: pair.ours,
    path: 'restore',
    method: 'POST',
    authorization: SUPER,
    body: Buffer.from('no snapshot at all, of whatever length'),
  });
  report.equal('a snapshot that is none is refused', String(damaged.status), '500');
  report.equal('and nothing has changed', await valueOf(portOf(servers.ours), '/kept'), 'changed');
}

async function valueOf(port: number, path: string): Promise<string> {
  const client = await RawClient.open({ port, timeoutMs: 30_000 });
  const request = Buffer.concat([new ByteWriter().string(path).take(), Buffer.from([0])]);
  const value = new ByteReader(await must(client, Op.getData, request)).bytes();
  await client.close();
  return value?.toString('utf8') ?? '';
}

// ---- ensembles: an observer, a follower, a leader

async function inEnsembles({ report, against }: PeerContext): Promise<void> {
  const [ours, apaches] = await Promise.all([startTrio(against), startTrio('apache')]);
  for (const [index, role] of ['observer', 'follower', 'leader'].entries()) {
    const pair = { ours: ours.ports[index] ?? 0, apaches: apaches.ports[index] ?? 0 };
    await sameShapes(report, pair, role);
    await openShapes(report, pair, role);
    const [mine = '', theirs = ''] = await Promise.all(
      [pair.ours, pair.apaches].map(
        async (port) => `${await textOf(port, 'lead')}${roleLines(await textOf(port, 'zabstate'))}`,
      ),
    );
    report.equal(`the ${role} says who leads, and what it is itself`, mine, theirs);
  }
  await Promise.all([ours.ensemble.dispose(), apaches.ensemble.dispose()]);
}

function roleLines(zabstate: string): string {
  return (zabstate.match(/"(myid|is_leader|voting|zabstate)" : .*/g) ?? []).join('\n');
}

async function startTrio(make: ServerKind): Promise<{ ensemble: EnsembleProcesses; ports: readonly number[] }> {
  const ports = [await freePort(), await freePort(), await freePort()];
  const seats: Seat[] = ports.map((port, index) => ({ make, isObserver: index === 0, config: settings(port) }));
  const ensemble = await startLedByLast(seats);
  await Promise.all(ports.map(listening));
  return { ensemble, ports };
}
