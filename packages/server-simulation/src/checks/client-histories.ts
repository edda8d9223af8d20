import {
  type AcknowledgedWrite,
  type EphemeralCreated,
  type RegisterCall,
  type RegisterOp,
  type SequentialCreate,
  checkEphemerals,
  checkRealTimeOrder,
  checkRegister,
  checkSequence,
} from '@zk/histories';
import { RecordReader, operations, utf8Text } from '@zk/jute';
import { ErrorCode, isEphemeral, isSequential } from '@zk/model';
import type { PendingCall } from '../clients/calls.js';
import { INITIAL, REGISTER } from '../clients/register.js';

/** A call that is over, in ms of the agenda. */
export interface FinishedCall {
  readonly call: PendingCall;
  readonly startMs: number;
  readonly endMs: number;
  readonly err: number;
  readonly zxid: bigint;
  /** Behind the header. */
  readonly body: Uint8Array;
}

/** The state at the end, when nobody writes. */
export interface FinalState {
  readonly atMs: number;
  readonly register: { readonly value: string; readonly version: number } | undefined;
  /** Owners of all ephemerals, by path. */
  readonly ephemerals: ReadonlyMap<string, bigint>;
  readonly ended: ReadonlySet<bigint>;
  readonly living: ReadonlySet<bigint>;
}

/** What clients saw, and nothing else: no zxid and no transaction of the servers is believed here. */
export class ClientHistories {
  private readonly writes: AcknowledgedWrite[] = [];
  private readonly register: RegisterCall[] = [];
  private readonly sequences = new Map<string, SequentialCreate[]>();
  private readonly ephemerals: EphemeralCreated[] = [];

  finished(done: FinishedCall): void {
    const { call, startMs, endMs, err, zxid } = done;
    if (pathOf(call) === REGISTER) this.ofRegister(done);
    if (err !== ErrorCode.OK) return;
    if (call.name === 'create' || call.name === 'setData' || call.name === 'delete')
      this.writes.push({ what: `${call.name} ${call.request.path}`, startMs, endMs, zxid });
    if (call.name === 'create' && isSequential(call.request.flags)) this.ofSequence(done, call.request);
  }

  /** Nobody says what became of it. */
  lost(call: PendingCall, startMs: number): void {
    if (call.name !== 'setData' || call.request.path !== REGISTER) return;
    const { version: expected, data } = call.request;
    const value = textOf(data);
    const op: RegisterOp =
      expected === -1
        ? { kind: 'set', value, version: undefined }
        : { kind: 'cas', value, expected, isDone: undefined };
    this.register.push({ op, startMs, endMs: undefined });
  }

  /** What is wrong with all of it. */
  problems({ atMs, register, ephemerals, ended, living }: FinalState): string[] {
    const last: RegisterCall[] =
      register === undefined ? [] : [{ op: { kind: 'read', ...register }, startMs: atMs, endMs: atMs + 1 }];
    const unexplained = checkRegister([...this.register, ...last], INITIAL);
    return [
      ...(unexplained === undefined ? [] : [unexplained]),
      ...checkRealTimeOrder(this.writes),
      ...[...this.sequences.values()].flatMap((creates) => checkSequence(creates)),
      ...checkEphemerals(this.ephemerals, ended, living, ephemerals),
    ];
  }

  private ofRegister({ call, startMs, endMs, err, body }: FinishedCall): void {
    const op = registerOpOf(call, err, body);
    if (op !== undefined) this.register.push({ op, startMs, endMs });
  }

  private ofSequence({ call, startMs, endMs, body }: FinishedCall, request: { path: string; flags: number }): void {
    const { path } = operations.create.readResponse(new RecordReader(body));
    const creates = this.sequences.get(request.path) ?? [];
    this.sequences.set(request.path, creates);
    creates.push({ path, startMs, endMs });
    if (isEphemeral(request.flags)) this.ephemerals.push({ path, session: call.sessionId });
  }
}

function pathOf(call: PendingCall): string | null | undefined {
  return call.name === 'setData' || call.name === 'getData' ? call.request.path : undefined;
}

/** Undefined for what neither changes nor shows the register. */
function registerOpOf(call: PendingCall, err: number, body: Uint8Array): RegisterOp | undefined {
  if (call.name === 'getData' && err === ErrorCode.OK) {
    const { data, stat } = operations.getData.readResponse(new RecordReader(body));
    return { kind: 'read', value: textOf(data), version: stat.version };
  }
  if (call.name !== 'setData') return undefined;
  const { version: expected, data } = call.request;
  const value = textOf(data);
  if (err === ErrorCode.BADVERSION) return { kind: 'cas', value, expected, isDone: false };
  if (err !== ErrorCode.OK) return undefined;
  if (expected !== -1) return { kind: 'cas', value, expected, isDone: true };
  const { stat } = operations.setData.readResponse(new RecordReader(body));
  return { kind: 'set', value, version: stat.version };
}

function textOf(data: Uint8Array | null): string {
  return data === null ? '' : utf8Text(data);
}
