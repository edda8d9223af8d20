/** One broker of Kafka as a child process, with a configuration, a log directory and ports of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { freePort, tailOf, temporaryDirectory } from '../../lib/launch.ts';
import { endsWithTool } from '../../lib/tool-end.ts';
import type { JavaHome } from '../install.ts';

/** What a broker loses its znodes after, when it is killed. */
const SESSION_TIMEOUT_MS = 6_000;
const JAVA_FLAGS = ['-Xmx320m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Djava.awt.headless=true'];

export interface BrokerOptions {
  readonly id: number;
  readonly home: JavaHome;
  /** `host:port,…/chroot`, as `zookeeper.connect` has it. */
  readonly zookeeper: string;
  /** How many brokers there are to be. */
  readonly brokers: number;
}

export class Broker {
  readonly id: number;
  private readonly directory: string;
  private child: ChildProcess | undefined;

  private constructor(
    private readonly home: JavaHome,
    options: BrokerOptions,
    /** For clients without a password. */
    readonly address: string,
    /** For clients that log in with SCRAM. */
    readonly saslAddress: string,
  ) {
    this.id = options.id;
    this.directory = temporaryDirectory('zk-interop-kafka-');
    writeFileSync(this.configFile, configOf(options, this.directory, address, saslAddress));
  }

  /** Files and ports; nothing runs yet. */
  static async prepare(options: BrokerOptions): Promise<Broker> {
    const [plain, sasl] = [await freePort(), await freePort()];
    return new Broker(options.home, options, `127.0.0.1:${plain}`, `127.0.0.1:${sasl}`);
  }

  start(): void {
    const log = openSync(this.logFile, 'a');
    const args = [...JAVA_FLAGS, '-cp', this.home.classpath, 'kafka.Kafka', this.configFile];
    this.child = spawn('java', args, { cwd: this.directory, stdio: ['ignore', log, log] });
    closeSync(log);
    endsWithTool(this.child);
  }

  /** SIGKILL, and waits: the broker's session has to expire. */
  kill(): Promise<void> {
    return this.end('SIGKILL');
  }

  /** SIGTERM, and waits: the broker hands over what it leads. */
  stop(): Promise<void> {
    return this.end('SIGTERM');
  }

  /** The last lines that it wrote. */
  output(): string {
    return `broker ${this.id}:\n${tailOf(this.logFile)}`;
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const { child } = this;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }

  private get configFile(): string {
    return join(this.directory, 'server.properties');
  }

  private get logFile(): string {
    return join(this.directory, 'broker.log');
  }
}

function configOf(options: BrokerOptions, directory: string, plain: string, sasl: string): string {
  const settings: Readonly<Record<string, string | number>> = {
    'broker.id': options.id,
    listeners: `PLAINTEXT://${plain},SASL_PLAINTEXT://${sasl}`,
    'sasl.enabled.mechanisms': 'SCRAM-SHA-256',
    'listener.name.sasl_plaintext.scram-sha-256.sasl.jaas.config':
      'org.apache.kafka.common.security.scram.ScramLoginModule required;',
    'authorizer.class.name': 'kafka.security.authorizer.AclAuthorizer',
    'super.users': 'User:ANONYMOUS',
    'zookeeper.connect': options.zookeeper,
    'zookeeper.session.timeout.ms': SESSION_TIMEOUT_MS,
    'log.dirs': join(directory, 'data'),
    'min.insync.replicas': 2,
    'replica.lag.time.max.ms': 10_000,
    'offsets.topic.num.partitions': 3,
    'offsets.topic.replication.factor': options.brokers,
    'transaction.state.log.num.partitions': 3,
    'transaction.state.log.replication.factor': options.brokers,
    'group.initial.rebalance.delay.ms': 0,
    'auto.create.topics.enable': 'false',
    'log.cleaner.dedupe.buffer.size': 8_388_608,
  };
  return Object.entries(settings)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}
