import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { FileStorage } from '../src/index.js';
import { DataDir, Lines, LOWEST, logFile, logHeader, replay } from './support.js';

const seal = Buffer.from('00000001000000012f', 'hex');
const wholeSnapshot = Buffer.concat([Buffer.from('5a4b534e00000002ffffffffffffffff', 'hex'), seal]);

describe('opening a data directory', () => {
  let dir: DataDir;
  beforeEach(() => {
    dir = new DataDir();
  });
  afterEach(() => dir.dispose());

  it('creates what is missing, unless told not to', async () => {
    const dataDir = join(dir.path, 'a/b/c');
    await expect(new FileStorage({ dataDir, autocreate: false }).open()).rejects.toThrow(/does not exist.*create it/);
    const storage = new FileStorage({ dataDir, dataLogDir: join(dir.path, 'log') });
    await storage.open();
    expect(storage.location).toEqual({ dataDir, dataLogDir: join(dir.path, 'log') });
    expect(await storage.usage()).toEqual({ logBytes: 0, snapshotBytes: 0 });
    await storage.close();
  });

  it('says so when the directory is none', async () => {
    dir.write('file', 'x');
    const storage = new FileStorage({ dataDir: join(dir.version2, 'file') });
    await expect(storage.open()).rejects.toThrow();
    rmSync(dir.version2, { recursive: true });
    writeFileSync(dir.version2, 'x');
    await expect(dir.storage().open()).rejects.toThrow(/version-2 is not a directory/);
  });

  it('removes what interrupted writes have left, except the epoch that still means something', async () => {
    for (const name of ['.snapshot.5.tmp', '.snapshot.5.gz.tmp', 'snapshot.6.tmp', 'snapshot.6.snappy.tmp']) {
      dir.write(name, '3');
    }
    for (const name of ['acceptedEpoch.tmp', 'currentEpoch.tmp', '.cut-log.1-16.tmp', '.zk-probe'])
      dir.write(name, '3');
    dir.write('acceptedEpoch', '2');
    const storage = await dir.opened();
    expect(dir.names()).toEqual(['.zk-lock', 'acceptedEpoch', 'currentEpoch.tmp']);
    expect(await storage.state.read('currentEpoch.tmp')).toBe('3');
    expect(await storage.state.read('acceptedEpoch')).toBe('2');
    await storage.state.write('currentEpoch', '3');
    expect(await storage.state.read('currentEpoch.tmp')).toBeUndefined();
  });

  it.each(['foo.tmp', 'snapshot.tmp', 'snapshot.5.bak.tmp', 'log.5.tmp', 'myid.tmp', 'my-acceptedEpoch.tmp'])(
    'leaves %s to whoever has put it there',
    async (name) => {
      dir.write(name, 'x');
      await dir.opened();
      expect(dir.names()).toContain(name);
    },
  );

  it.each(['../x', 'a/b', '', '.zk-lock', 'log.1', 'snapshot.1'])(
    'has no state file with the name "%s"',
    async (name) => {
      const storage = await dir.opened();
      await expect(storage.state.read(name)).rejects.toThrow('cannot be the name of a state file');
      expect(() => storage.state.write(name, '1')).toThrow('cannot be the name of a state file');
    },
  );

  it('reports a state file that cannot be written, and goes on with the next', async () => {
    const storage = await dir.opened();
    mkdirSync(join(dir.version2, 'currentEpoch'));
    const refused = storage.state.write('currentEpoch', '1');
    const next = storage.state.write('acceptedEpoch', '1');
    await expect(refused).rejects.toMatchObject({ code: 'EISDIR' });
    await next;
    expect(await storage.state.read('acceptedEpoch')).toBe('1');
    expect(dir.names()).not.toContain('currentEpoch.tmp');
  });

  describe('with separate directories', () => {
    it.each([
      ['a log among the snapshots', 'data', 'log.1', logFile(1n), /has a txn log, log\.1, but dataLogDir is/],
      [
        'a snapshot among the logs',
        'log',
        'snapshot.0.gz',
        wholeSnapshot,
        /has a snapshot, snapshot\.0\.gz, but dataDir is/,
      ],
    ])('refuses %s', async (_what, where, name, bytes, message) => {
      const version2 = join(dir.path, where, 'version-2');
      mkdirSync(version2, { recursive: true });
      writeFileSync(join(version2, name), bytes);
      const storage = new FileStorage({ dataDir: join(dir.path, 'data'), dataLogDir: join(dir.path, 'log') });
      await expect(storage.open()).rejects.toThrow(message);
    });
  });

  describe('with transactions and no snapshot', () => {
    it('refuses, unless an empty tree is trusted', async () => {
      const file = dir.write('log.5', logFile(5n));
      await expect(dir.storage({ trustEmptySnapshot: false }).open()).rejects.toMatchObject({
        name: 'CorruptionError',
        file,
        detail: expect.stringMatching(/transactions from zxid 0x5 on, but no snapshot/),
        advice: expect.stringContaining('snapshot.trust.empty=true'),
      });
      const storage = await dir.opened();
      expect((await replay(storage, LOWEST)).zxids).toEqual([5n]);
    });

    it('does not mind logs without entries', async () => {
      dir.write('log.1', Buffer.concat([logHeader, Buffer.alloc(1000)]));
      const storage = await dir.opened({ trustEmptySnapshot: false });
      expect((await replay(storage, LOWEST)).zxids).toEqual([]);
    });

    it('does not mind when there is a snapshot', async () => {
      dir.write('log.1', logFile(1n));
      dir.write('snapshot.0', wholeSnapshot);
      const storage = await dir.opened({ trustEmptySnapshot: false });
      expect((await replay(storage, LOWEST)).zxids).toEqual([1n]);
    });
  });

  it('refuses when there are snapshots and none is whole', async () => {
    dir.write('snapshot.7', wholeSnapshot.subarray(0, 20));
    dir.write('snapshot.9.gz', 'not gzip');
    await expect(dir.storage({ trustEmptySnapshot: false }).open()).rejects.toThrow(
      /snapshot\.7, snapshot\.9\.gz.*none of them is whole/,
    );
  });

  it('starts over when the very first snapshot was never finished', async () => {
    dir.write('snapshot.0', wholeSnapshot.subarray(0, 20));
    const storage = await dir.opened({ trustEmptySnapshot: false });
    expect(await storage.snapshots.list()).toEqual([]);
  });

  it.each([
    [
      'of something else',
      Buffer.from('#!/bin/sh and more text'),
      /expected 0x5a4b4c47 "ZKLG", found 0x23212f62 "#!\/b"/,
    ],
    ['of a snapshot', wholeSnapshot, /found 0x5a4b534e "ZKSN"/],
    ['of half a header', logHeader.subarray(0, 5), /expected a header of 16 bytes, found 5/],
  ])('refuses a log with the beginning %s', async (_what, bytes, detail) => {
    const file = dir.write('log.3', bytes);
    const error: unknown = await dir
      .storage()
      .open()
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({ name: 'CorruptionError', file });
    expect((error as Error).message).toMatch(detail);
    // A refused start leaves no lock.
    expect(dir.names()).toEqual(['log.3']);
  });

  it('refuses a directory with the name of a log, and says where it is', async () => {
    const directory = join(dir.version2, 'log.300');
    mkdirSync(directory);
    await expect(dir.storage().open()).rejects.toMatchObject({
      name: 'CorruptionError',
      file: directory,
      detail: 'expected a txn log, found a directory',
    });
  });

  it.each(['snapshot.300', 'snapshot.300.gz', 'snapshot.300.snappy', 'left.tmp'])(
    'takes no notice of a directory with the name %s',
    async (name) => {
      mkdirSync(join(dir.version2, name));
      dir.write('snapshot.1', wholeSnapshot);
      const storage = await dir.opened({ trustEmptySnapshot: false });
      expect((await storage.snapshots.list()).map((info) => info.name)).toEqual(['snapshot.1']);
      await storage.snapshots.removeAfter(0n);
      expect(dir.names()).toContain(name);
    },
  );

  it('refuses an empty log that is not the last', async () => {
    dir.write('log.1', '');
    dir.write('log.2', logFile(2n));
    await expect(dir.storage().open()).rejects.toMatchObject({ name: 'CorruptionError' });
  });
});

