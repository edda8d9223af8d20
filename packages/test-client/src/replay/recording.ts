import { EventType, KeeperError, Xid, hex64 } from '@zk/model';
import {
  MarshallingError,
  RecordReader,
  operationName,
  operationOf,
  readConnectResponse,
  readReplyHeader,
  readRequestHeader,
  readWatcherEvent,
  utf8Text,
} from '@zk/jute';

/** One exchange of a recorded conversation; payloads of frames in hexadecimal, without their lengths. */
export interface RecordedExchange {
  /** Which connection; a new name begins with its ConnectRequest. */
  readonly connection: string;
  readonly what: string;
  /** Absent for events that the server sent on its own. */
  readonly request?: string | null;
  readonly replies: readonly string[];
  /** True where the server closed instead of answering. */
  readonly closed?: boolean;
}

/** What is the same in every run: a decoded frame, one line per field, by the field's path. */
export type Comparable = ReadonlyMap<string, string>;

/** How session ids are shown; a recorded id becomes the one that the live server handed out in its place. */
export type ShowSession = (id: bigint) => string;

export function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function isEvent(frame: Uint8Array): boolean {
  return frame.length >= 16 && frame[0] === 0xff && frame[1] === 0xff && frame[2] === 0xff && frame[3] === 0xff;
}

/** Opcode of a request; undefined for a frame too short to have one. */
export function opcodeOf(request: Uint8Array): number | undefined {
  return request.length < 8 ? undefined : readRequestHeader(new RecordReader(request)).type;
}

/** A ConnectResponse. */
export function comparableConnect(frame: Uint8Array, showSession: ShowSession): Comparable {
  return comparable(frame, showSession, (reader) => ({ connect: readConnectResponse(reader) }));
}

/** An event, or the reply to a request with the opcode. */
export function comparableReply(frame: Uint8Array, opcode: number | undefined, showSession: ShowSession): Comparable {
  return comparable(frame, showSession, (reader) => {
    const header = readReplyHeader(reader);
    if (header.xid === Xid.notification) return { zxid: header.zxid, event: readWatcherEvent(reader) };
    const operation = opcode === undefined || header.err !== 0 ? undefined : operationOf(opcode);
    const response = operation?.readResponse(reader);
    return response === undefined ? header : { ...header, [operation!.name]: response };
  });
}

function comparable(frame: Uint8Array, showSession: ShowSession, read: (reader: RecordReader) => object): Comparable {
  const lines = new Map<string, string>();
  const reader = new RecordReader(frame);
  try {
    flatten('', '', read(reader), showSession, lines);
    if (reader.remaining > 0) lines.set('bytes behind it', toHex(frame.subarray(reader.position)));
  } catch (error) {
    if (!(error instanceof MarshallingError)) throw error;
    lines.set('undecodable', `${toHex(frame)} (${error.message})`);
  }
  return lines;
}

const TIMES = new Set(['ctime', 'mtime']);
const SESSIONS = new Set(['sessionId', 'ephemeralOwner']);
const ZXIDS = new Set(['zxid', 'czxid', 'mzxid', 'pzxid']);
/** Lists whose order the protocol leaves open. */
const SETS = new Set(['children', 'ephemerals', 'clientInfo']);

/** One line per leaf. Masks what differs from run to run: times, passwords, addresses; 0 stays 0. */
function flatten(
  path: string,
  key: string,
  value: unknown,
  showSession: ShowSession,
  lines: Map<string, string>,
): void {
  if (Array.isArray(value)) {
    lines.set(`${path}.length`, String(value.length));
    const elements = SETS.has(key) ? [...(value as unknown[])].sort(byText) : (value as unknown[]);
    elements.forEach((element, i) => flatten(`${path}[${i}]`, key, element, showSession, lines));
  } else if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array)) {
    const isPeerAddress = 'authScheme' in value && value.authScheme === 'ip';
    for (const [name, part] of Object.entries(value)) {
      const shown = isPeerAddress && name === 'user' ? '(address)' : part;
      flatten(path === '' ? name : `${path}.${name}`, name, shown, showSession, lines);
    }
  } else {
    lines.set(path, leaf(path, key, value, showSession));
  }
}

function leaf(path: string, key: string, value: unknown, showSession: ShowSession): string {
  if (typeof value === 'bigint') {
    if (TIMES.has(key)) return value === 0n ? '0' : '(time)';
    if (SESSIONS.has(key)) return showSession(value);
    return ZXIDS.has(key) ? `0x${hex64(value)}` : value.toString();
  }
  if (value instanceof Uint8Array) {
    if (key === 'passwd') return `${value.some((byte) => byte !== 0) ? '(password)' : 'zeros'}, ${value.length} bytes`;
    return `"${utf8Text(value)}" = ${toHex(value)}`;
  }
  if (key === 'err') return new KeeperError(value as number).message;
  if (path === 'event.type') return eventName(value as number);
  return JSON.stringify(value) ?? 'absent';
}

function byText(a: unknown, b: unknown): number {
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)];
  return left < right ? -1 : Number(left > right);
}

function eventName(type: number): string {
  return Object.entries(EventType).find(([, number]) => number === type)?.[0] ?? `unknown(${type})`;
}

/** A frame on one line, for messages. */
export function shortForm(lines: Comparable): string {
  return [...lines].map(([path, value]) => `${path} ${value}`).join(', ');
}

/** What differs, field by field; empty when nothing does. */
export function differences(expected: Comparable, actual: Comparable): string[] {
  const undecodable = actual.get('undecodable');
  if (undecodable !== undefined)
    return [`expected ${shortForm(expected)}, got bytes that do not decode: ${undecodable}`];
  const paths = new Set([...expected.keys(), ...actual.keys()]);
  return [...paths]
    .filter((path) => expected.get(path) !== actual.get(path))
    .map((path) => `${path}: expected ${expected.get(path) ?? 'nothing'}, got ${actual.get(path) ?? 'nothing'}`);
}

/** A request on one line, for messages. */
export function describeRequest(request: Uint8Array): string {
  const opcode = opcodeOf(request);
  return opcode === undefined ? toHex(request) : `${operationName(opcode)} ${toHex(request)}`;
}
