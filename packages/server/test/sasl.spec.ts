import { createAuthProviders, createSaslAuthority } from '@zk/auth';
import { AUTH_PROVIDERS } from '@zk/contracts';
import { RecordReader, RecordWriter } from '@zk/jute';
import { createDigestMd5Client } from '@zk/sasl';
import { type FrameConnection, encodeConnectRequest } from '@zk/test-client';
import { Harness } from './harness.js';

const SASL = 102;
const WHO_AM_I = 107;
const CREATE = 1;
const EXISTS = 3;
const random = { next: () => 0.5 };

/** What a reply says, in the words of the tests. */
interface Reply {
  readonly err: number;
  readonly token: Uint8Array | null;
}

class Conversation {
  private xid = 0;

  constructor(readonly frames: FrameConnection) {}

  request(op: number, write: (writer: RecordWriter) => unknown = () => undefined): void {
    const writer = new RecordWriter().int32(++this.xid).int32(op);
    write(writer);
    this.frames.send(writer.bytes());
  }

  async reply(): Promise<RecordReader> {
    const reader = new RecordReader(await this.frames.nextFrame());
    expect(reader.int32()).toBe(this.xid);
    return reader;
  }

  async token(token: Uint8Array | null): Promise<Reply> {
    this.request(SASL, (writer) => writer.buffer(token));
    const reader = await this.reply();
    expect(reader.int64()).toBe(0n);
    return { err: reader.int32(), token: reader.buffer() };
  }

  async error(op: number, write?: (writer: RecordWriter) => unknown): Promise<number> {
    this.request(op, write);
    const reader = await this.reply();
    reader.int64();
    return reader.int32();
  }

  /** The whole exchange; returns its last reply. */
  async login(username: string, password: string): Promise<Reply> {
    const client = createDigestMd5Client({ username, password, random });
    const challenge = await this.token(new Uint8Array(0));
    const answer = client.step(challenge.token ?? new Uint8Array(0));
    if (answer.kind !== 'continue') return challenge;
    const verdict = await this.token(answer.token);
    if (verdict.token !== null) expect(client.step(verdict.token).kind).toBe('complete');
    return verdict;
  }

  async schemes(): Promise<string[]> {
    this.request(WHO_AM_I);
    const reader = await this.reply();
    reader.int64();
    expect(reader.int32()).toBe(0);
    const count = reader.int32();
    return Array.from({ length: count }, () => `${reader.ustring()}:${reader.ustring()}`).sort();
  }
}

/** Every expectation here was seen in Apache ZooKeeper 3.9.5. */
describe('SASL DIGEST-MD5', () => {
  const users = { bob: 'bobsecret', root: 'adminsecret' };
  let harness: Harness;
  const start = async (
    options: { keepsFailed?: boolean; saslScheme?: boolean; required?: boolean; off?: boolean } = {},
  ): Promise<Conversation> => {
    const { keepsFailed = false, saslScheme = true, required = false, off = false } = options;
    const sasl = createSaslAuthority({ users, superUsers: ['root'], keepsFailed });
    const providers = createAuthProviders({ saslScheme, ...(off ? {} : { sasl }) });
    harness = await new Harness({
      registrations: [[AUTH_PROVIDERS, providers]],
      options: { requiredAuthSchemes: required ? ['sasl'] : [] },
    }).start();
    const frames = await harness.dial();
    frames.send(encodeConnectRequest({}));
    await frames.nextFrame();
    return new Conversation(frames);
  };
  afterEach(() => harness.stop());

  it('adds the sasl id of who knows the password', async () => {
    const client = await start();
    expect(await client.login('bob', 'bobsecret')).toMatchObject({ err: 0, token: expect.any(Uint8Array) as unknown });
    expect(await client.schemes()).toEqual(['ip:127.0.0.1', 'sasl:bob']);
  });

  it('makes a super user of who is one', async () => {
    const client = await start();
    await client.login('root', 'adminsecret');
    expect(await client.schemes()).toEqual(['ip:127.0.0.1', 'sasl:root', 'super:']);
  });

  it.each([
    ['a wrong password', 'bob', 'wrong'],
    ['an unknown user', 'eve', 'bobsecret'],
  ])('answers %s with AUTHFAILED and no token, and closes', async (_name, username, password) => {
    const client = await start();
    expect(await client.login(username, password)).toEqual({ err: -115, token: null });
    await client.frames.closed;
  });

  it('answers so too when the exchange begins again, or is not one', async () => {
    const client = await start();
    await client.login('bob', 'bobsecret');
    expect(await client.token(new Uint8Array(0))).toEqual({ err: -115, token: null });
    await client.frames.closed;
  });

  it('answers with SESSIONCLOSEDREQUIRESASLAUTH where SASL is required', async () => {
    const client = await start({ required: true });
    expect(await client.login('bob', 'wrong')).toEqual({ err: -124, token: null });
    await client.frames.closed;
  });

  it('is let through where it is required, and nothing else is before', async () => {
    const client = await start({ required: true });
    await client.login('bob', 'bobsecret');
    expect(await client.error(EXISTS, (writer) => writer.ustring('/').boolean(false))).toBe(0);
    const frames = await harness.dial();
    frames.send(encodeConnectRequest({}));
    await frames.nextFrame();
    const other = new Conversation(frames);
    expect(await other.error(EXISTS, (writer) => writer.ustring('/').boolean(false))).toBe(-124);
    await frames.closed;
  });

  it('keeps who failed where it is told so', async () => {
    const client = await start({ keepsFailed: true });
    expect(await client.login('bob', 'wrong')).toEqual({ err: 0, token: null });
    expect(await client.schemes()).toEqual(['ip:127.0.0.1']);
  });

  it('answers without a token where there is no SASL', async () => {
    const client = await start({ off: true });
    expect(await client.token(new Uint8Array(0))).toEqual({ err: 0, token: null });
    expect(await client.schemes()).toEqual(['ip:127.0.0.1']);
  });

  it('closes the connection of a missing token', async () => {
    const client = await start();
    client.request(SASL, (writer) => writer.buffer(null));
    await expect(client.frames.nextFrame()).rejects.toThrow(/closed/);
    await client.frames.closed;
  });

  it.each([
    [true, 0],
    [false, -114],
  ])('knows sasl ids in ACLs where the scheme is on (%s)', async (saslScheme, err) => {
    const client = await start({ saslScheme });
    await client.login('bob', 'bobsecret');
    const create = (writer: RecordWriter): unknown =>
      writer.ustring('/mine').buffer(null).int32(1).int32(31).ustring('sasl').ustring('bob').int32(0);
    expect(await client.error(CREATE, create)).toBe(err);
  });
});
