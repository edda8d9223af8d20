import { setTimeout as pause } from 'node:timers/promises';
import { OpCode, Xid, hex64 } from '@zk/model';
import {
  RecordReader,
  RecordWriter,
  equalBytes,
  readConnectRequest,
  readConnectResponse,
  writeConnectRequest,
  writeRequestHeader,
} from '@zk/jute';
import type { FrameConnection } from '../frame-connection.js';
import type { Comparable, RecordedExchange } from './recording.js';
import {
  comparableConnect,
  comparableReply,
  describeRequest,
  differences,
  fromHex,
  isEvent,
  opcodeOf,
  shortForm,
} from './recording.js';

export interface ReplayOptions {
  /** Opens a connection to a fresh, empty server. */
  readonly dial: () => Promise<FrameConnection>;
  readonly recording: readonly RecordedExchange[];
  /** Resolves when a frame has been waited for long enough; default after 20 s. The signal says that one has come. */
  readonly patience?: (came: AbortSignal) => Promise<void>;
}

/** One way in which the live server did not do what was recorded. */
export interface ReplayDifference {
  /** Index of the exchange in the recording. */
  readonly index: number;
  readonly connection: string;
  readonly what: string;
  /** Decoded, in words; expected is what was recorded. */
  readonly detail: string;
}

/** On one line. */
export function formatDifference(difference: ReplayDifference): string {
  return `#${difference.index} [${difference.connection}] ${difference.what}: ${difference.detail}`;
}

/**
 * Says to a live server what was said in a recorded conversation, request by request, and compares what comes back.
 *
 * Times, session ids, passwords and the client's address differ from run to run: they are masked (a session id is
 * compared through the one that the live server handed out in its place; 0 must stay 0). So is the order of lists that
 * the protocol leaves open. Everything else must be the same. The list of differences is empty when it is.
 */
export async function replayRecording(options: ReplayOptions): Promise<ReplayDifference[]> {
  return new Replay(options).run();
}

interface LiveConnection {
  readonly frames: FrameConnection;
  /** A read that outlived its patience; the next read continues it. */
  reading: Promise<Uint8Array> | undefined;
}

type Arrival = Uint8Array | 'closed' | 'silence';

const PATIENCE_MS = 20_000;

const someSeconds = (came: AbortSignal): Promise<void> => pause(PATIENCE_MS, undefined, { signal: came });

/** So many frames that did not come mean that the rest is not worth waiting for. */
const MAX_SILENCES = 5;

class Replay {
  private readonly found: ReplayDifference[] = [];
  private readonly connections = new Map<string, LiveConnection>();
  /** By recorded id: what the live server handed out, and the recorded password. */
  private readonly sessions = new Map<bigint, { id: bigint; password: Uint8Array; recordedPassword: Uint8Array }>();
  private silences = 0;
  private index = 0;

  constructor(private readonly options: ReplayOptions) {}

  async run(): Promise<ReplayDifference[]> {
    try {
      for (const [index, exchange] of this.options.recording.entries()) {
        this.index = index;
        await this.exchange(exchange);
        if (this.silences >= MAX_SILENCES) {
          this.differ(exchange, 'gave up: the server is silent too often');
          return this.found;
        }
      }
      await this.findSurplus();
    } finally {
      for (const { frames } of this.connections.values()) frames.destroy();
    }
    return this.found;
  }

  private async exchange(exchange: RecordedExchange): Promise<void> {
    const isConnect = !this.connections.has(exchange.connection);
    if (isConnect) {
      this.connections.set(exchange.connection, { frames: await this.options.dial(), reading: undefined });
    }
    const live = this.connections.get(exchange.connection)!;
    const request = exchange.request ? fromHex(exchange.request) : undefined;
    if (request) live.frames.send(isConnect ? this.connectRequest(request) : request);
    for (const reply of exchange.replies) {
      const expected = fromHex(reply);
      if (isConnect) await this.expectConnect(exchange, live, expected);
      else await this.expectReply(exchange, live, expected, request && opcodeOf(request));
    }
    if (exchange.closed) await this.expectClose(exchange, live);
  }

  /** The recorded request, with the session that the live server knows. */
  private connectRequest(recorded: Uint8Array): Uint8Array {
    const request = readConnectRequest(new RecordReader(recorded));
    const session = this.sessions.get(request.sessionId);
    if (!session) return recorded;
    const isRight = request.passwd !== null && sameBytes(request.passwd, session.recordedPassword);
    const writer = new RecordWriter();
    writeConnectRequest(writer, {
      ...request,
      sessionId: session.id,
      passwd: isRight ? session.password : request.passwd,
    });
    return writer.bytes();
  }

