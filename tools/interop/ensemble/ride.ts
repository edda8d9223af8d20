/** Clients of other makes that stay connected while servers of an ensemble come and go. */
import { join } from 'node:path';

import type { PeerReport } from '../harness.ts';
import { INTEROP_DIR, compileJava, installApache, installKazoo } from '../install.ts';
import { javaArgs } from '../java.ts';
import type { Stall } from './heartbeat.ts';

const RIDE_LIMIT_MS = 1_800_000;

/** Where riders keep their znodes; `END` tells them to come to an end. */
export const RIDE_ROOT = '/ridden';
export const RIDE_END = `${RIDE_ROOT}/end`;

/** From when to when the loss of a connection, or a wait, has a reason; in ms since 1970. */
export interface Disturbance {
  readonly from: number;
  to: number;
}

export interface RiderProgram {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
}

/** Riders that are given the addresses of all members. */
export async function installRiders(): Promise<(hosts: string) => readonly RiderProgram[]> {
  const home = await compileJava(await installApache(), [join(INTEROP_DIR, 'ensemble/riders/Rider.java')]);
  const { python } = await installKazoo();
  const script = join(INTEROP_DIR, 'ensemble/riders/rider.py');
  return (hosts) => [
    { name: 'the Java client', program: 'java', args: javaArgs(home, 'Rider', hosts, RIDE_ROOT) },
    { name: 'kazoo', program: python, args: [script, hosts, RIDE_ROOT] },
  ];
}

export class Ride {
  private readonly lost: number[] = [];
  private readonly gaps: (readonly [from: number, to: number])[] = [];
  /** Behind `RIDE_END`. */
  readonly ended: Promise<void>;
  private noteReady!: () => void;
  private readonly isReady = new Promise<void>((resolve) => (this.noteReady = resolve));

  constructor(
    private readonly report: PeerReport,
    private readonly rider: RiderProgram,
  ) {
    this.ended = report.program(rider.program, rider.args, {
      timeoutMs: RIDE_LIMIT_MS,
      env: { PYTHONDONTWRITEBYTECODE: '1' },
      onLine: (line) => this.note(line),
    });
  }

  /** Until the rider has its znodes, or has ended early: before that, no server may go. */
  async ready(): Promise<void> {
    await Promise.race([this.isReady, this.ended]);
  }

  /** `stalls`: when the whole machine stood still, which explains waits, but not that a connection was lost. */
  judge(disturbances: readonly Disturbance[], stalls: readonly Stall[]): void {
    const { name } = this.rider;
    const strange = this.lost.filter((at) => !overlaps(disturbances, at, at));
    const sentence = `${name} lost its connection only when a server went (${this.lost.length} times)`;
    this.report.check(sentence, strange.length === 0, `at ${strange.join(', ')}`);
    const reasons = [...disturbances, ...stalls];
    const waits = this.gaps.filter(([from, to]) => !overlaps(reasons, from, to)).map(([from, to]) => `${to - from} ms`);
    this.report.check(`${name} waited longer than a second only then`, waits.length === 0, waits.join(', '));
  }

  private note(line: string): void {
    const [what, ...numbers] = line.split(' ');
    const [from = 0, to = 0] = numbers.map(Number);
    if (what === 'ready') this.noteReady();
    if (what === 'lost') this.lost.push(from);
    if (what === 'gap') this.gaps.push([from, to]);
  }
}

function overlaps(intervals: readonly Stall[], from: number, to: number): boolean {
  return intervals.some((one) => from <= one.to && to >= one.from);
}
