/** Compare-and-set by several sessions on the same znodes: lists of unique values, and a counter. */
import { ErrorCode, Op, body } from '../../../lib/wire.ts';
import { SessionStrand, bytes, openClient, readValue } from './strand.ts';
import type { FinalTree, StrandKind } from './strand.ts';

const FULL_LIST_BYTES = 16_384;

export const appender: StrandKind = {
  claim: 'every acknowledged value is in its list, in order, and none is there twice',
  open: async (context) => new Appender(context, await openClient(context)),
};

export const counter: StrandKind = {
  claim: 'a shared counter stands where the increments have brought it, and never went back',
  open: async (context) => new Counter(context, await openClient(context)),
};

/** Appends values that nobody else appends to the list that everybody appends to; a full list is followed by another. */
class Appender extends SessionStrand {
  private readonly values: string[] = [];
  private list = 0;
  private count = 0;
  private last = { list: 0, value: '' };

  get acknowledged(): number {
    return this.values.length;
  }

  async step(): Promise<void> {
    const value = `${this.context.label}.${(this.count += 1)}`;
    for (;;) {
      const { text, version } = await this.readList();
      const request = body.setData(this.path, bytes(`${text}${value} `), version);
      const reply = await this.attempt(value, Op.setData, request);
      if (reply?.error === ErrorCode.badVersion) continue;
      if (reply?.error === 0) this.hasAppended(value);
      else if (reply !== undefined) this.context.complain(`appending ${value} gave error ${reply.error}`);
      return;
    }
  }

  verify(tree: FinalTree): void {
    const { label, complain } = this.context;
    const found: string[] = [];
    for (let list = 0, node = tree.get(this.pathOf(0)); node !== undefined; node = tree.get(this.pathOf(++list))) {
      found.push(...node.data.split(' ').filter((value) => value.startsWith(`${label}.`)));
    }
    if (new Set(found).size !== found.length) complain(`a value of ${label} is there twice`);
    const certain = found.filter((value) => !this.unknown.has(value));
    const length = Math.max(certain.length, this.values.length);
    for (let index = 0; index < length; index++) {
      if (certain[index] === this.values[index]) continue;
      complain(`${certain[index] ?? 'nothing'} is where ${this.values[index] ?? 'nothing'} should be`);
      return;
    }
  }

  private hasAppended(value: string): void {
    this.values.push(value);
    this.last = { list: this.list, value };
  }

  /** The list to append to, which must hold what this session appended. */
  private async readList(): Promise<{ text: string; version: number }> {
    for (;;) {
      const reply = await this.client.ask(Op.getData, body.pathAndFlag(this.path, false));
      if (reply.error === ErrorCode.noNode) {
        await this.client.ask(Op.create, body.create(this.path, bytes('')));
        continue;
      }
      const value = readValue(reply);
      if (this.last.list === this.list && !value.text.includes(this.last.value)) {
        this.context.complain(`a read after the acknowledgement of ${this.last.value} did not show it`);
      }
      if (value.text.length < FULL_LIST_BYTES) return value;
      this.list += 1;
    }
  }

  private get path(): string {
    return this.pathOf(this.list);
  }

  private pathOf(list: number): string {
    return `${this.context.root}/list-${list}`;
  }
}

/**
 * Counts on one znode, together with everybody else. The znode's version counts as well: equal numbers mean that no
 * increment was lost and none happened twice.
 */
class Counter extends SessionStrand {
  acknowledged = 0;
  private highest = 0;

  async step(): Promise<void> {
    const { text, version } = readValue(await this.client.ask(Op.getData, body.pathAndFlag(this.path, false)));
    const value = Number(text);
    if (value !== version) this.context.complain(`the counter is ${value} in version ${version}`);
    if (value < this.highest) this.context.complain(`the counter went back from ${this.highest} to ${value}`);
    this.highest = Math.max(this.highest, value);
    const next = bytes(String(value + 1));
    const reply = await this.client.attempt(Op.setData, body.setData(this.path, next, version));
    if (reply === undefined || reply.error === ErrorCode.badVersion) return;
    if (reply.error !== 0) this.context.complain(`counting gave error ${reply.error}`);
    this.acknowledged += 1;
    this.highest = Math.max(this.highest, value + 1);
  }

  verify(tree: FinalTree): void {
    const node = tree.get(this.path);
    const value = Number(node?.data);
    if (value !== node?.stat.version) this.context.complain(`it is ${node?.data} in version ${node?.stat.version}`);
    if (!(value >= this.highest)) this.context.complain(`it is ${value}, and was ${this.highest}`);
  }

  private get path(): string {
    return `${this.context.root}/counter`;
  }
}