  private async expectConnect(exchange: RecordedExchange, live: LiveConnection, expected: Uint8Array): Promise<void> {
    const arrival = await this.next(live);
    if (!(arrival instanceof Uint8Array)) return this.missing(exchange, arrival, comparableConnect(expected, hex));
    const recorded = readConnectResponse(new RecordReader(expected));
    if (recorded.sessionId !== 0n && !this.sessions.has(recorded.sessionId)) {
      try {
        const granted = readConnectResponse(new RecordReader(arrival));
        const known = { id: granted.sessionId, password: granted.passwd, recordedPassword: recorded.passwd };
        if (granted.sessionId !== 0n) this.sessions.set(recorded.sessionId, known);
      } catch (error) {
        this.differ(exchange, `not a ConnectResponse: ${(error as Error).message}`);
      }
    }
    this.compare(exchange, comparableConnect(expected, this.showRecorded), comparableConnect(arrival, hex));
  }

  private async expectReply(
    exchange: RecordedExchange,
    live: LiveConnection,
    expected: Uint8Array,
    opcode: number | undefined,
  ): Promise<void> {
    const wanted = comparableReply(expected, opcode, this.showRecorded);
    for (;;) {
      const arrival = await this.next(live);
      if (!(arrival instanceof Uint8Array)) return this.missing(exchange, arrival, wanted);
      const actual = comparableReply(arrival, opcode, hex);
      if (isEvent(arrival) === isEvent(expected)) return this.compare(exchange, wanted, actual);
      if (!isEvent(arrival)) {
        live.frames.putBack(arrival);
        return this.differ(exchange, `an event did not come: ${shortForm(wanted)}`);
      }
      this.differ(exchange, `an event came that was not recorded: ${shortForm(actual)}`);
    }
  }

  private async expectClose(exchange: RecordedExchange, live: LiveConnection): Promise<void> {
    const arrival = await this.next(live);
    if (arrival === 'closed') return;
    const instead = arrival === 'silence' ? 'the connection stays open' : `got ${describeRequest(arrival)}`;
    this.differ(exchange, `expected the server to close, but ${instead}`);
  }

  /** Whatever still comes before the reply to a ping was not recorded. */
  private async findSurplus(): Promise<void> {
    for (const [name, live] of this.connections) {
      const surplus = { connection: name, what: 'after the last exchange', replies: [] };
      if (live.frames.isClosed && live.frames.waitingFrames === 0) continue;
      const ping = new RecordWriter();
      writeRequestHeader(ping, { xid: Xid.ping, type: OpCode.ping });
      live.frames.send(ping.bytes());
      for (;;) {
        const arrival = await this.next(live);
        if (!(arrival instanceof Uint8Array)) break;
        if (new RecordReader(arrival).int32() === Xid.ping) break;
        this.differ(
          surplus,
          `a frame came that was not recorded: ${shortForm(comparableReply(arrival, undefined, hex))}`,
        );
      }
    }
  }

  private async next(live: LiveConnection): Promise<Arrival> {
    live.reading ??= live.frames.nextFrame();
    const came = new AbortController();
    const { patience = someSeconds } = this.options;
    const silence = patience(came.signal)
      .catch(() => undefined)
      .then((): 'silence' => 'silence');
    const arrival = await Promise.race([live.reading.catch((): 'closed' => 'closed'), silence]);
    came.abort();
    if (arrival === 'silence') this.silences++;
    else live.reading = undefined;
    return arrival;
  }

  private readonly showRecorded = (id: bigint): string => hex(this.sessions.get(id)?.id ?? id);

  private compare(exchange: RecordedExchange, expected: Comparable, actual: Comparable): void {
    for (const detail of differences(expected, actual)) this.differ(exchange, detail);
  }

  private missing(exchange: RecordedExchange, arrival: 'closed' | 'silence', wanted: Comparable): void {
    const reason = arrival === 'closed' ? 'the server closed the connection' : 'nothing came';
    this.differ(exchange, `${reason}, expected ${shortForm(wanted)}`);
  }

  private differ(exchange: RecordedExchange, detail: string): void {
    this.found.push({ index: this.index, connection: exchange.connection, what: exchange.what, detail });
  }
}

function hex(id: bigint): string {
  return `0x${hex64(id)}`;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return equalBytes(a, 0, a.length, b, 0, b.length);
}