describe('the lock of a data directory', () => {
  let dir: DataDir;
  beforeEach(() => {
    dir = new DataDir();
  });
  afterEach(() => dir.dispose());
  const lockText = () => JSON.parse(readFileSync(join(dir.version2, '.zk-lock'), 'utf8')) as Record<string, unknown>;

  it('keeps a second server of the same process out, also through another path', async () => {
    await dir.opened();
    await expect(dir.storage().open()).rejects.toThrow(/in use by another server in this process/);
    const other = new FileStorage({ dataDir: join(dir.path, 'version-2', '..') });
    await expect(other.open()).rejects.toThrow(/directory of its own/);
  });

  it('goes with the server', async () => {
    const first = await dir.opened();
    expect(dir.names()).toEqual(['.zk-lock']);
    await first.close();
    expect(dir.names()).toEqual([]);
    await dir.opened();
  });

  it('keeps a server of another process out while that one lives', async () => {
    const first = await dir.opened();
    const own = lockText();
    await first.close();
    dir.write('.zk-lock', JSON.stringify({ ...own, pid: process.ppid, started: '' }));
    await expect(dir.storage().open()).rejects.toThrow(
      new RegExp(`in use by process ${process.ppid} on this machine. Stop that server`),
    );
  });

  if (existsSync('/dev/full')) {
    it('is not left behind half written when the disk is full', async () => {
      symlinkSync('/dev/full', join(dir.version2, `.zk-lock.${process.pid}`));
      await expect(dir.storage().open()).rejects.toThrow(/Cannot write .*ENOSPC.*Is there space/);
      expect(dir.names()).toEqual([]);
    });
  }

  // Elsewhere nothing tells such a process from a living one.
  if (existsSync('/proc/self/stat')) {
    it('is taken over from a server that has ended but whose end nobody has noticed', async () => {
      const first = await dir.opened();
      const own = lockText();
      await first.close();
      // Killed once its parent is a program that never asks how its children end.
      const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'inherit'] });
      try {
        const pid = Number(((await once(parent.stdout, 'data')) as [Buffer])[0]);
        while (readFileSync(`/proc/${String(parent.pid)}/comm`, 'utf8') !== 'sleep\n') await setImmediate();
        process.kill(pid, 'SIGKILL');
        while (!readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')) await setImmediate();
        dir.write('.zk-lock', JSON.stringify({ ...own, pid, started: '' }));
        await dir.opened();
        expect(lockText()).toEqual(own);
      } finally {
        parent.kill();
        await once(parent, 'close');
      }
    });
  }

  it.each([
    ['whose process is gone', (own: object) => JSON.stringify({ ...own, pid: 0x7fff_fff0 })],
    [
      'whose pid belongs to a younger process',
      (own: object) => JSON.stringify({ ...own, pid: process.ppid, started: '1' }),
    ],
    ['of an earlier process with our own pid', (own: object) => JSON.stringify({ ...own })],
    ['from before the last boot', (own: object) => JSON.stringify({ ...own, pid: process.ppid, boot: 'another' })],
    ['from another host', (own: object) => JSON.stringify({ ...own, pid: process.ppid, host: 'another' })],
    ['that a crash of the machine has emptied', () => ''],
  ])('is taken over from a server %s', async (_who, text) => {
    const first = await dir.opened();
    const own = lockText();
    await first.close();
    dir.write('.zk-lock', text(own));
    const logger = new Lines();
    await dir.opened({ logger });
    expect(lockText()).toEqual(own);
    expect(logger.lines).toEqual(['info taking over the lock of a server that is gone']);
  });
});
