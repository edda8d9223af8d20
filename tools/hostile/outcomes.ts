/** Runs the cases against a server and reduces what happens to one short word each, fit for comparison. */
import { connect } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ConnectionLost, RawClient } from '../lib/raw-client.js';
import { progress } from '../lib/report.js';
import { body, ByteReader, connectPayload, ByteWriter, frame, Op } from '../lib/wire.js';
import { ROOT, STEADY, type Case } from './case.js';

/**
 * `-101`: that error, connection still usable. `-6 closed`: that error, then the end. `closed`: the end without a reply.
 * `silent`: nothing within the time given. `0[0,-103]`: a multi with the results of its parts. `session`, `refused`: the
 * answer to a ConnectRequest. `text`: an answer in plain text, then the end.
 */
export type Outcome = string;

const PING_XID = -2;
const PATIENCE_MS = 20_000;
/** Where no reply is due, a server that closes does so at once; whether it had the time to is another question. */
const SILENCE_MS = 400;
/** A request without any reply is followed by a ping after this time. */
const UNANSWERED_MS = 300;
const LATER_TIMEOUT_MS = 10_000;
/** Errors behind which a server closes the connection: unknown opcode, failed authentication. */
const CLOSING_ERRORS = new Set([-6, -115, -124]);

export async function runCases(port: number, cases: readonly Case[], label: string): Promise<Map<string, Outcome>> {
  const setup = await RawClient.open({ port });
  await setup.request(Op.create, body.create(ROOT, Buffer.alloc(0)));
  await setup.request(Op.create, body.create(STEADY, Buffer.from('steady')));
  await setup.close();
  const outcomes = new Map<string, Outcome>();
  const queue = cases[Symbol.iterator]();
  const runner = async (): Promise<void> => {
    for (const one of queue) {
      outcomes.set(one.name, await runCase(port, one));
      if (outcomes.size % 250 === 0) progress(`${label}: ${outcomes.size} of ${cases.length} cases`);
    }
  };
  await Promise.all(Array.from({ length: 12 }, runner));
  return outcomes;
}

function runCase(port: number, one: Case): Promise<Outcome> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let received: Buffer = Buffer.alloc(0);
    let isReady = !one.needsSession;
    const heard: string[] = [];
    const patience = setTimeout(() => finish('silent'), PATIENCE_MS);
    let silence: NodeJS.Timeout | undefined;
    const finish = (end: 'open' | 'closed' | 'silent'): void => {
      clearTimeout(patience);
      clearTimeout(silence);
      socket.destroy();
      const said = heard.join(' ');
      if (end === 'open') resolve(said === '' ? 'ignored' : said);
      else resolve(said === '' ? end : `${said} ${end}`);
    };
    const finishSilent = (): void => finish(heard.length > 0 ? 'open' : 'silent');
    // Only once the case is answered: the server may close right behind its reply, and a ping could slip in between.
    const pingSoon = (afterMs: number): void => {
      clearTimeout(silence);
      silence = setTimeout(() => socket.write(frame(new ByteWriter().int32(PING_XID).int32(Op.ping).take())), afterMs);
    };
    const sendCase = (): void => {
      socket.write(one.bytes);
      if (one.needsSession && one.expectsReply) pingSoon(UNANSWERED_MS);
      else silence = setTimeout(() => void movedOn(port).then(finishSilent), SILENCE_MS);
    };
    socket.on('error', () => undefined); // 'close' follows
    socket.on('close', () => finish('closed'));
    socket.on('connect', () => {
      if (one.needsSession) socket.write(frame(connectPayload(10_000)));
      else sendCase();
    });
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (!one.needsSession && received.length >= 4 && received.readInt32BE(0) > 1_000) {
        if (heard.length === 0) heard.push('text');
        return;
      }
      while (received.length >= 4 && received.length >= 4 + received.readInt32BE(0)) {
        const payload = received.subarray(4, 4 + received.readInt32BE(0));
        received = received.subarray(4 + payload.length);
        if (one.needsSession && !isReady) {
          isReady = true;
          sendCase();
        } else if (!one.needsSession) heard.push(payload.readInt32BE(4) > 0 ? 'session' : 'refused');
        else if (payload.readInt32BE(0) === PING_XID) return finish('open');
        else if (payload.readInt32BE(0) !== -1 || payload.readInt32BE(12) !== 0 || one.name.startsWith('xid -1')) {
          heard.push(describeReply(payload, one));
          pingSoon(CLOSING_ERRORS.has(payload.readInt32BE(12)) ? 250 : 0);
        }
      }
    });
  });
}

/**
 * Resolves when the server has made a session for somebody who came later: a write, so that whatever it had to say of what
 * came before has been sent by then, and has been read here two turns later.
 */
async function movedOn(port: number): Promise<void> {
  try {
    const later = await RawClient.open({ port, timeoutMs: LATER_TIMEOUT_MS });
    void later.close();
  } catch (error) {
    // A server that serves nobody any more is told by its own check.
    if (!(error instanceof ConnectionLost)) throw error;
  }
  await nextTurn();
  await nextTurn();
}

function describeReply(payload: Buffer, one: Case): string {
  const error = payload.readInt32BE(12);
  const opcode = one.bytes.length >= 12 ? one.bytes.readInt32BE(8) : 0;
  if (error !== 0 || (opcode !== Op.multi && opcode !== Op.multiRead)) return String(error);
  const codes = partCodes(payload.subarray(16));
  return codes.length > 10 ? `0[${codes.length} parts]` : `0[${codes.join(',')}]`;
}

/** Error codes of the parts, success as 0; stops at a part whose body it does not know. */
function partCodes(payload: Buffer): number[] {
  const reader = new ByteReader(payload);
  const codes: number[] = [];
  while (reader.remaining >= 9) {
    const type = reader.int32();
    if (reader.byte() !== 0) break;
    reader.int32();
    if (type === -1) codes.push(reader.int32());
    else {
      codes.push(0);
      if (type === Op.setData) reader.stat();
      else if (type === Op.getData) {
        reader.bytes();
        reader.stat();
      } else if (type !== Op.check && type !== Op.delete) break;
    }
  }
  return codes;
}
