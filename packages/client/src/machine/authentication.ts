import type { SaslExchange } from '@zk/contracts';
import { OpCode, Xid } from '@zk/model';
import type { RecordReader } from '@zk/jute';
import type { Outbox } from '../wire/outbox.js';

export interface Credential {
  readonly scheme: string;
  readonly auth: Uint8Array;
  /** Who waits for it to be accepted the first time. */
  readonly accepted?: () => void;
}

/** `waiting` for more replies, `done`, or refused for the reason given. */
export type AuthenticationProgress = 'waiting' | 'done' | { readonly refused: string };

const AUTH_TYPE = 0;
const NO_TOKEN = new Uint8Array(0);

/**
 * Who this client is, shown on every connection before anything else is asked: servers forget it with the connection.
 * Credentials (`auth`) are answered each by itself, under an xid of their own and in order; SASL takes several rounds.
 */
export class Authentication {
  private readonly credentials: Credential[];
  private unanswered: Credential[] = [];
  private exchange: SaslExchange | undefined;
  private saslXid = 0;

  constructor(
    credentials: readonly Credential[],
    private readonly createExchange: (() => SaslExchange) | undefined,
    private readonly nextXid: () => number,
  ) {
    this.credentials = [...credentials];
  }

  /** A new connection: writes what must be said on it. */
  begin(out: Outbox): AuthenticationProgress {
    this.unanswered = [];
    this.exchange = this.createExchange?.();
    if (this.exchange !== undefined) this.sendToken(NO_TOKEN, out);
    for (const credential of this.credentials) this.send(credential, out);
    return this.progress;
  }

  /** Shown on this and on every later connection. */
  add(credential: Credential, out: Outbox | undefined): void {
    this.credentials.push(credential);
    if (out !== undefined) this.send(credential, out);
  }

  authReply(err: number): AuthenticationProgress {
    const credential = this.unanswered.shift();
    if (credential === undefined) return { refused: 'the server answered credentials that nobody sent' };
    if (err !== 0) return { refused: `the server refused credentials of scheme "${credential.scheme}"` };
    credential.accepted?.();
    return this.progress;
  }

  isSaslReply(xid: number): boolean {
    return this.exchange !== undefined && xid === this.saslXid;
  }

  saslReply(err: number, reader: RecordReader, out: Outbox): AuthenticationProgress {
    if (err !== 0) return { refused: `the server refused SASL DIGEST-MD5: wrong user or password (${err})` };
    const step = this.exchange!.step(reader.buffer() ?? NO_TOKEN);
    if (step.kind === 'failed') return { refused: `SASL DIGEST-MD5 failed: ${step.reason}` };
    if (step.kind === 'continue') this.sendToken(step.token, out);
    else this.exchange = undefined;
    return this.progress;
  }

  private get progress(): AuthenticationProgress {
    return this.unanswered.length === 0 && this.exchange === undefined ? 'done' : 'waiting';
  }

  private send(credential: Credential, out: Outbox): void {
    this.unanswered.push(credential);
    out.begin(Xid.auth, OpCode.auth);
    out.int32(AUTH_TYPE);
    out.text(credential.scheme);
    out.buffer(credential.auth);
    out.end();
  }

  private sendToken(token: Uint8Array, out: Outbox): void {
    this.saslXid = this.nextXid();
    out.begin(this.saslXid, OpCode.sasl);
    out.buffer(token);
    out.end();
  }
}
