import type { Clock } from '@zk/contracts';
import { type DataTree, ZnodeKind } from '@zk/data-tree';
import { utf8Bytes } from '@zk/jute';
import type { RequestPipeline } from '@zk/request-pipeline';

export interface ContainerOptions {
  /** Removals are spread: at most this many a minute. */
  readonly containerMaxPerMinute: number;
  /** Age at which a container that never had a child goes too; 0: never. */
  readonly containerMaxNeverUsedMs: number;
}

/**
 * Finds containers that lost their last child and TTL nodes that nobody touched for their time to live, and submits
 * their removal, which is validated again like any request (spec: server semantics, section 6.2). Age is measured from
 * mtime on the wall clock. Unlike in Apache ZooKeeper, a removal whose turn comes late looks again whether it is due: the
 * znode may have been written in the meantime, which renews its time.
 */
export class ContainerManager {
  constructor(
    private readonly tree: () => DataTree,
    /** Undefined while others decide. */
    private readonly pipeline: () => RequestPipeline | undefined,
    private readonly options: ContainerOptions,
    private readonly clock: Clock,
  ) {}

  /** Looks once; `later` runs each removal after its delay, so that many of them do not come at one blow. */
  check(later: (delayMs: number, submit: () => void) => void): void {
    if (this.pipeline() === undefined) return;
    const spacingMs = 60_000 / Math.max(1, this.options.containerMaxPerMinute);
    this.candidates().forEach((path, index) => {
      later(index * spacingMs, () => {
        if (this.isDue(path)) this.pipeline()?.submitDeleteContainer(path, this.clock.monotonicMs());
      });
    });
  }

  /** Paths that are due now. */
  candidates(): readonly string[] {
    const tree = this.tree();
    const due: string[] = [];
    for (const node of tree.containers()) if (this.isUnused(node)) due.push(tree.pathOf(node));
    for (const node of tree.ttlNodes()) if (this.isAged(node)) due.push(tree.pathOf(node));
    return due;
  }

  private isDue(path: string): boolean {
    const tree = this.tree();
    const bytes = utf8Bytes(path);
    const node = tree.find(bytes, 0, bytes.length);
    if (node < 0) return false;
    const kind = tree.kind(node);
    return kind === ZnodeKind.container ? this.isUnused(node) : kind === ZnodeKind.ttl && this.isAged(node);
  }

  private isUnused(node: number): boolean {
    const tree = this.tree();
    if (tree.childCount(node) > 0) return false;
    const limitMs = this.options.containerMaxNeverUsedMs;
    return tree.cversion(node) > 0 || (limitMs > 0 && this.clock.wallMs() - tree.mtimeMs(node) > limitMs);
  }

  private isAged(node: number): boolean {
    const tree = this.tree();
    return tree.childCount(node) === 0 && this.clock.wallMs() - tree.mtimeMs(node) > tree.ttlMs(node);
  }
}
