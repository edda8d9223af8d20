/** Requests of the load generator, encoded once; sending one is a copy with a few bytes replaced. */
import { body, frame, Op } from '../lib/wire.js';

export interface RequestTemplate {
  readonly bytes: Buffer;
  /** Where the digits of the key go. */
  readonly keyAt: readonly number[];
  /** Payload length of an answer without error; 0 where it varies. */
  readonly replyLength: number;
}

const STAT_BYTES = 68;
const HEADER_BYTES = 16;

/** Layout of keys: seven digits below the common parent, or five of the connection and ten of its own counter. */
export const patch = {
  keyDigits: 7,
  privateDigits: 15,
  writePrivate(out: Buffer, connection: number, counter: number): void {
    writeDigits(out, 0, 5, connection);
    writeDigits(out, 5, 10, counter);
  },
} as const;

export interface Templates {
  readonly get: RequestTemplate;
  readonly set: RequestTemplate;
  readonly exists: RequestTemplate;
  readonly multi: RequestTemplate;
  readonly create: RequestTemplate;
  readonly delete: RequestTemplate;
  readonly watch: RequestTemplate;
  readonly fill: RequestTemplate;
  readonly close: RequestTemplate;
  readonly plainCreate: (path: string) => RequestTemplate;
}

export function makeTemplates(parent: string, data: Buffer): Templates {
  const keyed = `${parent}/${'#'.repeat(patch.keyDigits)}`;
  const own = `/bench/t/${'#'.repeat(patch.privateDigits)}`;
  const setBody = body.setData(keyed, data);
  const multiBody = body.multi([
    { type: Op.setData, body: setBody },
    { type: Op.setData, body: setBody },
  ]);
  const getLength = HEADER_BYTES + 4 + data.length + STAT_BYTES;
  return {
    get: template(Op.getData, body.pathAndFlag(keyed, false), patch.keyDigits, getLength),
    watch: template(Op.getData, body.pathAndFlag(keyed, true), patch.keyDigits, getLength),
    set: template(Op.setData, setBody, patch.keyDigits, HEADER_BYTES + STAT_BYTES),
    exists: template(Op.exists, body.pathAndFlag(keyed, false), patch.keyDigits, HEADER_BYTES + STAT_BYTES),
    multi: template(Op.multi, multiBody, patch.keyDigits, HEADER_BYTES + 2 * (9 + STAT_BYTES) + 9),
    create: template(Op.create, body.create(own, data), patch.privateDigits, 0),
    delete: template(Op.delete, body.delete(own), patch.privateDigits, HEADER_BYTES),
    fill: template(Op.create, body.create(keyed, data), patch.keyDigits, 0),
    close: template(Op.closeSession, Buffer.alloc(0), 0, 0),
    plainCreate: (path) => template(Op.create, body.create(path, Buffer.alloc(0)), 0, 0),
  };
}

/** Data that holds no '#', so that placeholders are found in the path alone. */
export function alphabet(size: number): Buffer {
  const out = Buffer.allocUnsafe(size);
  for (let i = 0; i < size; i++) out[i] = 97 + (i % 26);
  return out;
}

/** The digits of 0 .. count - 1, one behind the other. */
export function digitsOf(count: number): Buffer {
  const out = Buffer.allocUnsafe(count * patch.keyDigits);
  for (let i = 0; i < count; i++) writeDigits(out, i * patch.keyDigits, patch.keyDigits, i);
  return out;
}

function template(type: number, requestBody: Buffer, digits: number, replyLength: number): RequestTemplate {
  const payload = Buffer.alloc(8 + requestBody.length);
  payload.writeInt32BE(type, 4);
  payload.set(requestBody, 8);
  const bytes = frame(payload);
  const keyAt: number[] = [];
  if (digits > 0) {
    const placeholder = '#'.repeat(digits);
    for (let at = bytes.indexOf(placeholder); at >= 0; at = bytes.indexOf(placeholder, at + digits)) keyAt.push(at);
  }
  return { bytes, keyAt, replyLength };
}

function writeDigits(out: Buffer, at: number, digits: number, value: number): void {
  let rest = value;
  for (let i = at + digits - 1; i >= at; i--) {
    out[i] = 48 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}
