import { type LogFields, type Logger, silentLogger } from '@zk/contracts';
import { RawClient } from '@zk/test-client';
import { TcpTransport } from '@zk/transport-tcp';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DataDirectoryError } from '../src/cli/exit-codes.js';
import { composeServer } from '../src/compose.js';
import { ConfigFiles } from './config-files.js';
import { outcome } from '../../../packages/server/test/outcomes.js';

describe('the audit log of the standard node', () => {
  let files: ConfigFiles;
  let logged: string[];
  const note =
    (level: string) =>
    (fields: LogFields, message: string): void =>
      void logged.push(`${level} ${String(fields['log'] ?? '')} ${message}`);
  const loggerWith = (bound: LogFields): Logger => ({
    ...silentLogger,
    info: (fields, message) => note('info')({ ...bound, ...fields }, message),
    error: (fields, message) => note('error')({ ...bound, ...fields }, message),
    child: (fields) => loggerWith({ ...bound, ...fields }),
  });

  beforeEach(() => {
    files = new ConfigFiles();
    logged = [];
  });
  afterEach(() => files.remove());

  /** A life in which something is created, and something is refused. */
  const live = async (...lines: string[]): Promise<void> => {
    const own = ['dataDir=./data', 'clientPort=0', 'clientPortAddress=127.0.0.1'];
    const { config } = await files.load([...own, ...lines].join('\n'));
    const node = await composeServer(config, loggerWith({}));
    await node.start();
    const client = await RawClient.connect(new TcpTransport(), { ...node.clientAddress, timeoutMs: 10_000 });
    await outcome(client.create('/a'));
    await outcome(client.delete('/nowhere'));
    await client.close();
    await node.stop();
  };
  const inFile = (): string[] =>
    readFileSync(join(files.directory, 'logs/audit.log'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/user=[^\t]*\t/, ''));

  it('is a file with a line for each change, as Apache writes it', async () => {
    await live('audit.enable=true', 'audit.file=logs/audit.log');
    const begin = String.raw`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}`;
    const client = String.raw`session=0x\w+\tip=127.0.0.1\t`;
    const expected = [
      `${begin} INFO o.a.z.a.Slf4jAuditLogger: operation=serverStart\tresult=success$`,
      `${begin} INFO .*: ${client}operation=create\tznode=/a\tznode_type=persistent\tresult=success$`,
      `${begin} ERROR .*: ${client}operation=delete\tznode=/nowhere\tresult=failure$`,
      `${begin} INFO .*: operation=serverStop\tresult=invoked$`,
    ];
    expect(inFile()).toEqual(expected.map((line) => expect.stringMatching(new RegExp(line)) as string));
    expect(logged.filter((line) => line.includes('operation='))).toEqual([]);
  });

  it('goes on where it ended before', async () => {
    await live('audit.enable=true', 'audit.file=logs/audit.log');
    const before = inFile();
    await live('audit.enable=true', 'audit.file=logs/audit.log');
    expect(inFile().slice(0, before.length)).toEqual(before);
    expect(inFile().length).toBe(2 * before.length);
  });

  it('is part of the log where no file is named', async () => {
    await live('audit.enable=true');
    expect(logged.filter((line) => line.includes('operation=')).map((line) => line.split('\t').slice(-2))).toEqual([
      ['operation=serverStart', 'result=success'],
      ['znode_type=persistent', 'result=success'],
      ['znode=/nowhere', 'result=failure'],
      ['operation=serverStop', 'result=invoked'],
    ]);
    expect(logged.find((line) => line.includes('znode=/nowhere'))).toMatch(/^error audit session=0x/);
  });

  it('is not there unless it is asked for', async () => {
    await live('audit.file=logs/audit.log');
    expect(inFile).toThrow('ENOENT');
    expect(logged.filter((line) => line.includes('operation='))).toEqual([]);
  });

  it('keeps the server from starting when its file cannot be written', async () => {
    writeFileSync(join(files.directory, 'logs'), 'a file where a directory should be');
    await expect(live('audit.enable=true', 'audit.file=logs/audit.log')).rejects.toThrow(DataDirectoryError);
  });
});
