import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { RecordedExchange } from '../src/index.js';
import { FrameConnection, formatDifference, replayRecording } from '../src/index.js';
import type { FakePeer } from './fake-server.js';
import { listenForFrames } from './fake-server.js';
import { FakeTransport } from './fake-transport.js';

const recording = JSON.parse(
  readFileSync(path.join(__dirname, 'fixtures/apache-3.9.5.json'), 'utf8'),
) as RecordedExchange[];

const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const fromHex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

/** How another run of the same server would look: other session ids, passwords, times and peer address. */
function asAnotherRun(hex: string): string {
  return hex
    .replaceAll('01000078fcee', '0300deadbeef')
    .replaceAll('000001a1fc', '000001b7aa')
    .replace(/^(0{8}00002710.{16}00000010)(.{32})/, (_, head: string, password: string) => head + reversed(password))
    .replaceAll(toHex(Buffer.from('127.0.0.1')), toHex(Buffer.from('10.0.0.99')));
}

function reversed(hex: string): string {
  return hex.match(/../g)!.reverse().join('');
}

type Change = (reply: string, exchange: RecordedExchange, k: number) => string | readonly string[];

/**
 * Plays the recording back as a server would: the replies of each exchange when its request has come, and right behind
 * them what was pushed on other connections.
 */
class PlaybackServer {
  readonly transport = new FakeTransport(64);
  readonly requests: string[] = [];
  private readonly peers = new Map<string, FakePeer>();
  private readonly names = new Map<FakePeer, string>();
  private position = 0;

  constructor(
    private readonly change: Change,
    private readonly exchanges: readonly RecordedExchange[] = recording,
  ) {}

  async start(): Promise<this> {
    await listenForFrames(this.transport, (peer, payload) => this.onFrame(peer, payload));
    return this;
  }

  dial = (): Promise<FrameConnection> => FrameConnection.dial(this.transport, { host: 'fake', port: 1 });

  private onFrame(peer: FakePeer, payload: Uint8Array): void {
    const exchange = this.exchanges[this.position];
    if (!exchange) return peer.connection.end();
    this.requests.push(toHex(payload));
    if (!this.names.has(peer)) {
      this.names.set(peer, exchange.connection);
      this.peers.set(exchange.connection, peer);
    }
    this.answer();
    while (this.position < this.exchanges.length && !this.exchanges[this.position]!.request) this.answer();
  }

  private answer(): void {
    const exchange = this.exchanges[this.position++]!;
    const peer = this.peers.get(exchange.connection)!;
    exchange.replies.forEach((reply, k) => {
      const changed = this.change(reply, exchange, k);
      for (const one of typeof changed === 'string' ? [changed] : changed) peer.send(fromHex(one));
    });
    if (exchange.closed) peer.connection.end();
  }
}

/** What is under way arrives within a few turns of the event loop: a frame has at most as many pieces. */
const TURNS = 100;

async function patience(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) await new Promise(setImmediate);
}

async function differencesWith(change: Change, exchanges = recording): Promise<string[]> {
  const server = await new PlaybackServer(change, exchanges).start();
  const found = await replayRecording({ dial: server.dial, recording: exchanges, patience });
  return found.map(formatDifference);
}

/** Changes one reply, found by what was asked, and leaves the others alone. */
function only(what: string, change: (reply: string, k: number) => string | readonly string[]): Change {
  return (reply, exchange, k) => (exchange.what === what ? change(reply, k) : reply);
}

