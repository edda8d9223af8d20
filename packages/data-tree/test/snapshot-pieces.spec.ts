import { DataTree, SnapshotEncoder } from '../src/index.js';
import { MemorySink, tickingClock } from './memory-sink.js';
import { txnBytes } from './txns.js';

const ZNODES = 2000;
const PIECE_BYTES = 128 << 10;

/** Copies what it is given and gives each buffer back, overwritten, as a writer does whose thread has written it. */
class RecyclingSink extends MemorySink {
  readonly buffers = new Set<ArrayBuffer>();
  private readonly done: Uint8Array<ArrayBuffer>[] = [];

  override write(piece: Uint8Array<ArrayBuffer>): void {
    super.write(piece.slice());
    this.buffers.add(piece.buffer);
    this.done.push(piece.fill(0xee));
  }

  spare(): Uint8Array<ArrayBuffer> | undefined {
    return this.done.pop();
  }
}

function treeOfManyPieces(): DataTree {
  const tree = new DataTree();
  for (let i = 1; i <= ZNODES; i++) {
    const op = { kind: 'create', path: `/${i}`, data: 'x'.repeat(1000 + i), parentCversion: i } as const;
    const txn = txnBytes({ session: 1n, zxid: BigInt(i), timeMs: i, op });
    tree.apply(txn, 0, txn.length);
  }
  return tree;
}

function encode(tree: DataTree, sink: MemorySink): Uint8Array {
  const encoder = new SnapshotEncoder(tree, [], sink);
  encoder.step(Infinity, tickingClock(1));
  return sink.bytes();
}

describe('the pieces of a snapshot', () => {
  it('are filled again when the sink has done with them', () => {
    const tree = treeOfManyPieces();
    const sink = new RecyclingSink();
    expect(Buffer.compare(encode(tree, sink), encode(tree, new MemorySink()))).toBe(0);
    const whole = sink.pieces.filter((piece) => piece.length === PIECE_BYTES);
    expect(whole.length).toBeGreaterThan(10);
    // One is being filled while the other is written.
    expect([...sink.buffers].filter((buffer) => buffer.byteLength === PIECE_BYTES).length).toBe(2);
  });
});
