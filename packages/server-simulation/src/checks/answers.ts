import { RecordReader, operations, utf8Text } from '@zk/jute';
import { ErrorCode, type Stat, hex64 } from '@zk/model';
import type { PendingCall } from '../clients/calls.js';
import { CONFIG_PATH } from '../clients/znodes.js';
import { checkShownConfig } from './config-answers.js';
import { checkMulti } from './multi-outcome.js';
import type { ModelTree } from './model-tree.js';
import type { InvariantName } from './violation.js';

/** A reply, behind its xid. */
export interface Answer {
  readonly err: number;
  readonly zxid: bigint;
  /** Behind the header. */
  readonly body: Uint8Array;
}

export interface AnswerProblem {
  readonly invariant: InvariantName;
  readonly detail: string;
}

const WRITES: ReadonlySet<string> = new Set([
  'create',
  'createContainer',
  'createTTL',
  'delete',
  'setData',
  'multi',
  'closeSession',
  'reconfig',
]);

export function isWrite({ name }: PendingCall): boolean {
  return WRITES.has(name);
}

/** What is wrong with an answer, given what is committed; undefined where it fits. */
export function checkAnswer(tree: ModelTree, call: PendingCall, answer: Answer): AnswerProblem | undefined {
  if (isWrite(call)) return problem('WriteIsCommitted', checkWrite(tree, call, answer));
  return problem('ReadFitsZxid', checkRead(tree, call, answer));
}

function problem(invariant: InvariantName, detail: string | undefined): AnswerProblem | undefined {
  return detail === undefined ? undefined : { invariant, detail };
}

/** The transaction of that zxid is the client's own, and did what the client is told. */
function checkWrite(tree: ModelTree, call: PendingCall, { err, zxid, body }: Answer): string | undefined {
  if (REFUSED_BEFORE.has(err)) return undefined;
  const txn = tree.txns.get(zxid);
  if (txn === undefined || txn.session !== call.sessionId || txn.cxid !== call.xid) {
    const of = txn === undefined ? 'nobody' : `request ${txn.cxid} of session 0x${hex64(txn.session)}`;
    return `it is answered with zxid 0x${hex64(zxid)}, which is of ${of}`;
  }
  if (txn.error !== err) return `error ${err} is answered, and ${txn.error} is committed`;
  if (call.name === 'multi' && err === ErrorCode.OK) return checkMulti(tree, call.request.ops, zxid, body);
  if (call.name === 'reconfig' && err === ErrorCode.OK) return checkShownConfig(tree, zxid, dataIn(body));
  if (call.name !== 'create' || err !== ErrorCode.OK) return undefined;
  const { path } = operations.create.readResponse(new RecordReader(body));
  if (tree.at(path, zxid)?.czxid !== zxid) return `${path} is said to be created`;
  return path.startsWith(call.request.path) ? undefined : `${path} is created instead of ${call.request.path}`;
}

/** Errors of requests that no leader has seen. */
const REFUSED_BEFORE: ReadonlySet<number> = new Set([
  ErrorCode.SESSIONEXPIRED,
  ErrorCode.SESSIONMOVED,
  ErrorCode.CONNECTIONLOSS,
  ErrorCode.OPERATIONTIMEOUT,
  ErrorCode.THROTTLEDOP,
]);

function checkRead(tree: ModelTree, call: PendingCall, answer: Answer): string | undefined {
  switch (call.name) {
    case 'getData':
    case 'exists':
      return checkZnode(tree, call.name, call.request.path ?? '', answer);
    case 'getChildren':
      return checkChildren(tree, call.request.path ?? '', answer);
    default:
      return undefined;
  }
}

function checkZnode(tree: ModelTree, name: 'getData' | 'exists', path: string, answer: Answer): string | undefined {
  const { err, zxid, body } = answer;
  const expected = tree.at(path, zxid);
  if (err === ErrorCode.NONODE) return expected === undefined ? undefined : `${path} is said not to exist`;
  if (err !== ErrorCode.OK) return undefined;
  if (expected === undefined) return `${path} is shown and does not exist at 0x${hex64(zxid)}`;
  if (name === 'exists')
    return differences(path, zxid, expected, operations.exists.readResponse(new RecordReader(body)).stat);
  const { stat } = operations.getData.readResponse(new RecordReader(body));
  const text = dataIn(body);
  if (path === CONFIG_PATH) return checkShownConfig(tree, zxid, text);
  if (text !== expected.data)
    return `${path} is shown with "${beginning(text)}", and has "${beginning(expected.data)}" at 0x${hex64(zxid)}`;
  return differences(path, zxid, expected, stat);
}

/** The value in a reply to getData or reconfig. */
export function dataIn(body: Uint8Array): string {
  const { data } = operations.getData.readResponse(new RecordReader(body));
  return data === null ? '' : utf8Text(data);
}

/** As much of a value as tells it from others. */
export function beginning(text = ''): string {
  return text.slice(0, 40);
}

const STAT_FIELDS = ['version', 'czxid', 'mzxid', 'ephemeralOwner'] as const;

function differences(
  path: string,
  zxid: bigint,
  expected: Pick<Stat, (typeof STAT_FIELDS)[number]>,
  stat: Stat,
): string | undefined {
  const field = STAT_FIELDS.find((each) => expected[each] !== stat[each]);
  if (field === undefined) return undefined;
  return `${path} is shown with ${field} ${stat[field]}, and has ${expected[field]} at 0x${hex64(zxid)}`;
}

function checkChildren(tree: ModelTree, path: string, { err, zxid, body }: Answer): string | undefined {
  if (err !== ErrorCode.OK) return undefined;
  const shown = [...(operations.getChildren.readResponse(new RecordReader(body)).children ?? [])].filter(
    (name) => name !== 'zookeeper',
  );
  const expected = tree.childrenAt(path, zxid).join();
  const text = shown.sort().join();
  return text === expected ? undefined : `${path} is shown with children ${text}, and has ${expected}`;
}
