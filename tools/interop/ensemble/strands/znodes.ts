/** Znodes that come and go: sequential ones, and pairs that are made by one transaction. */
import { ByteReader, CreateFlag, ErrorCode, Op, body, readMultiResponse } from '../../../lib/wire.ts';
import { SessionStrand, bytes, openClient } from './strand.ts';
import type { FinalTree, StrandKind } from './strand.ts';

/** How many znodes of its own a strand keeps before it deletes the oldest. */
const KEPT = 100;

export const sequencer: StrandKind = {
  claim: 'acknowledged sequential znodes are there, their numbers grow, and deleted ones stay away',
  open: async (context) => new Sequencer(context, await openClient(context)),
};

export const pairMaker: StrandKind = {
  claim: 'transactions take effect as a whole or not at all',
  open: async (context) => new PairMaker(context, await openClient(context)),
};

class Sequencer extends SessionStrand {
  acknowledged = 0;
  /** Path to data, of znodes that must be there. */
  private readonly present = new Map<string, string>();
  private readonly gone = new Set<string>();
  private last = '';
  private count = 0;

  async step(): Promise<void> {
    await (this.present.size > KEPT ? this.deleteOldest() : this.create());
  }

  verify(tree: FinalTree): void {
    const { label, complain, root } = this.context;
    for (const [path, data] of this.present) {
      if (tree.get(path)?.data !== data) complain(`${path} holds ${tree.get(path)?.data ?? 'nothing'}, not ${data}`);
    }
    const counts = new Map<string, number>();
    for (const [path, { data }] of tree) {
      if (!path.startsWith(`${root}/queue/n-`) || !data.startsWith(`${label}.`)) continue;
      counts.set(data, (counts.get(data) ?? 0) + 1);
      const isKnown = this.present.has(path) || this.unknown.has(data) || this.unknown.has(path);
      if (!isKnown || this.gone.has(path)) complain(`${path} with ${data} should not be there`);
    }
    for (const [data, count] of counts) if (count > 1) complain(`${data} was created ${count} times`);
  }

  private async create(): Promise<void> {
    const data = `${this.context.label}.${(this.count += 1)}`;
    const request = body.create(`${this.context.root}/queue/n-`, bytes(data), CreateFlag.sequential);
    const reply = await this.attempt(data, Op.create, request);
    if (reply === undefined) return;
    if (reply.error !== 0) {
      this.context.complain(`a sequential create gave error ${reply.error}`);
      return;
    }
    const path = new ByteReader(reply.payload).string() ?? '';
    if (path <= this.last) this.context.complain(`${path} came after ${this.last}`);
    this.last = path;
    this.acknowledged += 1;
    this.present.set(path, data);
  }

  private async deleteOldest(): Promise<void> {
    const [path] = this.present.keys() as Iterable<string> as [string];
    const reply = await this.attempt(path, Op.delete, body.delete(path, 0));
    this.present.delete(path);
    if (reply === undefined) return;
    if (reply.error !== 0) this.context.complain(`the delete of ${path} gave error ${reply.error}`);
    this.acknowledged += 1;
    this.gone.add(path);
  }
}

/** Makes pairs of znodes and deletes them, each by one transaction; some transactions are bound to fail. */
class PairMaker extends SessionStrand {
  acknowledged = 0;
  private readonly present: string[] = [];
  private count = 0;

  async step(): Promise<void> {
    this.count += 1;
    const pair = `${this.context.root}/pairs/${this.context.label}.${this.count}`;
    if (this.count % 5 === 0) await this.fail(pair);
    else if (this.present.length > KEPT) await this.delete();
    else await this.create(pair);
  }

  verify(tree: FinalTree): void {
    const { root, label, complain } = this.context;
    const known = new Set([...this.present, ...this.unknown]);
    for (const path of tree.keys()) {
      if (!path.startsWith(`${root}/pairs/${label}.`)) continue;
      const pair = path.slice(0, -2);
      if (!known.has(pair)) complain(`${path} should not be there`);
      if (!tree.has(`${pair}-a`) || !tree.has(`${pair}-b`)) complain(`there is one half of ${pair} only`);
    }
    const missing = this.present.find((pair) => !tree.has(`${pair}-a`));
    if (missing !== undefined) complain(`${missing} is missing`);
  }

  private async create(pair: string): Promise<void> {
    const parts = [
      { type: Op.create, body: body.create(`${pair}-a`, bytes('a')) },
      { type: Op.check, body: body.delete(`${pair}-a`, 0) },
      { type: Op.create, body: body.create(`${pair}-b`, null) },
      { type: Op.setData, body: body.setData(`${pair}-b`, bytes('b'), 0) },
    ];
    const isDone = await this.run(pair, parts);
    if (isDone === true) this.present.push(pair);
  }

  private async delete(): Promise<void> {
    const pair = this.present.shift() as string;
    const parts = ['a', 'b'].map((half) => ({ type: Op.delete, body: body.delete(`${pair}-${half}`) }));
    await this.run(pair, parts);
  }

  private async fail(pair: string): Promise<void> {
    const parts = [
      { type: Op.create, body: body.create(`${pair}-a`, bytes('never')) },
      { type: Op.setData, body: body.setData(`${this.context.root}/pairs`, null, 999_999) },
    ];
    const reply = await this.client.attempt(Op.multi, body.multi(parts));
    if (reply === undefined) return;
    const codes = readMultiResponse(reply.payload).map((result) => (result.type === 'error' ? result.error : 'done'));
    if (codes.join() !== `0,${ErrorCode.badVersion}`) this.context.complain(`a bad transaction gave ${codes.join()}`);
  }

  /** Whether it took effect; undefined when nobody knows. */
  private async run(pair: string, parts: Parameters<typeof body.multi>[0]): Promise<boolean | undefined> {
    const reply = await this.attempt(pair, Op.multi, body.multi(parts));
    if (reply === undefined) return undefined;
    const failed = reply.error !== 0 ? [reply.error] : readMultiResponse(reply.payload).filter(isError);
    if (failed.length > 0) this.context.complain(`a transaction on ${pair} gave ${JSON.stringify(failed)}`);
    this.acknowledged += 1;
    return failed.length === 0;
  }
}

function isError(result: { readonly type: string }): boolean {
  return result.type === 'error';
}
