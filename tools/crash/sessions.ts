/** Sessions that come and go while the server is being killed, and what must be true of each afterwards. */
import { setTimeout as delay } from 'node:timers/promises';
import { ConnectionLost, RawClient, SessionRefused } from '../lib/raw-client.js';
import type { SeededRandom } from '../lib/random.js';
import { body, ByteReader, CreateFlag, Op, type SessionTicket } from '../lib/wire.js';

export const SESSIONS = '/crash/sessions';
export const GHOSTS = '/crash/ghosts';

const LONG_TIMEOUT_MS = 60_000;
const GHOST_TIMEOUT_MS = 1_000;

interface KnownSession {
  readonly ticket: SessionTicket;
  /** Its ephemeral, once acknowledged. */
  path: string | undefined;
  state: 'open' | 'closing' | 'closed';
}

export class SessionChurn {
  private known: KnownSession[] = [];
  private closed: SessionTicket[] = [];
  private counter = 0;
  opened = 0;

  constructor(private readonly random: SeededRandom) {}

  /** Opens, decorates, closes and abandons sessions until the server dies or `isStopping` says so. */
  async run(port: number, isStopping: () => boolean): Promise<void> {
    try {
      while (!isStopping()) {
        await this.one(port);
        await delay(this.random.below(20));
      }
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
    }
  }

  private async one(port: number): Promise<void> {
    const isGhost = this.random.chance(0.3);
    const client = await RawClient.open({ port, timeoutMs: isGhost ? GHOST_TIMEOUT_MS : LONG_TIMEOUT_MS });
    this.opened++;
    const path = `${isGhost ? GHOSTS : SESSIONS}/s${this.counter++}`;
    if (isGhost) {
      // Nobody will ever hear of this session again: it must expire, and its znode with it.
      await client.request(Op.create, body.create(path, Buffer.alloc(0), CreateFlag.ephemeral));
      client.destroy();
      return;
    }
    const session: KnownSession = { ticket: client.ticket, path: undefined, state: 'open' };
    this.known.push(session);
    if (this.random.chance(0.7)) {
      await client.request(Op.create, body.create(path, Buffer.alloc(0), CreateFlag.ephemeral));
      session.path = path;
    }
    if (this.random.chance(0.5)) {
      session.state = 'closing';
      await client.request(Op.closeSession);
      session.state = 'closed';
    }
    client.destroy();
  }

  /** Complaints about the restarted server. Leaves no session of this churn open. */
  async verify(port: number, reader: RawClient, alsoClosed: readonly SessionTicket[]): Promise<string[]> {
    const complaints: string[] = [];
    const present = new Set((await children(reader, SESSIONS)).map((name) => `${SESSIONS}/${name}`));
    const expected = new Set<string>();
    for (const session of this.known) {
      const client = await attach(port, session.ticket);
      const id = `session 0x${session.ticket.id.toString(16)}`;
      const isAlive = client !== undefined;
      if (session.state === 'open' && !isAlive) complaints.push(`${id} was open and cannot be re-attached`);
      if (session.state === 'closed' && isAlive) complaints.push(`${id} was closed and is alive again`);
      if (session.path !== undefined && isAlive) expected.add(session.path);
      if (session.path !== undefined && isAlive !== present.has(session.path)) {
        complaints.push(
          `${id} is ${isAlive ? 'alive' : 'gone'}, its ephemeral ${session.path} is ${isAlive ? 'gone' : 'there'}`,
        );
      }
      await client?.close();
      this.closed.push(session.ticket);
    }
    const sample = [...alsoClosed, ...this.closed].slice(-20);
    for (const ticket of sample) {
      const client = await attach(port, ticket);
      if (client !== undefined) complaints.push(`closed session 0x${ticket.id.toString(16)} can be re-attached`);
      await client?.close();
    }
    const left = await children(reader, SESSIONS);
    // A create in flight at the kill belongs to a session closed above, so nothing at all may be left.
    if (left.length > 0) complaints.push(`ephemerals of closed sessions are left: ${left.join(', ')}`);
    this.known = [];
    return complaints;
  }
}

/** Waits until abandoned sessions have expired. Returns a complaint when they do not within ten seconds. */
export async function verifyGhosts(reader: RawClient): Promise<string | undefined> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const left = await children(reader, GHOSTS);
    if (left.length === 0) return undefined;
    if (performance.now() > deadline)
      return `ephemerals of sessions that must have expired are left: ${left.join(', ')}`;
    await delay(50);
  }
}

async function children(reader: RawClient, path: string): Promise<string[]> {
  const reply = await reader.request(Op.getChildren, body.pathAndFlag(path, false));
  if (reply.error !== 0) throw new Error(`reading ${path}: error ${reply.error}`);
  return new ByteReader(reply.payload).strings();
}

async function attach(port: number, session: SessionTicket): Promise<RawClient | undefined> {
  try {
    return await RawClient.open({ port, session, timeoutMs: LONG_TIMEOUT_MS });
  } catch (error) {
    if (error instanceof SessionRefused) return undefined;
    throw error;
  }
}
