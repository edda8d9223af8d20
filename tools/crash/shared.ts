/**
 * What all workers touch together: a counter that they raise by compare-and-set, and a parent of sequential znodes.
 * Their order across sessions cannot be predicted, but an acknowledgement given once may never be given again.
 */
import type { Reply } from '../lib/raw-client.js';
import { body, ByteReader, CreateFlag, ErrorCode, Op } from '../lib/wire.js';
import type { ActualNode } from './model.js';
import type { PlannedOperation } from './operations.js';

export const COUNTER = '/crash/counter';
export const SEQUENCE = '/crash/sequence';

export class SharedModel {
  /** Data by version that was acknowledged. */
  private readonly counterByVersion = new Map<number, string>();
  private counterGuess = 0;
  private highestVersion = 0;
  private counterInFlight = 0;
  private readonly sequenceNames = new Map<string, string>();
  private readonly removedNames = new Set<string>();
  private sequenceInFlight = 0;

  planCounter(label: string): PlannedOperation {
    const expected = this.counterGuess;
    this.counterGuess++;
    this.counterInFlight++;
    return {
      what: `compare-and-set of the counter at ${expected}`,
      type: Op.setData,
      body: body.setData(COUNTER, Buffer.from(label), expected),
      apply: () => undefined,
      judge: (reply) => {
        this.counterInFlight--;
        return this.judgeCounter(reply, expected, label);
      },
    };
  }

  planSequence(label: string): PlannedOperation {
    this.sequenceInFlight++;
    return {
      what: `shared sequential create by ${label}`,
      type: Op.create,
      body: body.create(`${SEQUENCE}/n-`, Buffer.from(label), CreateFlag.sequential),
      apply: () => undefined,
      judge: (reply) => {
        this.sequenceInFlight--;
        if (reply.error !== 0) return `error ${reply.error}`;
        const path = new ByteReader(reply.payload).string() ?? '';
        if (this.sequenceNames.has(path) || this.removedNames.has(path)) return `name ${path} was given out twice`;
        this.sequenceNames.set(path, label);
        return undefined;
      },
    };
  }

  /** Compares with what a restarted server holds, and takes over what was in flight. Returns complaints. */
  verify(counter: ActualNode, sequence: ReadonlyMap<string, ActualNode>): string[] {
    const complaints: string[] = [];
    const { version } = counter.stat;
    if (version < this.highestVersion) complaints.push(`counter went back from ${this.highestVersion} to ${version}`);
    if (version > this.highestVersion + this.counterInFlight) {
      complaints.push(
        `counter at ${version}: ${this.highestVersion} acknowledged, only ${this.counterInFlight} in flight`,
      );
    }
    const known = this.counterByVersion.get(version);
    if (known !== undefined && known !== counter.data)
      complaints.push(`counter ${version} holds "${counter.data}", not "${known}"`);
    this.counterByVersion.set(version, counter.data);
    this.highestVersion = this.counterGuess = version;
    this.counterInFlight = 0;

    let missing = 0;
    for (const [path, label] of this.sequenceNames) {
      const found = sequence.get(path);
      if (found === undefined) {
        if (missing++ === 0) complaints.push(`acknowledged ${path} is missing`);
      } else if (found.data !== label) complaints.push(`${path} holds "${found.data}", not "${label}"`);
    }
    if (missing > 1) complaints.push(`${missing} acknowledged sequential znodes are missing`);
    const extra = [...sequence.keys()].filter((path) => !this.sequenceNames.has(path));
    for (const path of extra) if (this.removedNames.has(path)) complaints.push(`deleted ${path} is back`);
    if (extra.length > this.sequenceInFlight) {
      complaints.push(`${extra.length} unacknowledged sequential znodes, only ${this.sequenceInFlight} were in flight`);
    }
    for (const path of extra) this.sequenceNames.set(path, sequence.get(path)?.data ?? '');
    this.sequenceInFlight = 0;
    return complaints;
  }

  /** To be called for each acknowledged delete of a sequential znode. */
  removed(path: string): void {
    this.sequenceNames.delete(path);
    this.removedNames.add(path);
  }

  private judgeCounter(reply: Reply, expected: number, label: string): string | undefined {
    if (reply.error === ErrorCode.badVersion) {
      this.counterGuess = Math.max(this.highestVersion, Math.min(this.counterGuess, expected));
      return undefined;
    }
    if (reply.error !== 0) return `error ${reply.error}`;
    const { version } = new ByteReader(reply.payload).stat();
    if (version !== expected + 1) return `version ${version} after a compare-and-set at ${expected}`;
    const before = this.counterByVersion.get(version);
    if (before !== undefined) return `version ${version} acknowledged twice, for ${before} and ${label}`;
    this.counterByVersion.set(version, label);
    this.highestVersion = Math.max(this.highestVersion, version);
    return undefined;
  }
}
