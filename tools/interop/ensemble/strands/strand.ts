/** What all parts of the checked workload share. */
import { setTimeout as delay } from 'node:timers/promises';

import type { ActualNode } from '../../../crash/model.ts';
import type { Reply } from '../../../lib/raw-client.ts';
import { ByteReader, Op, body } from '../../../lib/wire.ts';
import { RovingClient } from '../roving-client.ts';
import type { RovingOptions } from '../roving-client.ts';

/** The subtree of the workload as it is at the end: path to data and stat. */
export type FinalTree = ReadonlyMap<string, ActualNode>;

export interface StrandContext {
  /** Client ports of all servers, the one to begin with first. */
  readonly ports: readonly number[];
  readonly root: string;
  /** Distinguishes strands of one kind. */
  readonly label: string;
  readonly sessionTimeoutMs: number;
  /**
   * How many reads behind a sync may be tried, within a few seconds, until one shows what it must: one, but for Apache's
   * leader, which answers the sync of a client of its own before it has applied what it has committed.
   */
  readonly syncAttempts: number;
  readonly complain: (what: string) => void;
}

/** One thing that clients do all the time, with what must hold of it. */
export interface Strand {
  /** Writes that were acknowledged. */
  readonly acknowledged: number;
  /** Does it once. Throws SessionRefused when a session is gone that should not be. */
  step(): Promise<void>;
  /** Looks at what is left when everybody has come to rest; sessions are still open. */
  verify(tree: FinalTree): void;
  close(): Promise<void>;
}

/** A kind of strand: the claim that its complaints contradict, and how one of them begins. */
export interface StrandKind {
  readonly claim: string;
  readonly open: (context: StrandContext) => Promise<Strand>;
}

/** A strand of one session, which goes from server to server. */
export abstract class SessionStrand implements Strand {
  abstract readonly acknowledged: number;
  /** What may have happened or not, since nobody was told. */
  protected readonly unknown = new Set<string>();

  constructor(
    protected readonly context: StrandContext,
    protected readonly client: RovingClient,
  ) {}

  abstract step(): Promise<void>;
  abstract verify(tree: FinalTree): void;

  close(): Promise<void> {
    return this.client.close();
  }

  /** Asks once; where no answer comes, `what` is unknown from then on. */
  protected async attempt(what: string, type: number, request: Buffer): Promise<Reply | undefined> {
    const reply = await this.client.attempt(type, request);
    if (reply === undefined) this.unknown.add(what);
    return reply;
  }
}

/** A session that begins at the server `offset` places further in the list. */
export function openClient(
  { ports, sessionTimeoutMs }: StrandContext,
  offset = 0,
  options: Partial<RovingOptions> = {},
): Promise<RovingClient> {
  const at = offset % ports.length;
  const turned = [...ports.slice(at), ...ports.slice(0, at)];
  return RovingClient.open({ ports: turned, timeoutMs: sessionTimeoutMs, ...options });
}

/** Of Apache's leader, between a commit and what it applies. */
const SYNC_PATIENCE_MS = 5_000;
const SYNC_PAUSE_MS = 5;

/** What getData of a path answers behind a sync at the same server; see `syncAttempts`. */
export async function readBehindSync(
  reader: RovingClient,
  { syncAttempts }: StrandContext,
  path: string,
  isExpected: (reply: Reply) => boolean,
): Promise<Reply> {
  let deadline = Infinity;
  for (let attempt = 1; ;) {
    const { attachments } = reader;
    await reader.ask(Op.sync, body.path(path));
    const reply = await reader.ask(Op.getData, body.pathAndFlag(path, false));
    // On another server than the one that has synced, it says nothing.
    if (attachments !== reader.attachments) continue;
    if (deadline === Infinity) deadline = performance.now() + SYNC_PATIENCE_MS;
    if (isExpected(reply) || attempt >= syncAttempts || performance.now() > deadline) return reply;
    attempt += 1;
    await delay(SYNC_PAUSE_MS);
  }
}

/** The answer to getData. */
export function readValue(reply: Reply): { readonly text: string; readonly version: number } {
  const reader = new ByteReader(reply.payload);
  const text = reader.string() ?? '';
  return { text, version: reader.stat().version };
}

export function bytes(text: string): Buffer {
  return Buffer.from(text, 'utf8');
}
