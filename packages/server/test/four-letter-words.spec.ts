import { AddWatchMode, CreateMode } from '@zk/model';
import type { RawClient } from '@zk/test-client';
import { Harness, type HarnessParts } from './harness.js';
import { outcome } from './outcomes.js';
import { VERSION_PATTERN, converse } from './plain-text.js';
import { rest } from './virtual-time.js';

describe('four-letter words', () => {
  let harness: Harness;
  let client: RawClient;

  async function start(options: HarnessParts['options'] = {}): Promise<void> {
    harness = await Harness.inVirtualTime({ options: { tickTimeMs: 2000, ...options } }).start();
    client = await harness.connect({ timeoutMs: 10_000 });
  }

  afterEach(() => harness.end());

  const sid = (c: RawClient): string => `0x${BigInt.asUintN(64, c.sessionId).toString(16)}`;

  describe('reports', () => {
    beforeEach(() => start());

    it.each([
      ['ruok', /^imok$/],
      ['isro', /^rw$/],
      ['gtmk', /^306$/],
      ['crst', /^Connection stats reset\.\n$/],
      ['srst', /^Server stats reset\.\n$/],
      ['dirs', /^datadir_size: \d+\nlogdir_size: \d+\n$/],
      ['hash', /^$/],
      ['wchs', /^0 connections watching 0 paths\nTotal watches:0\n$/],
      ['wchc', /^\n$/],
      ['wchp', /^\n$/],
    ])('%s', async (word, expected) => {
      expect(await harness.word(word)).toMatch(expected);
    });

    it('srvr', async () => {
      await client.create('/a');
      expect(await harness.word('srvr')).toMatch(
        new RegExp(
          [
            `^Zookeeper version: ${VERSION_PATTERN}`,
            String.raw`Latency min/avg/max: \d+/\d+\.\d{1,4}/\d+`,
            'Received: 3',
            'Sent: 2',
            'Connections: 2',
            'Outstanding: 0',
            'Zxid: 0x2',
            'Mode: standalone',
            'Node count: 6',
            '$',
          ].join('\n'),
        ),
      );
    });

    it('stat: srvr with the clients in it', async () => {
      const [summary, stat] = [await harness.word('srvr'), await harness.word('stat')];
      const lines = stat.split('\n');
      expect(lines.slice(0, 2)).toEqual([summary.split('\n')[0], 'Clients:']);
      expect(lines[2]).toMatch(/^ \/127\.0\.0\.1:\d+\[1\]\(queued=0,recved=1,sent=1\)$/);
      expect(lines[3]).toMatch(/^ \/127\.0\.0\.1:\d+\[0\]\(queued=0,recved=1,sent=0\)$/);
      expect(lines[4]).toBe('');
      expect(lines[5]).toMatch(/^Latency min/);
      expect(lines.slice(-3)).toEqual(['Mode: standalone', 'Node count: 5', '']);
    });

    it('conf', async () => {
      const { port } = harness.server.clientAddress;
      expect((await harness.word('conf')).replace(/Size=\d+/g, 'Size=N')).toBe(
        [
          `clientPort=${port}`,
          'secureClientPort=-1',
          'dataDir=',
          'dataDirSize=N',
          'dataLogDir=',
          'dataLogSize=N',
          'tickTime=2000',
          'maxClientCnxns=60',
          'minSessionTimeout=4000',
          'maxSessionTimeout=40000',
          'clientPortListenBacklog=-1',
          'serverId=0',
          '',
        ].join('\n'),
      );
    });

    it('cons', async () => {
      const { wallMs, monotonicMs } = { wallMs: harness.time.wallMs(), monotonicMs: harness.time.monotonicMs() };
      await client.create('/a');
      await harness.time.advance(100);
      await client.getData('/a');
      await client.ping();
      const lines = (await harness.word('cons')).split('\n');
      expect(lines[0]).toMatch(/^ \/127\.0\.0\.1:\d+\[1\]\(queued=0,recved=4,sent=4,/);
      expect(lines[0]!.slice(lines[0]!.indexOf('sid='))).toBe(
        `sid=${sid(client)},lop=PING,est=${wallMs},to=10000,lcxid=0x2,lzxid=0x2,lresp=${monotonicMs + 100},` +
          'llat=0,minlat=0,avglat=0,maxlat=0)',
      );
      expect(lines.slice(2)).toEqual(['', '']);
    });

    it('cons: a session that came back has done nothing on its new connection', async () => {
      await client.create('/a');
      const again = await harness.reattach(client);
      expect(await harness.word('cons')).toContain(`sid=${sid(again)},lop=NA,`);
      expect(await harness.word('cons')).toContain(',lcxid=0x0,lzxid=0x0,lresp=0,');
      await harness.word('crst');
      expect(await harness.word('cons')).toContain(',to=10000,lzxid=0xffffffffffffffff,lresp=0,');
    });

    it.each([
      ['SESS', () => Promise.resolve()],
      ['CREA', () => client.create2('/a')],
      ['EXIS', () => client.exists('/')],
      ['GETD', () => client.getData('/')],
      ['GETC', () => client.getChildren('/')],
      ['GETC', () => client.getChildren2('/')],
      ['GETACN', () => client.getAllChildrenNumber('/')],
      ['SETD', () => client.setData('/', 'x')],
      ['MULT', () => client.multi([])],
      ['MLTR', () => client.multiRead([])],
      ['SYNC', () => client.sync()],
      ['ADDW', () => client.addWatch('/', 0)],
      ['SETW', () => client.setWatches({})],
      ['STW2', () => client.setWatches2({})],
      ['HOMI', () => client.whoAmI()],
      ['GETE', () => client.getEphemerals()],
      ['DELE', () => outcome(client.delete('/none'))],
    ])('cons shows the last operation: %s', async (name, call) => {
      await call();
      expect(await harness.word('cons')).toContain(`,lop=${name},`);
    });

    it('dump', async () => {
      const other = await harness.connect({ timeoutMs: 20_000 });
      await client.create('/app');
      await client.create('/app/e1', null, { flags: CreateMode.ephemeral });
      const dump = await harness.word('dump');
      const date = String.raw`\w{3} \w{3} \d\d \d\d:\d\d:\d\d UTC 2026`;
      expect(dump).toMatch(
        new RegExp(
          [
            '^SessionTracker dump:',
            String.raw`Session Sets \(2\)/\(2\):`,
            `1 expire at ${date}:`,
            `\t${sid(client)}`,
            `1 expire at ${date}:`,
            `\t${sid(other)}`,
            'ephemeral nodes dump:',
            String.raw`Sessions with Ephemerals \(1\):`,
            `${sid(client)}:`,
            '\t/app/e1',
            'Connections dump:',
            String.raw`Connections Sets \(1\)/\(3\):`,
            `3 expire at ${date}:`,
            String.raw`\tip: /127\.0\.0\.1:\d+ sessionId: ${sid(client)}`,
            String.raw`\tip: /127\.0\.0\.1:\d+ sessionId: ${sid(other)}`,
            String.raw`\tip: /127\.0\.0\.1:\d+ sessionId: 0x0`,
            '$',
          ].join('\n'),
        ),
      );
      // A tick beyond the timeout, at the end of an interval of the monotonic clock.
      const due = new Date(harness.time.wallMs() + 12_000).toUTCString().split(' ');
      expect(dump).toContain(`1 expire at ${due[0]!.slice(0, 3)} ${due[2]} ${due[1]} ${due[4]} UTC ${due[3]}:`);
    });

    it('envi', async () => {
      const lines = (await harness.word('envi')).trimEnd().split('\n');
      expect(lines.map((line) => line.split('=')[0])).toEqual([
        'Environment:',
        'zookeeper.version',
        'host.name',
        'java.version',
        'java.vendor',
        'java.home',
        'java.class.path',
        'java.library.path',
        'java.io.tmpdir',
        'java.compiler',
        'os.name',
        'os.arch',
        'os.version',
        'user.name',
        'user.home',
        'user.dir',
        'os.memory.free',
        'os.memory.max',
        'os.memory.total',
      ]);
      expect(lines.slice(-3).every((line) => /=\d+MB$/.test(line))).toBe(true);
    });

    it('wchs, wchc, wchp: the data table alone', async () => {
      const other = await harness.connect();
      await client.getData('/', true);
      await outcome(client.exists('/none', true));
      await other.addWatch('/', AddWatchMode.persistentRecursive);
      await client.getChildren('/', true);
      expect(await harness.word('wchs')).toBe('2 connections watching 2 paths\nTotal watches:3\n');
      const byConnection = (await harness.word('wchc')).split('\n');
      expect(byConnection.slice(-2)).toEqual(['', '']);
      expect(byConnection.toSorted()).toEqual(['', '', sid(client), sid(other), '\t/', '\t/', '\t/none'].toSorted());
      const byPath = (await harness.word('wchp')).split('\n');
      expect(byPath.toSorted()).toEqual(
        ['', '', '/', '/none', `\t${sid(client)}`, `\t${sid(client)}`, `\t${sid(other)}`].toSorted(),
      );
    });

    it('hash: the digest at every 128th zxid, the last 1024 of them', async () => {
      for (let i = 0; i < 300; i += 100) {
        await Promise.all(Array.from({ length: 100 }, (_, j) => client.create(`/n${i + j}`)));
      }
      const { digests } = harness.server.database;
      const lines = (await harness.word('hash')).split('\n');
      expect(lines).toHaveLength(3);
      expect(lines.map((line) => line.split(':')[0])).toEqual(['80', '100', '']);
      expect(lines[0]).toMatch(/^80: -?\d+$/);
      const before = await harness.word('hash');
      await harness.restart();
      expect(await harness.word('hash')).toBe(before);
      client = await harness.connect();
      for (let i = 0; i < 2000; i++) digests.add(0, i * 128, { hi: 0, lo: i });
      expect(digests.entries()).toHaveLength(1024);
      expect([digests.entries()[0]!.digest, digests.entries()[1023]!.digest]).toEqual([976n, 1999n]);
    });
  });

  it('crst resets connections, srst the server; neither touches the other', async () => {
    await start();
    for (let i = 0; i < 5; i++) await client.exists('/');
    expect(await harness.word('srvr')).toContain('Sent: 6\n');
    await harness.word('crst');
    expect(await harness.word('cons')).toContain('recved=0,sent=0,');
    expect(await harness.word('srvr')).toContain('Sent: 9\n');
    await client.exists('/');
    await harness.word('srst');
    expect(await harness.word('srvr')).toContain('Received: 1\nSent: 1\n');
    expect(await harness.word('cons')).toContain('recved=1,sent=1,');
  });

  describe('that set a mask', () => {
    const set = (mask: bigint): Uint8Array => {
      const bytes = Buffer.from('stmk........');
      bytes.writeBigInt64BE(mask, 4);
      return bytes;
    };

    beforeEach(() => start());

    it.each([0n, 306n, -1n, 2n ** 62n])('echo it: %i', async (mask) => {
      expect(await converse(harness, [set(mask)])).toBe(String(mask));
    });

    it('wait for all of it', async () => {
      const bytes = set(77n);
      expect(await converse(harness, [bytes.slice(0, 4), bytes.slice(4, 9), bytes.slice(9)])).toBe('77');
    });
  });

  describe('that are not enabled', () => {
    it.each(['ruok', 'mntr', 'stmk', 'cons', 'dump', 'wchc'])('say so: %s', async (word) => {
      await start({ fourLetterWords: ['conf'] });
      expect(await harness.word(word)).toBe(`${word} is not executed because it is not in the whitelist.\n`);
    });

    it('do not include srvr, nor those that are listed', async () => {
      await start({ fourLetterWords: ['conf'] });
      expect(await harness.word('srvr')).toContain('Mode: standalone');
      expect(await harness.word('conf')).toContain('tickTime=2000');
    });

    it('by default are those that change something or list sessions', async () => {
      harness = await new Harness({ options: { fourLetterWords: undefined as never } }).start();
      client = await harness.connect();
      for (const word of ['ruok', 'srvr', 'stat', 'mntr', 'conf', 'isro', 'dirs', 'wchs']) {
        expect(await harness.word(word)).not.toContain('whitelist');
      }
      for (const word of ['cons', 'dump', 'wchc', 'wchp', 'crst', 'srst', 'stmk']) {
        expect(await harness.word(word)).toContain('whitelist');
      }
    });

    it('a telnet interrupt is refused by its name, or closed when everything is enabled', async () => {
      await start({ fourLetterWords: [] });
      const interrupt = new Uint8Array([0xff, 0xf4, 0xff, 0xfd]);
      expect(await converse(harness, [interrupt])).toBe(
        'telnet close is not executed because it is not in the whitelist.\n',
      );
      await harness.stop();
      await start();
      expect(await converse(harness, [interrupt])).toBe('');
    });
  });

  it('whose answer fails end without one', async () => {
    await start();
    harness.storage.usage = () => Promise.reject(new Error('no such directory'));
    expect(await harness.word('dirs')).toBe('');
    expect(await harness.word('ruok')).toBe('imok');
  });

  it('of hundreds at once are all answered', async () => {
    await start({ maxClientConnections: 0 });
    const words = ['ruok', 'srvr', 'stat', 'mntr', 'cons', 'dump', 'wchs', 'conf'];
    const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => harness.word(words[i % words.length]!)));
    expect(answers.every((answer) => answer.length > 3)).toBe(true);
    await rest();
    expect(harness.server.connections.size).toBe(1);
  });
});
