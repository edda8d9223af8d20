import { type MultiOp, type MultiResult, RecordReader, operations } from '@zk/jute';
import { ErrorCode, hex64, isEphemeral, isSequential } from '@zk/model';
import { type ModelTree, split } from './model-tree.js';

interface DraftZnode {
  readonly version: number;
  readonly isEphemeral: boolean;
}

/** The tree as the earlier parts of a multi have left it. */
class Draft {
  private readonly changed = new Map<string, DraftZnode | undefined>();

  /** @param before zxid of the state that the first part meets */
  constructor(
    private readonly tree: ModelTree,
    private readonly before: bigint,
  ) {}

  /** @returns the error that the part fails with, or 0 */
  perform(op: MultiOp): number {
    switch (op.op) {
      case 'check':
        return this.errorAt(op.path, op.version);
      case 'setData':
        return this.setData(op.path ?? '', op.version);
      case 'delete':
        return this.delete(op.path, op.version);
      default:
        return this.create(op);
    }
  }

  versionOf(path: string): number | undefined {
    return this.at(path)?.version;
  }

  private setData(path: string, version: number): number {
    const error = this.errorAt(path, version);
    const znode = this.at(path);
    if (error === ErrorCode.OK && znode !== undefined) this.changed.set(path, { ...znode, version: znode.version + 1 });
    return error;
  }

  private delete(path: string, version: number): number {
    const error = this.errorAt(path, version);
    if (error !== ErrorCode.OK) return error;
    if (this.hasChildren(path)) return ErrorCode.NOTEMPTY;
    this.changed.set(path, undefined);
    return ErrorCode.OK;
  }

  private create({ path, flags }: Extract<MultiOp, { readonly flags: number }>): number {
    const [parentPath] = split(path);
    const parent = this.at(parentPath);
    if (parent === undefined) return ErrorCode.NONODE;
    if (!isSequential(flags) && this.at(path) !== undefined) return ErrorCode.NODEEXISTS;
    if (parent.isEphemeral) return ErrorCode.NOCHILDRENFOREPHEMERALS;
    // A sequential one gets a name that no other part can know; its parent has a child from here on.
    this.changed.set(path, { version: 0, isEphemeral: isEphemeral(flags) });
    return ErrorCode.OK;
  }

  private errorAt(path: string, version: number): number {
    const znode = this.at(path);
    if (znode === undefined) return ErrorCode.NONODE;
    return version === -1 || version === znode.version ? ErrorCode.OK : ErrorCode.BADVERSION;
  }

  private at(path: string): DraftZnode | undefined {
    if (this.changed.has(path)) return this.changed.get(path);
    const znode = this.tree.at(path, this.before);
    return znode && { version: znode.version, isEphemeral: znode.ephemeralOwner !== 0n };
  }

  private hasChildren(path: string): boolean {
    const known = this.tree.childrenAt(path, this.before).map((name) => `${path}/${name}`);
    const drafted = [...this.changed.keys()].filter((each) => split(each)[0] === path);
    return [...known, ...drafted].some((each) => this.at(each) !== undefined);
  }
}

/**
 * What is wrong with the results of the parts of a multi (spec: client protocol, section 8.2); undefined where they fit. All
 * parts have happened, and show what they did; or none has, and each has an error: 0 in front of the one that failed,
 * RUNTIMEINCONSISTENCY behind it.
 * @param zxid of the multi's own transaction
 */
export function checkMulti(
  tree: ModelTree,
  ops: readonly MultiOp[],
  zxid: bigint,
  body: Uint8Array,
): string | undefined {
  const { results } = operations.multi.readResponse(new RecordReader(body));
  if (results.length !== ops.length) return `${ops.length} parts have ${results.length} results`;
  const draft = new Draft(tree, zxid - 1n);
  const versions: (number | undefined)[] = [];
  for (const [index, op] of ops.entries()) {
    const error = draft.perform(op);
    if (error !== ErrorCode.OK) return checkRefusal(results, index, error);
    versions.push(draft.versionOf(op.path ?? ''));
  }
  const odd = results.findIndex((result, index) => !isDone(ops[index]!, result, zxid, versions[index]));
  return odd === -1
    ? undefined
    : `part ${odd}, ${ops[odd]!.op} of ${ops[odd]!.path}, has ${shownResult(results[odd]!)}`;
}

function checkRefusal(results: readonly MultiResult[], culprit: number, error: number): string | undefined {
  const expected = results.map((_, index) =>
    index < culprit ? ErrorCode.OK : index === culprit ? error : ErrorCode.RUNTIMEINCONSISTENCY,
  );
  const isExpected = (result: MultiResult, index: number): boolean =>
    result.op === 'error' && result.err === expected[index];
  if (results.every(isExpected)) return undefined;
  return `errors ${expected.join()} are due, and it has ${results.map(shownResult).join()}`;
}

/** @param version of the znode behind this part */
function isDone(op: MultiOp, result: MultiResult, zxid: bigint, version: number | undefined): boolean {
  if (op.op === 'check' || op.op === 'delete') return result.op === op.op;
  if (op.op === 'setData')
    return result.op === 'setData' && result.stat.version === version && result.stat.mzxid === zxid;
  if (result.op !== 'create' && result.op !== 'create2') return false;
  const isNamed = isSequential(op.flags) ? result.path.startsWith(op.path) : result.path === op.path;
  return isNamed && (result.op === 'create' || result.stat.czxid === zxid);
}

function shownResult(result: MultiResult): string {
  if (result.op === 'error') return `error ${result.err}`;
  if (result.op === 'setData') return `setData to version ${result.stat.version} at 0x${hex64(result.stat.mzxid)}`;
  return 'path' in result ? `${result.op} of ${result.path}` : result.op;
}
