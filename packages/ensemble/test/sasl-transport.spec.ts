import {
  type Connection,
  type ConnectionHandler,
  type SaslExchange,
  type Transport,
  silentLogger,
} from '@zk/contracts';
import { DigestMd5Client, DigestMd5Server, QUORUM_NAMES } from '@zk/sasl';
import { MemoryTransport } from '@zk/transport-memory';
import { encodeInitialMessage } from '@zk/zab';
import { type QuorumSaslOptions, SaslTransport } from '../src/index.js';
import { AuthStatus, decodeAuthPacket, encodeAuthPacket } from '../src/security/auth-packets.js';
import { nextTurn, realScheduler } from './cluster.js';

const random = { next: () => 0.5 };
const users = new Map([['zoo', 'secret']]);
const HOST = '127.0.0.1';
const PORT = 2888;
const INTRODUCTION = encodeInitialMessage({ server: 1n, addresses: ['127.0.0.1:3888'] });

const text = (bytes: Uint8Array, start = 0, end = bytes.length): string =>
  Buffer.from(bytes.subarray(start, end)).toString('latin1');
const introduction = text(INTRODUCTION);

const proveWith = (password: string) => (): SaslExchange =>
  new DigestMd5Client({ ...QUORUM_NAMES, username: 'zoo', password, random });
const judge = (): SaslExchange => new DigestMd5Server({ ...QUORUM_NAMES, users, random });

/** What one end of a connection heard. */
class Ear implements ConnectionHandler {
  heard = '';
  isClosed = false;

  constructor(readonly connection: Connection) {}

  onData(bytes: Uint8Array, start: number, end: number): void {
    this.heard += text(bytes, start, end);
  }

  onDrain(): void {
    throw new Error('nothing is held back here');
  }

  onClose(): void {
    this.isClosed = true;
  }

  say(what: string): void {
    const bytes = Buffer.from(what, 'latin1');
    this.connection.write(bytes, 0, bytes.length);
  }
}

async function until(isMet: () => boolean): Promise<void> {
  while (!isMet()) await nextTurn();
}

