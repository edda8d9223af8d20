import type { DataTree } from '@zk/data-tree';
import type { EnsemblePeer } from '@zk/ensemble';
import { type Id, OpCode, type SessionId, hiOf, loOf } from '@zk/model';
import type { RequestPipeline } from '@zk/request-pipeline';
import type { ClientRequest, LinkId } from '@zk/zab';

/** A leader's side of its learners: what their clients ask for, and which of their sessions live. */
export class LearnerDesk {
  /** Stands for each learner, as the owner of sessions. */
  private readonly owners = new Map<LinkId, object>();

  constructor(
    private readonly pipeline: RequestPipeline,
    private readonly peer: Pick<EnsemblePeer, 'request'>,
    private readonly turnNow: () => number,
  ) {}

  request(link: LinkId, { sessionId, cxid, opcode, body, ids }: ClientRequest): void {
    if (opcode === OpCode.sync) {
      this.peer.request({ kind: 'sync-learner', link });
      return;
    }
    this.submit(sessionId, cxid, opcode, body, ids ?? NOBODY, this.ownerOf(link));
  }

  touched(sessionId: SessionId, timeoutMs: number): void {
    this.pipeline.touchSession(hiOf(sessionId), loOf(sessionId), timeoutMs, this.turnNow());
  }

  revalidate(link: LinkId, sessionId: SessionId, timeoutMs: number): void {
    const [hi, lo] = [hiOf(sessionId), loOf(sessionId)];
    const isValid = this.pipeline.moveSession(hi, lo, this.ownerOf(link), timeoutMs, this.turnNow());
    this.peer.request({ kind: 'revalidation', link, sessionId, isValid });
  }

  /** Ephemerals of sessions that nobody knows would stay for ever: their sessions are closed once more. */
  endOrphans(tree: DataTree, sessions: ReadonlyMap<SessionId, number>): void {
    for (const owner of [...tree.ephemeralOwners()]) {
      if (!sessions.has(owner)) this.submit(owner, 0, OpCode.closeSession, EMPTY, NOBODY, this);
    }
  }

  private submit(
    sessionId: SessionId,
    cxid: number,
    type: number,
    body: Uint8Array,
    ids: readonly Id[],
    owner: object,
  ): void {
    const [sessionHi, sessionLo] = [hiOf(sessionId), loOf(sessionId)];
    this.pipeline.submitRemote({ sessionHi, sessionLo, cxid, type, body, ids, owner }, this.turnNow());
  }

  private ownerOf(link: LinkId): object {
    const known = this.owners.get(link);
    if (known !== undefined) return known;
    const owner = { link };
    this.owners.set(link, owner);
    return owner;
  }
}

const EMPTY = new Uint8Array(0);
const NOBODY: readonly Id[] = [];
