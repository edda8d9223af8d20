/** What one session sees of another's writes: watched events, and reads behind a sync. */
import type { Notification, RawClient, Reply } from '../../../lib/raw-client.ts';
import { ByteWriter, ErrorCode, Op, body } from '../../../lib/wire.ts';
import type { RovingClient } from '../roving-client.ts';
import { bytes, openClient, readBehindSync, readValue } from './strand.ts';
import type { Strand, StrandContext, StrandKind } from './strand.ts';

const EventType = { created: 1, deleted: 2, dataChanged: 3, childrenChanged: 4 } as const;
const EVENT_DEADLINE_MS = 30_000;
const SET_WATCHES_XID = -8;
/** What a write is answered with that has taken effect before, when nobody was told. */
const REPEATED: readonly number[] = [ErrorCode.nodeExists, ErrorCode.badVersion, ErrorCode.noNode];

export const watcher: StrandKind = {
  claim: 'watches fire for what another server was told, over failovers too, and before the change can be read',
  open: (context) => Watcher.open(context),
};

export const follower: StrandKind = {
  claim: 'a read behind a sync shows what another server has acknowledged',
  open: async (context) => new Follower(context, await openClient(context), await openClient(context, 1)),
};

type WatchKind = 'data' | 'exist' | 'child';

class Watcher implements Strand {
  acknowledged = 0;
  private count = 0;
  private readonly armed = new Map<WatchKind, string>();
  private readonly seen = new Set<string>();
  private wake: () => void = () => undefined;
  private observer!: RovingClient;
  private writer!: RovingClient;

  private constructor(private readonly context: StrandContext) {}

  static async open(context: StrandContext): Promise<Watcher> {
    const watcher = new Watcher(context);
    watcher.observer = await openClient(context, 0, {
      onAttached: (client) => watcher.setWatchesAgain(client),
      onNotification: (notification) => watcher.note(notification),
    });
    watcher.writer = await openClient(context, 1);
    return watcher;
  }

  async step(): Promise<void> {
    this.count += 1;
    const path = `${this.context.root}/watched/${this.context.label}.${this.count}`;
    await this.expect(path, Op.create, body.create(path, bytes('new')), [EventType.created, EventType.childrenChanged]);
    // Of its first version only: a repeated change would fire, and use up, the watch that waits for the deletion.
    await this.expect(path, Op.setData, body.setData(path, bytes('changed'), 0), [EventType.dataChanged]);
    await this.expect(path, Op.delete, body.delete(path), [EventType.deleted, EventType.childrenChanged]);
  }

  verify(): void {
    // Everything was judged when it happened.
  }

  async close(): Promise<void> {
    await this.observer.close();
    await this.writer.close();
  }

  /** Watches, has the other session write, and awaits the events; what is read then must be the new state. */
  private async expect(path: string, type: number, request: Buffer, events: readonly number[]): Promise<void> {
    await this.arm(path);
    const wanted = events.map((event) => eventName(event, event === EventType.childrenChanged ? this.parent : path));
    await this.write(type, request);
    const deadline = performance.now() + EVENT_DEADLINE_MS;
    while (!wanted.every((event) => this.seen.has(event))) {
      if (performance.now() > deadline) {
        const missing = wanted.filter((event) => !this.seen.has(event));
        this.context.complain(`no event ${missing.join(' nor ')} on ${path} within ${EVENT_DEADLINE_MS} ms`);
        return;
      }
      await this.nextEvent();
    }
    await this.expectRead(path, type);
  }

  private async expectRead(path: string, type: number): Promise<void> {
    const reply = await this.observer.ask(Op.getData, body.pathAndFlag(path, false));
    const found = reply.error === 0 ? readValue(reply).text : String(reply.error);
    const wanted = { [Op.create]: 'new', [Op.setData]: 'changed' }[type] ?? String(ErrorCode.noNode);
    if (found !== wanted) this.context.complain(`after its event ${path} read as ${found}, not ${wanted}`);
  }

  private async arm(path: string): Promise<void> {
    this.seen.clear();
    this.armed.clear();
    const reply = await this.observer.ask(Op.exists, body.pathAndFlag(path, true));
    this.armed.set(reply.error === 0 ? 'data' : 'exist', path);
    await this.observer.ask(Op.getChildren, body.pathAndFlag(this.parent, true));
    this.armed.set('child', this.parent);
  }

  /** Until it is acknowledged; a repeated write that had taken effect already gives an error that says so. */
  private async write(type: number, request: Buffer): Promise<void> {
    const { error } = await this.writer.ask(type, request);
    this.acknowledged += 1;
    if (error !== 0 && !REPEATED.includes(error)) this.context.complain(`a write under watch gave error ${error}`);
  }

  private note({ type, path }: Notification): void {
    this.seen.add(eventName(type, path));
    if (type === EventType.childrenChanged) this.armed.delete('child');
    else for (const kind of ['data', 'exist'] as const) if (this.armed.get(kind) === path) this.armed.delete(kind);
    this.wake();
  }

  private nextEvent(): Promise<void> {
    return new Promise((resolve) => {
      const overdue = setTimeout(resolve, 1_000);
      this.wake = () => {
        clearTimeout(overdue);
        resolve();
      };
    });
  }

  /** As every client does on a new connection; what was missed fires at once. */
  private setWatchesAgain(client: RawClient): void {
    if (this.armed.size === 0) return;
    const lists = (['data', 'exist', 'child'] as const).map((kind) => this.armed.get(kind));
    const request = new ByteWriter().int64(this.observer.lastZxid);
    for (const path of lists) request.int32(path === undefined ? 0 : 1).raw(stringField(path));
    // A lost connection is seen by the next request.
    client.request(Op.setWatches, request.take(), SET_WATCHES_XID).catch(() => undefined);
  }

  private get parent(): string {
    return `${this.context.root}/watched`;
  }
}

/** One session writes numbers, another one syncs and reads. */
class Follower implements Strand {
  acknowledged = 0;
  private count = 0;

  constructor(
    private readonly context: StrandContext,
    private readonly writer: RovingClient,
    private readonly reader: RovingClient,
  ) {}

  async step(): Promise<void> {
    this.count += 1;
    const path = `${this.context.root}/followed/${this.context.label}`;
    const reply = await this.writer.attempt(Op.setData, body.setData(path, bytes(String(this.count))));
    if (reply === undefined) return;
    if (reply.error === ErrorCode.noNode) {
      await this.writer.ask(Op.create, body.create(path, bytes('0')));
      return;
    }
    this.acknowledged += 1;
    const numberIn = (read: Reply): number => (read.error === 0 ? Number(readValue(read).text) : 0);
    const isRecent = (read: Reply): boolean => numberIn(read) >= this.count;
    const found = numberIn(await readBehindSync(this.reader, this.context, path, isRecent));
    if (found < this.count) {
      this.context.complain(`${found} was read behind a sync after ${this.count} had been acknowledged`);
    }
  }

  verify(): void {
    // Everything was judged when it happened.
  }

  async close(): Promise<void> {
    await this.writer.close();
    await this.reader.close();
  }
}

function eventName(type: number, path: string): string {
  return `${type} ${path}`;
}

function stringField(path: string | undefined): Buffer {
  return path === undefined ? Buffer.alloc(0) : new ByteWriter().string(path).take();
}
