/** The audit log: the same changes asked of Apache's server and of ours, and the lines that both write about them compared. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { temporaryDirectory } from '../lib/launch.ts';
import { RawClient } from '../lib/raw-client.ts';
import { ByteWriter, CreateFlag, Op, body } from '../lib/wire.ts';
import { installApache } from './install.ts';
import type { Peer } from './peers.ts';
import { startServer } from './server.ts';
import type { StartOptions } from './server.ts';

const AUTH_XID = -4;
const TTL = { plain: 5, sequential: 6 };

export const audit: Peer = {
  name: 'audit',
  title: "the audit log, line by line beside Apache's",
  startsItsOwn: true,
  notOnEnsembles: 'it starts two single servers',
  install: async () => {
    await installApache();
    return async ({ report }) => {
      const [theirs, ours] = await Promise.all([linesOfApache(), linesOfOurs()]);
      report.check('Apache writes an audit log', theirs.length > 20, `${theirs.length} lines`);
      report.check('ours has as many lines', ours.length === theirs.length, `${ours.length}, not ${theirs.length}`);
      theirs.forEach((line, index) => report.equal(`line ${index + 1} is the same`, ours[index] ?? '', line));
    };
  },
};

function linesOfApache(): Promise<string[]> {
  const file = join(temporaryDirectory('zk-audit-'), 'audit.log');
  return linesOf('apache', file, { settings: { 'audit.enable': 'true' }, logback: logbackTo(file) });
}

function linesOfOurs(): Promise<string[]> {
  const file = join(temporaryDirectory('zk-audit-'), 'audit.log');
  return linesOf('zk', file, { settings: { 'audit.enable': 'true', 'audit.file': file } });
}

async function linesOf(kind: 'zk' | 'apache', file: string, options: StartOptions): Promise<string[]> {
  const server = await startServer(kind, options);
  try {
    await change(Number(server.address.split(':')[1]));
  } finally {
    await server.stop();
  }
  return comparable(readFileSync(file, 'utf8'));
}

async function change(port: number): Promise<void> {
  const client = await RawClient.open({ port, timeoutMs: 30_000 });
  const ask = (type: number, request: Uint8Array): Promise<unknown> => client.request(type, request);
  await ask(Op.create, body.create('/a', Buffer.from('x')));
  await ask(Op.create2, body.create('/a/two', null));
  await ask(Op.create, body.create('/a/e', null, CreateFlag.ephemeral));
  await ask(Op.create, body.create('/a/s-', null, CreateFlag.sequential));
  await ask(Op.create2, body.create('/a/es-', null, CreateFlag.ephemeralSequential));
  await ask(Op.createContainer, body.create('/c', null, CreateFlag.container));
  await ask(Op.createTTL, body.createTtl('/t', null, TTL.plain, 60_000n));
  await ask(Op.createTTL, body.createTtl('/t-', null, TTL.sequential, 60_000n));
  await ask(Op.setData, body.setData('/a', Buffer.from('y')));
  await ask(Op.setData, body.setData('/a', null, 77));
  await ask(Op.getData, body.pathAndFlag('/a', false));
  await ask(Op.exists, body.pathAndFlag('/nowhere', true));
  await ask(Op.create, body.create('/a', null));
  await ask(Op.create, body.create('relative', null));
  await ask(Op.create, body.create('/no/parent', null, CreateFlag.ephemeral));
  await ask(Op.delete, body.delete('/nowhere'));
  await ask(Op.delete, body.delete('/a'));
  await ask(Op.delete, body.delete('/a/two'));
  await client.request(
    Op.auth,
    new ByteWriter().int32(0).string('digest').bytes(Buffer.from('bob:pw')).take(),
    AUTH_XID,
  );
  const twoEntries = new ByteWriter().string('/a').int32(2).int32(31).string('world').string('anyone');
  await ask(Op.setACL, twoEntries.int32(1).string('ip').string('10.0.0.1').int32(-1).take());
  await ask(Op.setACL, new ByteWriter().string('/nowhere').openAcl(5).int32(-1).take());
  const done = [
    { type: Op.check, body: body.pathAndInt('/a', 1) },
    { type: Op.create, body: body.create('/m', null) },
    { type: Op.setData, body: body.setData('/m', null) },
    { type: Op.delete, body: body.delete('/m') },
    { type: Op.create, body: body.create('/me', null, CreateFlag.ephemeral) },
  ];
  await ask(Op.multi, body.multi(done));
  await ask(Op.multi, body.multi([done[1]!, { type: Op.delete, body: body.delete('/nowhere') }]));
  await ask(Op.reconfig, new ByteWriter().string(null).string(null).string('').int64(-1n).take());
  const other = await RawClient.open({ port, timeoutMs: 30_000 });
  await other.request(Op.setData, body.setData('/a', null));
  await other.close();
  await client.close();
}

/**
 * Without the time. Users stand in order, since that of Apache's is a hash table's; sessions are named in the order in which
 * they appear; the ephemerals of a session may go in any order.
 */
function comparable(log: string): string[] {
  const sessions: string[] = [];
  const lines = log
    .trimEnd()
    .split('\n')
    .map((line) =>
      line
        .replace(/^\S+ \S+ /, '')
        .replace(/user=([^\t]*)/, (_, users: string) => `user=${users.split(',').sort().join()}`)
        .replace(/session=(0x\w+)/, (_, session: string) => {
          if (!sessions.includes(session)) sessions.push(session);
          return `session=${sessions.indexOf(session) + 1}`;
        }),
    );
  const isEphemeral = (line: string): boolean => line.includes('ephemeralZNodeDeletion');
  const others = lines.filter((line) => !isEphemeral(line));
  return [...others, ...lines.filter(isEphemeral).sort()];
}

function logbackTo(file: string): string {
  return `<configuration>
  <appender name="console" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%d %-5p [%t] %logger{1} - %m%n</pattern></encoder>
  </appender>
  <appender name="audit" class="ch.qos.logback.core.FileAppender">
    <file>${file}</file>
    <encoder><pattern>%d{ISO8601} %p %c{2}: %m%n</pattern></encoder>
  </appender>
  <logger name="org.apache.zookeeper.audit.Slf4jAuditLogger" additivity="false" level="INFO">
    <appender-ref ref="audit"/>
  </logger>
  <root level="WARN"><appender-ref ref="console"/></root>
</configuration>
`;
}
