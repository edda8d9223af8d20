/**
 * A data directory that goes from Apache's server to the server under test and back. After each change of hands the
 * tree, read through a client, must be what it was, to the last field of the last stat; sessions go on, and neither
 * server may find that the digests of its transactions differ from its tree.
 */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { fourLetterWord, temporaryDirectory } from '../lib/launch.ts';
import type { ServerKind } from '../lib/launch.ts';
import { RawClient } from '../lib/raw-client.ts';
import { ByteWriter, CreateFlag, Op, body } from '../lib/wire.ts';
import { change, fill, must } from './disk/changes.ts';
import { dumpTree } from './disk/dump.ts';
import { readOffline } from './disk/offline.ts';
import type { PeerReport } from './harness.ts';
import { installApache } from './install.ts';
import type { Peer } from './peers.ts';
import { SUPER_AUTH, startServer } from './server.ts';
import type { TestedServer } from './server.ts';

interface Variant {
  readonly name: string;
  readonly settings: Readonly<Record<string, string | number>>;
  /** What a server finds when it takes over: everything, only logs, or the newest snapshot and what came after. */
  readonly leaves: 'everything' | 'logs' | 'snapshots';
  /** Ended by SIGKILL instead of an orderly end. */
  readonly isKilled: boolean;
  /** How the names of snapshots end. */
  readonly suffix: string;
}

interface DataFile {
  readonly name: string;
  readonly zxid: bigint;
}

const OFTEN = { snapCount: 20 };
const VARIANTS: readonly Variant[] = [
  {
    name: 'logs only, after a kill',
    settings: { 'snapshot.trust.empty': 'true' },
    leaves: 'logs',
    isKilled: true,
    suffix: '',
  },
  { name: 'many snapshots and logs, after a kill', settings: OFTEN, leaves: 'everything', isKilled: true, suffix: '' },
  { name: 'snapshots only', settings: OFTEN, leaves: 'snapshots', isKilled: false, suffix: '' },
  {
    name: 'gz snapshots',
    settings: { ...OFTEN, 'snapshot.compression.method': 'gz' },
    leaves: 'everything',
    isKilled: false,
    suffix: '.gz',
  },
  {
    name: 'snappy snapshots',
    settings: { ...OFTEN, 'snapshot.compression.method': 'snappy' },
    leaves: 'snapshots',
    isKilled: false,
    suffix: '.snappy',
  },
];

const OWNER_TIMEOUT_MS = 60_000;
/** Longer than what happens until somebody looks, a start and an end of either server among it. */
const SHORT_TIMEOUT_MS = 15_000;
const EXPIRY_DEADLINE_MS = 45_000;
const ROOT = '/interop';

export const disk: Peer = {
  name: 'disk',
  title: "files of Apache ZooKeeper's server 3.9.5, there and back",
  startsItsOwn: true,
  notOnEnsembles: 'the files of one server change hands; see migration',
  install: async () => {
    await installApache();
    return async ({ report, against }) => {
      const left = [...VARIANTS];
      const travel = async (): Promise<void> => {
        for (let next = left.shift(); next !== undefined; next = left.shift()) {
          await new Journey(report, next, against).run();
        }
      };
      // Two at a time, because they wait more than they work.
      await Promise.all([travel(), travel()]);
    };
  },
};

class Journey {
  private readonly dataDir = temporaryDirectory('zk-interop-disk-');
  private server: TestedServer | undefined;
  /** When the server that runs was started, by `performance.now()`. */
  private startedAt = 0;

  constructor(
    private readonly report: PeerReport,
    private readonly variant: Variant,
    private readonly tested: ServerKind,
  ) {}