describe('connections between servers that authenticate by SASL', () => {
  const network = new MemoryTransport();
  const warnings: string[] = [];
  const logger = {
    ...silentLogger,
    warn: (fields: object) => void warnings.push((fields as { reason: string }).reason),
  };
  let accepted: Ear[] = [];
  const closers: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const { connection } of accepted) connection.destroy();
    for (const close of closers.splice(0)) await close();
    accepted = [];
    warnings.length = 0;
    for (let turn = 0; turn < 20 && network.openEndCount > 0; turn++) await nextTurn();
    expect(network.openEndCount).toBe(0);
  });

  const transportOf = (options: Partial<QuorumSaslOptions>): SaslTransport =>
    new SaslTransport(
      network,
      { prove: proveWith('secret'), judge, isProofRequired: true, timeoutMs: 60_000, ...options },
      { scheduler: realScheduler, logger },
    );

  const listen = async (transport: Transport): Promise<void> => {
    const listener = await transport.listen({ host: HOST, port: PORT }, (connection) => {
      accepted.push(new Ear(connection));
      return accepted.at(-1)!;
    });
    closers.push(() => listener.close());
  };

  const dial = async (transport: Transport, first = '', signal?: AbortSignal): Promise<Ear> => {
    let ear: Ear | undefined;
    await transport.dial({ host: HOST, port: PORT, ...(signal && { signal }) }, (connection) => {
      ear = new Ear(connection);
      closers.push(async () => connection.destroy());
      if (first !== '') ear.say(first);
      return ear;
    });
    return ear!;
  };

  const raw = (): Promise<Ear> => dial(network);

  describe.each([
    ['quorum', (transport: SaslTransport): Transport => transport, ''],
    ['election', (transport: SaslTransport): Transport => transport.elections, introduction],
  ] as const)('on %s ports', (_, portOf, first) => {
    it('carry what both ends say once each has proved itself', async () => {
      await listen(portOf(transportOf({})));
      const dialled = await dial(portOf(transportOf({})), first);
      dialled.say('hello');
      await until(() => accepted[0]?.heard === `${first}hello`);
      accepted[0]!.say('welcome');
      await until(() => dialled.heard === 'welcome');
      expect(warnings).toEqual([]);
    });

    it('are refused to who has another password', async () => {
      await listen(portOf(transportOf({})));
      await expect(dial(portOf(transportOf({ prove: proveWith('wrong') })), first)).rejects.toThrow(
        'the other server did not accept the login',
      );
      expect(warnings).toEqual(['wrong password for user "zoo"']);
      expect(accepted).toEqual([]);
    });

    it('are refused to who offers no proof, where one is required', async () => {
      await listen(portOf(transportOf({})));
      const dialled = await dial(portOf(transportOf({ prove: undefined })), first);
      dialled.say('hello, I am a learner');
      await until(() => dialled.isClosed);
      expect(warnings).toEqual(['it offers no SASL, which is required here']);
      expect(accepted).toEqual([]);
    });

    it('are given to who offers no proof, where none is required', async () => {
      await listen(portOf(transportOf({ isProofRequired: false })));
      const dialled = await dial(portOf(transportOf({ prove: undefined })), first);
      dialled.say('hello, I am a learner');
      await until(() => accepted[0]?.heard === `${first}hello, I am a learner`);
      expect([accepted.length, dialled.isClosed, warnings]).toEqual([1, false, []]);
    });

    it('tell who fails where no proof is required, but are kept from this end', async () => {
      await listen(portOf(transportOf({ isProofRequired: false })));
      await expect(dial(portOf(transportOf({ prove: proveWith('wrong') })), first)).rejects.toThrow(
        'the other server did not accept the login',
      );
      expect(warnings).toEqual(['wrong password for user "zoo"']);
      await until(() => accepted[0]?.isClosed === true);
    });

    it('are refused by who dials when the other end does not know the password either', async () => {
      const impostor = (): SaslExchange => ({
        step: (token) =>
          token.length === 0
            ? judge().step(token)
            : { kind: 'complete', token: Buffer.from('rspauth=00'), authorizationId: 'zoo' },
      });
      await listen(portOf(transportOf({ judge: impostor })));
      await expect(dial(portOf(transportOf({})), first)).rejects.toThrow(
        'the server did not prove that it knows the password',
      );
    });

    it('read an exchange in pieces of one byte', async () => {
      await listen(portOf(transportOf({})));
      const exchange = proveWith('secret')();
      const dialled = await raw();
      const sayByByte = async (bytes: Uint8Array): Promise<void> => {
        for (const byte of bytes) {
          dialled.say(String.fromCharCode(byte));
          await nextTurn();
        }
      };
      await sayByByte(Buffer.from(first, 'latin1'));
      await sayByByte(encodeAuthPacket(AuthStatus.IN_PROGRESS, new Uint8Array(0)));
      await until(() => dialled.heard.length > 16);
      const challenge = decodeAuthPacket(Buffer.from(dialled.heard, 'latin1'));
      if (typeof challenge === 'string') throw new Error(challenge);
      const answer = exchange.step(challenge.packet.token);
      if (answer.kind !== 'continue') throw new Error(answer.kind);
      await sayByByte(encodeAuthPacket(AuthStatus.IN_PROGRESS, answer.token));
      await sayByByte(Buffer.from('and then'));
      await until(() => accepted[0]?.heard === `${first}and then`);
      expect([accepted.length, dialled.isClosed, warnings]).toEqual([1, false, []]);
    });

    it('are closed when the proof takes too long', async () => {
      await listen(portOf(transportOf({ timeoutMs: 1 })));
      const dialled = await raw();
      await until(() => dialled.isClosed);
      expect(warnings).toEqual(['no proof came within 1 ms']);
    });

    it('are given up when the caller does', async () => {
      const listener = await network.listen({ host: HOST, port: PORT }, (connection) => new Ear(connection));
      closers.push(() => listener.close());
      const abort = new AbortController();
      const dialling = dial(portOf(transportOf({})), first, abort.signal);
      await nextTurn();
      abort.abort(new Error('long enough'));
      await expect(dialling).rejects.toThrow('long enough');
    });

    it('that have not proved themselves are closed with the port', async () => {
      await listen(portOf(transportOf({})));
      const dialled = await raw();
      await nextTurn();
      await closers.shift()!();
      await until(() => dialled.isClosed);
      expect(accepted).toEqual([]);
    });
  });

  it('on an election port are heard of although their end hung up at once, as who asks to be called back does', async () => {
    const { elections } = transportOf({ isProofRequired: false });
    await listen(elections);
    const dialled = await dial(transportOf({ prove: undefined }).elections, introduction);
    dialled.connection.end();
    await until(() => accepted[0]?.isClosed === true);
    expect(accepted[0]!.heard).toBe(introduction);
  });

  it('on an election port prove themselves before they hang up', async () => {
    await listen(transportOf({}).elections);
    const transport = transportOf({}).elections;
    await transport.dial({ host: HOST, port: PORT }, (connection) => {
      const ear = new Ear(connection);
      ear.say(introduction);
      connection.end();
      return ear;
    });
    await until(() => accepted[0]?.isClosed === true);
    expect(accepted[0]!.heard).toBe(introduction);
    expect(warnings).toEqual([]);
  });

  it.each([
    ['no packet', Buffer.from([0x5f, 0x24, 0x35, 0x01, 0x35, 0x01, 0xed, 0xcc, 0, 0, 0, 0, 0x7f, 0, 0, 0])],
    ['a garbled answer', Buffer.concat([0, 1].map(() => encodeAuthPacket(AuthStatus.IN_PROGRESS, Buffer.of(1, 2))))],
  ])('are closed with an error after %s', async (_, bytes) => {
    await listen(transportOf({}));
    const dialled = await raw();
    dialled.say(text(bytes));
    await until(() => dialled.isClosed);
    expect(dialled.heard.endsWith(text(encodeAuthPacket(AuthStatus.ERROR, new Uint8Array(0))))).toBe(true);
  });
});

describe('a packet of an exchange', () => {
  it('is what Apache ZooKeeper writes', () => {
    const bytes = encodeAuthPacket(AuthStatus.IN_PROGRESS, new Uint8Array(0));
    expect(Buffer.from(bytes).toString('hex')).toBe('5f2435013501edcc0000000000000000');
  });

  it('may have a null token', () => {
    const bytes = Buffer.from('5f2435013501edcc00000001ffffffff', 'hex');
    expect(decodeAuthPacket(bytes)).toEqual({
      packet: { status: AuthStatus.SUCCESS, token: new Uint8Array(0) },
      lengthBytes: 16,
    });
  });
});
