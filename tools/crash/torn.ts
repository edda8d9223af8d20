/**
 * A crash in the middle of an append, at every byte: the log is cut inside its last record, once by ending the file
 * there (a file that grew) and once by zeroes (a file that was allocated ahead). Such a record was never acknowledged:
 * the server must start, without it and with all before it, and what it then writes must survive the next restart.
 */
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import {
  launch,
  LaunchError,
  removeDirectory,
  temporaryDirectory,
  type RunningServer,
  type ServerKind,
} from '../lib/launch.js';
import { RawClient } from '../lib/raw-client.js';
import { progress, type Checks } from '../lib/report.js';
import { lastEntries, type LogEntry } from '../lib/txn-log.js';
import { body, Op } from '../lib/wire.js';
import { zxidOf } from './kill-rounds.js';
import { fourLetterWord } from '../lib/launch.js';
import { readSubtree } from './tree-reader.js';

export interface TornSettings {
  readonly kind: ServerKind;
  readonly step: number;
}

type LastWrite = 'create' | 'multi' | 'setData';

interface Prepared {
  readonly directory: string;
  readonly file: string;
  readonly last: LogEntry;
  readonly before: LogEntry;
  /** The state without and with the last record. */
  readonly without: readonly string[];
  readonly complete: readonly string[];
}

const config = { preAllocSize: 16, tickTime: 200 };

export async function runTorn(settings: TornSettings, checks: Checks): Promise<{ cuts: number }> {
  let cuts = 0;
  for (const lastWrite of ['create', 'multi', 'setData'] as const) {
    const prepared = await prepare(settings.kind, lastWrite);
    const length = prepared.last.end - prepared.last.start;
    const jobs: { cut: number; isPadded: boolean }[] = [];
    for (let cut = 0; cut <= length; cut += settings.step) jobs.push({ cut, isPadded: false }, { cut, isPadded: true });
    const queue = jobs.entries();
    const runner = async (): Promise<void> => {
      for (const [index, job] of queue) {
        progress(`torn: ${lastWrite}, cut ${index + 1} of ${jobs.length}, ${checks.failed} failed`);
        await oneCut(settings.kind, prepared, lastWrite, job.cut, job.isPadded, checks);
        cuts++;
      }
    };
    await Promise.all([runner(), runner()]);
    removeDirectory(prepared.directory);
  }
  return { cuts };
}

async function prepare(kind: ServerKind, lastWrite: LastWrite): Promise<Prepared> {
  const directory = temporaryDirectory('zk-torn-');
  const server = await launch({ kind, dataDir: directory, config });
  const client = await RawClient.open({ port: server.port });
  await client.request(Op.create, body.create('/torn', Buffer.alloc(0)));
  for (let i = 0; i < 5; i++) await client.request(Op.create, body.create(`/torn/n${i}`, Buffer.from(`data ${i}`)));
  const without = await describe(client);
  if (lastWrite === 'create') await client.request(Op.create, body.create('/torn/last', Buffer.from('x'.repeat(40))));
  else if (lastWrite === 'setData')
    await client.request(Op.setData, body.setData('/torn/n0', Buffer.from('changed'), 0));
  else {
    const parts = [
      { type: Op.create, body: body.create('/torn/m', Buffer.from('m')) },
      { type: Op.setData, body: body.setData('/torn/n1', Buffer.from('changed')) },
      { type: Op.delete, body: body.delete('/torn/n2') },
    ];
    await client.request(Op.multi, body.multi(parts));
  }
  const complete = await describe(client);
  await server.kill();
  const found = lastEntries(directory);
  const last = found?.entries.at(-1);
  const before = found?.entries.at(-2);
  if (found === undefined || last === undefined || before === undefined)
    throw new Error('torn: the log holds no two entries');
  return { directory, file: basename(found.file), last, before, without, complete };
}

async function oneCut(
  kind: ServerKind,
  prepared: Prepared,
  lastWrite: LastWrite,
  cut: number,
  isPadded: boolean,
  checks: Checks,
): Promise<void> {
  const name = `torn ${lastWrite}, ${cut} bytes left, ${isPadded ? 'zeroes behind' : 'file ends'}`;
  const directory = mkdtempSync(join(temporaryRoot(), 'cut-'));
  cpSync(join(prepared.directory, 'version-2'), join(directory, 'version-2'), { recursive: true });
  const file = join(directory, 'version-2', prepared.file);
  const bytes = readFileSync(file);
  const end = prepared.last.start + cut;
  writeFileSync(file, isPadded ? bytes.fill(0, end) : bytes.subarray(0, end));
  const isWhole = prepared.last.start + cut === prepared.last.end;
  try {
    let server = await launch({ kind, dataDir: directory, config });
    const complaint = (await compare(server, prepared, isWhole)) ?? (await write(server));
    await server.kill();
    if (complaint !== undefined) {
      checks.fail(name, complaint);
      return;
    }
    server = await launch({ kind, dataDir: directory, config });
    const client = await RawClient.open({ port: server.port });
    const survived = await client.request(Op.exists, body.pathAndFlag('/torn/after', false));
    await server.kill();
    checks.check(
      name,
      survived.error === 0,
      `a write after the restart ${survived.error === 0 ? 'survived' : 'was lost'}`,
    );
  } catch (error) {
    if (!(error instanceof LaunchError)) throw error;
    checks.fail(name, error.message);
  } finally {
    removeDirectory(directory);
  }
}

async function compare(server: RunningServer, prepared: Prepared, isWhole: boolean): Promise<string | undefined> {
  const zxid = zxidOf(await fourLetterWord(server.port, 'srvr'));
  const wanted = isWhole ? prepared.last.zxid : prepared.before.zxid;
  if (zxid !== wanted) return `server is at zxid ${zxid}, not ${wanted}`;
  const client = await RawClient.open({ port: server.port });
  const found = await describe(client);
  await client.close();
  const expected = isWhole ? prepared.complete : prepared.without;
  return found.join() === expected.join() ? undefined : `state is ${found.join(' ')}, not ${expected.join(' ')}`;
}

async function write(server: RunningServer): Promise<string | undefined> {
  const client = await RawClient.open({ port: server.port });
  const reply = await client.request(Op.create, body.create('/torn/after', Buffer.alloc(0)));
  client.destroy();
  return reply.error === 0 ? undefined : `a write after the restart gave error ${reply.error}`;
}

async function describe(client: RawClient): Promise<string[]> {
  const nodes = await readSubtree(client, '/torn');
  return [...nodes]
    .map(([path, { data, stat }]) => `${path}=${data}@${stat.version}/${stat.mzxid}/${stat.pzxid}`)
    .sort();
}

let root: string | undefined;
function temporaryRoot(): string {
  return (root ??= temporaryDirectory('zk-torn-cuts-'));
}
