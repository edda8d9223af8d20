/**
 * The checked workload: clients of every kind at every server, each of which knows what it was told, and says so when
 * the ensemble contradicts itself.
 */
import { setTimeout as delay } from 'node:timers/promises';

import { readSubtree } from '../../crash/tree-reader.ts';
import { RawClient, SessionRefused } from '../../lib/raw-client.ts';
import { CreateFlag, ErrorCode, Op, body } from '../../lib/wire.ts';
import type { PeerReport } from '../harness.ts';
import { mover, visitor } from './strands/sessions.ts';
import type { Strand, StrandKind } from './strands/strand.ts';
import { bytes } from './strands/strand.ts';
import { appender, counter } from './strands/values.ts';
import { follower, watcher } from './strands/watchers.ts';
import { pairMaker, sequencer } from './strands/znodes.ts';

const KINDS: readonly StrandKind[] = [appender, counter, sequencer, pairMaker, mover, visitor, watcher, follower];

export interface WorkloadOptions {
  /** Client ports of the servers. */
  readonly ports: readonly number[];
  readonly root: string;
  /** Between two steps of one strand. */
  readonly paceMs?: number;
  readonly sessionTimeoutMs?: number;
  /** See `StrandContext`. */
  readonly syncAttempts?: number;
}

/** Where a server of Apache's may lead: time alone is the limit; see `StrandContext`. */
export const APACHE_SYNC_ATTEMPTS = Infinity;

const SETTLE_DEADLINE_MS = 30_000;

export class Workload {
  private readonly strands: Strand[] = [];
  private readonly complaints = new Map<StrandKind, string[]>();
  private readonly loops: Promise<void>[] = [];
  private isEnding = false;
  private gate: Promise<void> | undefined;
  /** Strands that wait at the gate, or have ended. */
  private resting = 0;

  private constructor(private readonly options: Required<WorkloadOptions>) {}

  static async start(options: WorkloadOptions): Promise<Workload> {
    const workload = new Workload({ paceMs: 10, sessionTimeoutMs: 20_000, syncAttempts: 1, ...options });
    await workload.prepare();
    return workload;
  }

  /** Writes acknowledged so far. */
  get acknowledged(): number {
    return this.strands.reduce((sum, strand) => sum + strand.acknowledged, 0);
  }

  /** Resolves when that many more writes have been acknowledged; false after the deadline. */
  async progress(writes: number, deadlineMs: number): Promise<boolean> {
    const wanted = this.acknowledged + writes;
    const deadline = performance.now() + deadlineMs;
    while (this.acknowledged < wanted) {
      if (performance.now() > deadline) return false;
      await delay(20);
    }
    return true;
  }

  /** Runs the body while no strand writes, and nothing is left that will expire. Sessions stay open. */
  async whilePaused(body: () => Promise<void>): Promise<void> {
    let open = (): void => undefined;
    this.gate = new Promise((resolve) => (open = resolve));
    while (this.resting < this.strands.length) await delay(20);
    const reader = await this.openReader();
    try {
      await this.comesToRest(reader);
      await body();
    } finally {
      this.gate = undefined;
      open();
      await reader.close();
    }
  }

  /** Ends the strands, waits for what must expire, compares with the tree, and closes the sessions. */
  async finish(report: PeerReport, name: string): Promise<void> {
    this.isEnding = true;
    await Promise.all(this.loops);
    const reader = await this.openReader();
    await this.comesToRest(reader);
    const tree = await readSubtree(reader, this.options.root);
    for (const strand of this.strands) strand.verify(tree);
    for (const kind of KINDS) {
      const complaints = this.complaints.get(kind) ?? [];
      report.check(`${name}: ${kind.claim}`, complaints.length === 0, complaints.slice(0, 5).join('; '));
    }
    await Promise.all(this.strands.map((strand) => strand.close().catch(() => undefined)));
    await reader.close();
  }

  private async prepare(): Promise<void> {
    const { ports, root } = this.options;
    const client = await RawClient.open({ port: ports[0] as number });
    for (const name of ['', '/queue', '/pairs', '/held', '/visits', '/watched', '/followed']) {
      await client.request(Op.create, body.create(`${root}${name}`, null, CreateFlag.persistent));
    }
    await client.request(Op.create, body.create(`${root}/counter`, bytes('0')));
    await client.close();
    for (const kind of KINDS) {
      const complaints: string[] = [];
      this.complaints.set(kind, complaints);
      for (const index of ports.keys()) await this.open(kind, index, complaints);
    }
  }

  private async open(kind: StrandKind, index: number, complaints: string[]): Promise<void> {
    const { ports, root, sessionTimeoutMs, syncAttempts } = this.options;
    const turned = [...ports.slice(index), ...ports.slice(0, index)];
    const complain = (what: string): void => void complaints.push(what);
    const settings = { root, sessionTimeoutMs, syncAttempts };
    const strand = await kind.open({ ...settings, ports: turned, label: `s${index}`, complain });
    this.strands.push(strand);
    this.loops.push(this.loop(strand, complain));
  }

  private async loop(strand: Strand, complain: (what: string) => void): Promise<void> {
    try {
      while (!this.isEnding) {
        await this.passGate();
        await strand.step();
        await delay(this.options.paceMs);
      }
    } catch (error) {
      const isLost = error instanceof SessionRefused;
      complain(isLost ? `a session was lost: ${error.message}` : String((error as Error).stack ?? error));
    }
    this.resting += 1;
  }

  private async passGate(): Promise<void> {
    if (this.gate === undefined) return;
    this.resting += 1;
    await this.gate;
    this.resting -= 1;
  }

  private async openReader(): Promise<RawClient> {
    const reader = await RawClient.open({ port: this.options.ports[0] as number });
    reader.keepAlive(1_000);
    await reader.request(Op.sync, body.path(this.options.root));
    return reader;
  }

  /** Sessions that were left behind expire in their own time. */
  private async comesToRest(reader: RawClient): Promise<void> {
    const deadline = performance.now() + SETTLE_DEADLINE_MS;
    while (performance.now() < deadline && !(await this.isQuiet(reader))) await delay(100);
  }

  /** Whether all short sessions have taken their ephemerals along. */
  private async isQuiet(reader: RawClient): Promise<boolean> {
    const reply = await reader.request(Op.getAllChildrenNumber, body.path(`${this.options.root}/visits`));
    return reply.error === ErrorCode.noNode || reply.payload.readInt32BE(0) === 0;
  }
}
