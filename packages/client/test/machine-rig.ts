import type { ConnectionState } from '@zk/client-api';
import { silentLogger, type SaslExchange } from '@zk/contracts';
import {
  RecordWriter,
  readInt32,
  readConnectRequest,
  RecordReader,
  writeConnectResponse,
  writeReplyHeader,
} from '@zk/jute';
import { OpCode } from '@zk/model';
import type { ServerAddress } from '../src/connection-string.js';
import { ConnectionMachine } from '../src/machine/connection-machine.js';
import { Request, type RequestKind } from '../src/machine/request.js';
import { MetricsRecorder } from '../src/metrics.js';
import { completeOptions } from '../src/complete-options.js';
import type { CommonOptions } from '../src/options.js';
import { existsKind, getKind, setKind } from '../src/wire/kinds.js';

export interface SentFrame {
  readonly xid: number;
  readonly opcode: number;
}

const PASSWORD = new Uint8Array(16).fill(7);

/** A connection machine without anything around it: the test is network, clock and server. */
export class MachineRig {
  nowMs = 1_000_000;
  wallOffsetMs = 0;
  wakeAtMs = Infinity;
  /** Whether the transport takes what is written at once. */
  isTaking = true;
  readonly states: ConnectionState[] = [];
  readonly calls: string[] = [];
  /** Frames sent, the handshake not counted. */
  readonly sent: SentFrame[] = [];
  readonly events: string[] = [];
  readonly metrics = new MetricsRecorder();
  readonly machine: ConnectionMachine;
  attempt = 0;
  handshake: ReturnType<typeof readConnectRequest> | undefined;
  private isTurnEndCalled = false;
  private isShakingHands = false;

  constructor(
    options: CommonOptions = {},
    servers: readonly ServerAddress[] = [{ host: 'a', port: 1 }],
    sasl?: () => SaslExchange,
  ) {
    const complete = completeOptions({ sessionTimeout: 9_000, shuffle: false, ...options }, servers.length);
    const clock = { monotonicMs: () => this.nowMs, wallMs: () => this.nowMs + this.wallOffsetMs };
    const parts = {
      options: complete,
      servers,
      clock,
      random: { next: () => 0.999 },
      logger: silentLogger,
      metrics: this.metrics,
      createSaslExchange: sasl,
    };
    this.machine = new ConnectionMachine(
      parts,
      {
        resolve: (attempt, host) => this.note(attempt, `resolve ${host}`),
        dial: (attempt, address) => this.note(attempt, `dial ${address}`),
        hangUp: (attempt, isInOrder) => void this.calls.push(`${isInOrder ? 'end' : 'hang up'} ${attempt}`),
        write: (bytes, end) => this.written(bytes, end),
        wakeAt: (atMs) => (this.wakeAtMs = atMs),
        callAtTurnEnd: () => (this.isTurnEndCalled = true),
        probe: ({ host }) => void this.calls.push(`probe ${host}`),
      },
      {
        stateChanged: (state) => void this.states.push(state),
        sessionChanged: () => undefined,
        established: () => undefined,
        announced: () => undefined,
        connectionLost: () => undefined,
        sessionLost: () => undefined,
        notified: () => void this.events.push('event'),
        ended: () => undefined,
      },
    );
  }

  start(): this {
    this.machine.start();
    return this;
  }

  /** Resolves, dials and shakes hands. */
  connect(grant: { readonly id?: bigint; readonly timeoutMs?: number; readonly isReadOnly?: boolean } = {}): this {
    if (this.calls.at(-1)?.startsWith('resolve') !== true)
      this.passUntil(() => this.calls.at(-1)!.startsWith('resolve'));
    this.machine.resolved(this.attempt, ['10.0.0.1']);
    this.dialed();
    return this.grant(grant);
  }

  dialed(): this {
    this.isShakingHands = true;
    this.machine.dialed(this.attempt);
    return this;
  }

  grant({ id = 0x1234n, timeoutMs = 9_000, isReadOnly = false } = {}): this {
    const writer = new RecordWriter();
    const response = { protocolVersion: 0, timeOut: timeoutMs, sessionId: id, passwd: PASSWORD, readOnly: isReadOnly };
    writeConnectResponse(writer, response);
    return this.receive(writer.bytes());
  }

  receive(...payloads: readonly Uint8Array[]): this {
    const writer = new RecordWriter();
    for (const payload of payloads) writer.int32(payload.length).raw(payload);
    const bytes = writer.bytes();
    this.machine.received(this.attempt, bytes, 0, bytes.length);
    return this.endTurn();
  }

  reply(xid: number, { zxid = 5n, err = 0, body = new Uint8Array(0) as Uint8Array } = {}): this {
    return this.receive(replyFrame(xid, zxid, err, body));
  }

  request(path: string, kind: RequestKind = existsKind): Request {
    const request = new Request(kind, '', path);
    request.submittedAtMs = this.nowMs;
    request.promise.catch(() => undefined);
    this.machine.submit(request);
    return request;
  }

  get(path: string): Request {
    return this.request(path, getKind);
  }

  set(path: string): Request {
    return this.request(path, setKind);
  }

  endTurn(): this {
    while (this.isTurnEndCalled) {
      this.isTurnEndCalled = false;
      this.machine.turnEnded();
    }
    return this;
  }

  /** Lets time pass, timers firing when they are due. */
  pass(ms: number): this {
    const untilMs = this.nowMs + ms;
    for (let i = 0; this.wakeAtMs <= untilMs; i++) {
      if (i > 100_000) throw new Error('timers without end');
      this.nowMs = Math.max(this.nowMs, this.wakeAtMs);
      this.wakeAtMs = Infinity;
      this.machine.tick();
      this.endTurn();
    }
    this.nowMs = untilMs;
    return this;
  }

  passUntil(test: () => boolean): this {
    for (let i = 0; !test(); i++) {
      if (i > 100_000) throw new Error('it never happens');
      this.pass(1);
    }
    return this;
  }

  close(error?: Error): this {
    this.machine.closed(this.attempt, error);
    return this.endTurn();
  }

  get lastSent(): SentFrame {
    return this.sent.at(-1)!;
  }

  get pings(): number {
    return this.sent.filter(({ opcode }) => opcode === OpCode.ping).length;
  }

  private note(attempt: number, what: string): void {
    this.attempt = attempt;
    this.calls.push(what);
  }

  private written(bytes: Uint8Array, end: number): boolean {
    let at = 0;
    if (this.isShakingHands) {
      this.isShakingHands = false;
      this.handshake = readConnectRequest(new RecordReader(bytes, 4, end));
      at = 4 + readInt32(bytes, 0);
    }
    for (; at < end; at += 4 + readInt32(bytes, at)) {
      this.sent.push({ xid: readInt32(bytes, at + 4), opcode: readInt32(bytes, at + 8) });
    }
    return this.isTaking;
  }
}

export function replyFrame(xid: number, zxid = 5n, err = 0, body: Uint8Array = new Uint8Array(0)): Uint8Array {
  const writer = new RecordWriter();
  writeReplyHeader(writer, { xid, zxid, err });
  return writer.raw(body).bytes();
}