  async run(): Promise<void> {
    try {
      await this.travel();
    } catch (error) {
      this.report.fail(
        `${this.variant.name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      );
    } finally {
      await this.server?.stop();
    }
  }

  private async travel(): Promise<void> {
    await this.start('apache');
    const owner = await this.open(OWNER_TIMEOUT_MS);
    const short = await this.open(SHORT_TIMEOUT_MS);
    await fill(this.port, owner, ROOT);
    await must(short, Op.create, body.create(`${ROOT}/of-the-short-one`, null, CreateFlag.ephemeral));
    owner.destroy();
    short.destroy();

    const second = await this.takeOver('apache', this.tested, 'opens what Apache wrote');
    await this.expectExpiry(`${ROOT}/of-the-short-one`);
    const again = await this.attach(owner, second);
    await change(this.port, again, ROOT);
    again.destroy();

    await this.takeOver(this.tested, 'apache', 'Apache opens what was written then');
    const last = await this.attach(again, 'Apache');
    await this.expectLife(last);

    await this.takeOver('apache', this.tested, 'opens what both wrote');
  }

  /** Ends the server that runs, starts the other one on its files, and compares. Returns that server's name. */
  private async takeOver(from: ServerKind, to: ServerKind, sentence: string): Promise<string> {
    const before = await this.dump();
    await this.expectDigestsToAgree(from);
    await this.stopAndPrune(from, before);
    await this.start(to);
    const after = await this.dump();
    const lines = before.split('\n').length;
    this.report.check(`${this.variant.name}: there is a tree to compare`, lines > 50, `${lines} znodes`);
    this.report.equal(`${this.variant.name}: ${sentence}`, after, before);
    await this.expectDigestsToAgree(to);
    return to;
  }

  private async stopAndPrune(kind: ServerKind, dump: string): Promise<void> {
    const { leaves, isKilled, name, suffix } = this.variant;
    const zxid = await this.lastZxid();
    await (isKilled ? this.running.kill() : this.running.stop());
    if (leaves === 'snapshots' && !this.hasSnapshotOf(zxid)) {
      // A server that writes no snapshot when it ends writes one when it starts.
      await this.start(kind);
      await this.running.stop();
    }
    if (suffix !== '') {
      const snapshots = this.files('snapshot').map((file) => file.name);
      const isNamed = snapshots.some((file) => file.endsWith(suffix));
      this.report.check(`${name}: ${kind} writes them`, isNamed, snapshots.join(' '));
    }
    if (kind === this.tested) await this.readOffline(dump);
    if (leaves === 'logs') this.remove(this.files('snapshot'));
    if (leaves === 'snapshots') this.leaveNewestSnapshot(kind, zxid);
  }

  /** Apache's tools read the two newest logs and the newest snapshot. */
  private readOffline(dump: string): Promise<void> {
    const logs = this.files('log').slice(-2);
    return readOffline({
      report: this.report,
      name: this.variant.name,
      folder: this.version2,
      logs: logs.map((file) => file.name),
      snapshot: this.files('snapshot').at(-1)?.name,
      dump,
    });
  }

  /** Takes away everything that the newest snapshot makes superfluous, so that it is needed. */
  private leaveNewestSnapshot(kind: ServerKind, lastZxid: bigint): void {
    const snapshots = this.files('snapshot');
    const newest = snapshots.at(-1)?.zxid ?? 0n;
    this.remove(snapshots.slice(0, -1));
    const logs = this.files('log');
    // A log reaches to just before the next one begins.
    this.remove(logs.filter((_, index) => (logs[index + 1]?.zxid ?? lastZxid + 1n) <= newest + 1n));
    const left = readdirSync(this.version2);
    const isNeeded = newest > 0n && !left.includes('log.1');
    this.report.check(`${this.variant.name}: what is left needs the snapshot of ${kind}`, isNeeded, left.join(' '));
  }

  private remove(files: readonly DataFile[]): void {
    for (const file of files) rmSync(join(this.version2, file.name));
  }

  /** Snapshots or logs, oldest first. */
  private files(kind: 'snapshot' | 'log'): DataFile[] {
    const found: DataFile[] = [];
    for (const name of readdirSync(this.version2)) {
      const zxid = new RegExp(`^${kind}\\.([0-9a-f]+)(?:\\.(?:gz|snappy))?$`).exec(name)?.[1];
      if (zxid !== undefined) found.push({ name, zxid: BigInt(`0x${zxid}`) });
    }
    return found.sort((one, other) => (one.zxid < other.zxid ? -1 : 1));
  }

  private hasSnapshotOf(zxid: bigint): boolean {
    return this.files('snapshot').some((file) => file.zxid === zxid);
  }

  /** The session of `client`, which has lost its server, goes on with its ephemerals. */
  private async attach(client: RawClient, server: string): Promise<RawClient> {
    const session = { id: client.sessionId, password: client.password };
    const again = await RawClient.open({ port: this.port, session, timeoutMs: OWNER_TIMEOUT_MS });
    again.keepAlive(1_000);
    const owned = (await this.dump()).split('\n').filter((line) => line.includes(`ephemeralOwner=${session.id} `));
    const sentence = `${this.variant.name}: a session goes on with its ephemerals (${server === 'apache' ? 'Apache' : server})`;
    this.report.check(sentence, again.sessionId === session.id && owned.length === 2, owned.join(' | '));
    return again;
  }

  private async expectExpiry(path: string): Promise<void> {
    const client = await this.open();
    const isThere = async (): Promise<boolean> =>
      (await client.request(Op.exists, body.pathAndFlag(path, false))).error === 0;
    const wasThere = await isThere();
    const livedMs = (): number => Math.round(performance.now() - this.startedAt);
    while ((await isThere()) && livedMs() < EXPIRY_DEADLINE_MS) await pause(50);
    const tookMs = livedMs();
    const isInTime = tookMs >= SHORT_TIMEOUT_MS && tookMs < EXPIRY_DEADLINE_MS;
    const sentence = `${this.variant.name}: a session whose client is gone lives out its timeout after the restart`;
    this.report.check(sentence, wasThere && isInTime, `present: ${wasThere}, gone ${tookMs} ms after the start`);
    await client.close();
  }

  /** Containers are still containers, and the session's end takes its ephemerals along. */
  private async expectLife(owner: RawClient): Promise<void> {
    const client = await this.open();
    await must(client, Op.delete, body.delete(`${ROOT}/container/child`));
    await owner.close();
    const from = performance.now();
    let dump = await this.dump();
    while (dump.includes(`${ROOT}/container "`) || dump.includes(`${ROOT}/container null`)) {
      if (performance.now() - from > 10_000) break;
      await pause(50);
      dump = await this.dump();
    }
    const name = this.variant.name;
    this.report.check(`${name}: a container is still one`, !dump.includes(`${ROOT}/container null`));
    this.report.check(`${name}: one without children that never had any stays`, dump.includes(`${ROOT}/unused null`));
    this.report.check(
      `${name}: a closed session's ephemerals go`,
      !dump.includes(`ephemeralOwner=${owner.sessionId} `),
    );
    await client.close();
  }

  private async expectDigestsToAgree(kind: ServerKind): Promise<void> {
    const mntr = await fourLetterWord(this.port, 'mntr');
    const found = /^zk_digest_mismatches_count\s+(\d+)/m.exec(mntr)?.[1];
    const complaint = this.running
      .log()
      .split('\n')
      .find((line) => /digest.*(mismatch|not match)|mismatch.*digest|tree differs/i.test(line));
    const sentence = `${this.variant.name}: ${kind} finds no digest that differs`;
    this.report.check(
      sentence,
      found === '0' && complaint === undefined,
      complaint ?? `zk_digest_mismatches_count ${found}`,
    );
  }

  private async lastZxid(): Promise<bigint> {
    return BigInt(/^Zxid: (0x[0-9a-f]+)/m.exec(await fourLetterWord(this.port, 'srvr'))?.[1] ?? '0');
  }

  private async dump(): Promise<string> {
    const client = await this.open();
    const dump = await dumpTree(client);
    await client.close();
    return dump;
  }

  private async open(timeoutMs = 10_000): Promise<RawClient> {
    const client = await RawClient.open({ port: this.port, timeoutMs });
    client.keepAlive(500);
    const auth = new ByteWriter().int32(0).string('digest').string(SUPER_AUTH).take();
    await client.request(Op.auth, auth, -4);
    return client;
  }

  private async start(kind: ServerKind): Promise<void> {
    this.startedAt = performance.now();
    this.server = await startServer(kind, { dataDir: this.dataDir, settings: this.variant.settings });
  }

  private get running(): TestedServer {
    if (this.server === undefined) throw new Error('no server runs');
    return this.server;
  }

  private get port(): number {
    return Number(this.running.address.split(':')[1]);
  }

  private get version2(): string {
    return join(this.dataDir, 'version-2');
  }
}

function pause(durationMs: number): Promise<void> {
  return new Promise((wake) => setTimeout(wake, durationMs));
}
