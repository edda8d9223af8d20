import { DataTree, type DataTreeOptions, SnapshotDecoder, SnapshotEncoder } from '@zk/data-tree';
import { OpCode, type Zxid, int64 } from '@zk/model';
import type { ReplicatedState, SnapshotForm, StateDump, StateLoader, StateSink, StateSource } from '../src/index.js';

/** The tree of znodes and the sessions it has heard of, as a replicated state. */
export class TreeState implements ReplicatedState {
  tree: DataTree;
  /** Timeouts in ms by session id. */
  sessions = new Map<bigint, number>();

  constructor(private readonly options: DataTreeOptions = {}) {
    this.tree = new DataTree(options);
  }

  clear(): void {
    this.tree = new DataTree(this.options);
    this.sessions = new Map();
  }

  apply(txn: Uint8Array, _zxid?: Zxid, _cause?: 'commit' | 'recovery'): void {
    const { tree, sessions } = this;
    tree.apply(txn, 0, txn.length, null);
    if (tree.lastType !== OpCode.createSession && tree.lastType !== OpCode.closeSession) return;
    const id = int64(tree.lastSessionHi, tree.lastSessionLo);
    if (tree.lastType === OpCode.createSession) sessions.set(id, tree.lastTimeoutMs);
    else sessions.delete(id);
  }

  load({ form, name, zxid, sizeBytes }: StateSource): StateLoader {
    const size = sizeBytes === undefined ? {} : { sizeBytes };
    const decoder = new SnapshotDecoder({ file: name, form, zxid, tree: this.options, ...size });
    return {
      push: (piece) => decoder.push(piece),
      get isComplete() {
        return decoder.isComplete;
      },
      get surplusBytes() {
        return decoder.isComplete ? decoder.rest.length : 0;
      },
      finish: () => {
        const { tree, sessions } = decoder.finish();
        this.tree = tree;
        this.sessions = sessions;
      },
    };
  }

  dump(form: SnapshotForm, sink: StateSink): StateDump {
    const sessions = [...this.sessions].map(([id, timeoutMs]) => ({ id, timeoutMs }));
    return new SnapshotEncoder(this.tree, sessions, sink, { form });
  }
}
