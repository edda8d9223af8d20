import { SnapshotEncoder } from '@zk/data-tree';
import type { ReplicatedState, SnapshotForm, StateDump, StateLoader, StateSink, StateSource } from '@zk/ensemble';
import { type Zxid, hiOf, loOf } from '@zk/model';
import type { LearnerPipeline, RequestPipeline } from '@zk/request-pipeline';
import type { Database } from './database.js';
import { publishedConfig } from './membership.js';
import type { ServerOptions } from './options.js';

/** Who takes over what is committed while clients are served. */
export type ServingPipeline =
  | { readonly role: 'leader'; readonly pipeline: RequestPipeline }
  | { readonly role: 'learner'; readonly pipeline: LearnerPipeline };

/** The database of a server as what its ensemble agrees on. */
export class EnsembleState implements ReplicatedState {
  /** Undefined while nobody is served. */
  serving: ServingPipeline | undefined;

  constructor(
    private readonly database: Database,
    private readonly options: ServerOptions,
    private readonly turnNow: () => number,
  ) {}

  clear(): void {
    this.database.clear();
  }

  apply(txn: Uint8Array, zxid: Zxid, cause: 'commit' | 'recovery'): void {
    const { database, serving } = this;
    if (serving === undefined || cause === 'recovery') database.tree.apply(txn, 0, txn.length, null);
    else if (serving.role === 'leader') serving.pipeline.commit(hiOf(zxid), loOf(zxid), this.turnNow());
    else serving.pipeline.commit(txn, this.turnNow());
    database.applied();
  }

  configText(): string | undefined {
    return publishedConfig(this.database.tree);
  }

  load(source: StateSource): StateLoader {
    const decoder = this.database.newDecoder(source);
    return {
      push: (piece) => decoder.push(piece),
      get isComplete() {
        return decoder.isComplete;
      },
      get surplusBytes() {
        return decoder.isComplete ? decoder.rest.length : 0;
      },
      finish: () => this.database.become(decoder.finish()),
    };
  }

  dump(form: SnapshotForm, sink: StateSink): StateDump {
    const { database, options } = this;
    return new SnapshotEncoder(database.tree, database.persistedSessions(), sink, {
      form,
      withDigest: options.digestEnabled,
      withLastZxid: options.serializeLastProcessedZxid,
    });
  }
}