describe('replaying a recording', () => {
  it('finds no difference in the run that was recorded', async () => {
    expect(await differencesWith((reply) => reply)).toEqual([]);
  });

  it('finds no difference in another run with its own ids, passwords, times and addresses', async () => {
    expect(await differencesWith(asAnotherRun)).toEqual([]);
  });

  it('asks for the sessions that the other run handed out, with their passwords', async () => {
    const server = await new PlaybackServer(asAnotherRun).start();
    await replayRecording({ dial: server.dial, recording });
    const recorded = recording.filter((exchange) => exchange.request).map((exchange) => exchange.request!);
    expect(server.requests).toHaveLength(recorded.length);
    const theirs = recorded.map((request) =>
      request.replace('aad34050ddc3c996441fd9d187dfa913', reversed('aad34050ddc3c996441fd9d187dfa913')),
    );
    expect(server.requests).toEqual(theirs.map((request) => request.replace('01000078fcee', '0300deadbeef')));
  });

  it.each<[string, Change, string]>([
    [
      'an error code',
      only('create: node exists', (reply) => reply.replace('ffffff92', 'ffffff9b')),
      '#12 [a] create: node exists: err: expected NODEEXISTS (-110), got NONODE (-101)',
    ],
    [
      'a zxid',
      only('create persistent', (reply) => reply.replace('0000000000000003', '0000000000000004')),
      '#2 [a] create persistent: zxid: expected 0x3, got 0x4',
    ],
    [
      'a field of a Stat',
      only('create2 persistent', (reply) => `${reply.slice(0, -24)}00000005${reply.slice(-16)}`),
      '#8 [a] create2 persistent: create2.stat.numChildren: expected 0, got 5',
    ],
    [
      'a time that is 0',
      only('create2 persistent', (reply) => reply.replace('000001a1fc375158', '0000000000000000')),
      '#8 [a] create2 persistent: create2.stat.ctime: expected (time), got 0',
    ],
    [
      'other data',
      only('getData', (reply) => reply.replace('64617461', '64617462')),
      '#23 [a] getData: getData.data: expected "data" = 64617461, got "datb" = 64617462',
    ],
    [
      'bytes behind a reply',
      only('create persistent', (reply) => `${reply}00`),
      '#2 [a] create persistent: bytes behind it: expected nothing, got 00',
    ],
    [
      'a reply that does not decode',
      only('sync', (reply) => reply.slice(0, -2)),
      '#39 [a] sync: expected xid 31, zxid 0x1a, err OK (0), sync.path "/v", got bytes that do not decode: ' +
        '0000001f000000000000001a00000000000000022f (2 bytes expected, 1 left at byte 20)',
    ],
    [
      'an event of another kind',
      only('pushed by the server', (reply) =>
        reply.replace('0000000300000003000000022f76', '0000000200000003000000022f76'),
      ),
      '#33 [a] pushed by the server: event.type: expected nodeDataChanged, got nodeDeleted',
    ],
    [
      'an event that was not recorded',
      only('ping', (reply) => ['ffffffff0000000000000018000000000000000100000003000000022f78', reply]),
      '#40 [a] ping: an event came that was not recorded: zxid 0x18, event.type nodeCreated, event.state 3, event.path "/x"',
    ],
    [
      'an event that comes after everything else',
      (reply, exchange) =>
        exchange.connection === 'h' && exchange.what !== 'connect'
          ? [reply, 'ffffffff0000000000000018000000000000000100000003000000022f78']
          : reply,
      '#93 [h] after the last exchange: a frame came that was not recorded: ' +
        'zxid 0x18, event.type nodeCreated, event.state 3, event.path "/x"',
    ],
    [
      'a reply that does not come',
      (reply, exchange) => (exchange.connection === 'h' && exchange.what !== 'connect' ? [] : reply),
      '#92 [h] auth digest wrong form: nothing came, expected xid -4, zxid 0x0, err OK (0)',
    ],
  ])('sees %s', async (_, change, expected) => {
    expect(await differencesWith(change)).toEqual([expected]);
  });

  it('sees an event that does not come, and is not confused about what follows', async () => {
    const setWatches = 'setWatches with an old relative zxid fires at once';
    expect(await differencesWith(only(setWatches, (reply, k) => (k === 0 ? [] : reply)))).toEqual([
      expect.stringContaining('event.type: expected nodeDataChanged, got nodeChildrenChanged') as string,
      expect.stringContaining('an event did not come') as string,
    ]);
  });

  it('sees a session that is refused', async () => {
    const refused = `0000000000000000${'0'.repeat(16)}00000010${'0'.repeat(32)}00`;
    const change: Change = (reply, exchange) =>
      exchange.connection === 'h' && exchange.what === 'connect' ? refused : reply;
    expect(await differencesWith(change)).toEqual([
      '#91 [h] connect: connect.timeOut: expected 10000, got 0',
      '#91 [h] connect: connect.sessionId: expected 0x1000078fcee0006, got 0x0',
      '#91 [h] connect: connect.passwd: expected (password), 16 bytes, got zeros, 16 bytes',
    ]);
  });

  it('gives up on a server that says nothing', async () => {
    const found = await differencesWith(() => []);
    expect(found.slice(0, 2)).toEqual([
      expect.stringMatching(/^#0 \[a\] connect: nothing came, expected connect.protocolVersion 0/),
      expect.stringMatching(/^#1 .* nothing came/),
    ]);
    expect(found.at(-1)).toMatch('gave up: the server is silent too often');
    expect(found.length).toBeLessThan(10);
  });
});

describe('a recorded exchange', () => {
  const CONNECT = `000000000000000000000000000027100000000000000000000000100${'0'.repeat(32)}0`;
  const GRANTED = `000000000000271001000078fcee000000000010${'ab'.repeat(16)}00`;
  const connect = { connection: 'a', what: 'connect', request: CONNECT, replies: [GRANTED] };

  it('in which the server closes matches only a server that closes', async () => {
    const ping = { connection: 'a', what: 'ping', request: 'fffffffe0000000b', replies: [], closed: true };
    expect(await differencesWith((reply) => reply, [connect, ping])).toEqual([]);

    const server = await new PlaybackServer((reply) => reply, [connect, { ...ping, closed: false }]).start();
    const found = await replayRecording({ dial: server.dial, recording: [connect, ping], patience });
    expect(found.map(formatDifference)).toEqual([
      '#1 [a] ping: expected the server to close, but the connection stays open',
    ]);
  });

  it('names the owner of an ephemeral, which must be the session of this run', async () => {
    const stat = (owner: string): string => `${'00'.repeat(44)}${owner}${'00'.repeat(16)}`;
    const exists = (owner: string): string => `00000001${'00'.repeat(12)}${stat(owner)}`;
    const ask = {
      connection: 'a',
      what: 'exists',
      request: '0000000100000003000000012f00',
      replies: [exists('01000078fcee0000')],
    };
    expect(await differencesWith(asAnotherRun, [connect, ask])).toEqual([]);
    const stranger = only('exists', () => exists('0300000000000000'));
    expect(await differencesWith(stranger, [connect, ask])).toEqual([
      '#1 [a] exists: exists.stat.ephemeralOwner: expected 0x1000078fcee0000, got 0x300000000000000',
    ]);
  });

  it('may list children in any order', async () => {
    const children = (names: string): string => `00000001${'00'.repeat(12)}00000002${names}`;
    const ask = {
      connection: 'a',
      what: 'getChildren',
      request: '0000000100000008000000012f00',
      replies: [children('00000001610000000162')],
    };
    expect(
      await differencesWith(
        only('getChildren', () => children('00000001620000000161')),
        [connect, ask],
      ),
    ).toEqual([]);
    expect(
      await differencesWith(
        only('getChildren', () => children('00000001620000000163')),
        [connect, ask],
      ),
    ).toEqual([
      '#1 [a] getChildren: getChildren.children[0]: expected "a", got "b"',
      '#1 [a] getChildren: getChildren.children[1]: expected "b", got "c"',
    ]);
  });
});
