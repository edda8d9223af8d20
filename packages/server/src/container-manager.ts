import type { Clock } from '@zk/contracts';
import type { DataTree } from '@zk/data-tree';
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
 * mtime on the wall clock.
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
      later(index * spacingMs, () => this.pipeline()?.submitDeleteContainer(path, this.clock.monotonicMs()));
    });
  }

  /** Paths that are due now. */
  candidates(): readonly string[] {
    const tree = this.tree();
    const nowMs = this.clock.wallMs();
    const due: string[] = [];
    for (const node of tree.containers()) {
      if (tree.childCount(node) > 0) continue;
      const wasUsed = tree.cversion(node) > 0;
      const limitMs = this.options.containerMaxNeverUsedMs;
      if (wasUsed || (limitMs > 0 && nowMs - tree.mtimeMs(node) > limitMs)) due.push(tree.pathOf(node));
    }
    for (const node of tree.ttlNodes()) {
      if (tree.childCount(node) === 0 && nowMs - tree.mtimeMs(node) > tree.ttlMs(node)) due.push(tree.pathOf(node));
    }
    return due;
  }
}
