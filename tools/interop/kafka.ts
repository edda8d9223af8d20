/**
 * Apache Kafka 3.9 with its cluster in ZooKeeper: brokers that register and elect a controller, topics, access control,
 * users and quotas, all of it by way of znodes and watches, while the controller is killed and comes back.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { RawClient } from '../lib/raw-client.ts';
import type { Reply } from '../lib/raw-client.ts';
import { ByteReader, Op, body } from '../lib/wire.ts';
import type { PeerReport } from './harness.ts';
import { INTEROP_DIR, compileJava, installJars } from './install.ts';
import type { JavaHome } from './install.ts';
import { CHECKS, javaArgs } from './java.ts';
import { Broker } from './kafka/broker.ts';
import type { Peer, PeerContext } from './peers.ts';

const SOURCES = ['KafkaPeer', 'Records', 'Topics', 'Rights', 'Failover'];
const BROKERS = 3;
const CHROOT = '/shop/kafka';
const DEADLINE_MS = 60_000;
const POLL_MS = 100;

export const kafka: Peer = {
  name: 'kafka',
  title: 'Apache Kafka 3.9, three brokers that keep their cluster in ZooKeeper',
  onlyByName: 'three brokers take a gigabyte of memory and some minutes',
  install: async () => {
    const home = await installKafka();
    return (context) => runCluster(context, home);
  },
};

async function installKafka(): Promise<JavaHome> {
  const folder = join(INTEROP_DIR, 'kafka');
  const libDir = await installJars('kafka', join(folder, 'pom.xml'));
  const files = [CHECKS, ...SOURCES.map((name) => join(folder, `${name}.java`))];
  return compileJava({ libDir, classpath: `${folder}:${libDir}/*` }, files);
}

async function runCluster({ report, server }: PeerContext, home: JavaHome): Promise<void> {
  const hosts = server.hosts ?? server.address;
  const options = { home, zookeeper: `${hosts}${CHROOT}`, brokers: BROKERS };
  const brokers = await Promise.all([1, 2, 3].map((id) => Broker.prepare({ ...options, id })));
  const client = (when: string): Promise<void> => runClient(report, home, [when, ...addresses(brokers), hosts, CHROOT]);
  try {
    for (const broker of brokers) broker.start();
    await client('whole');
    await server.failover?.finish();
    const port = Number(server.address.split(':')[1]);
    const former = await controllerOf(port, brokers);
    await former.kill();
    const next = await controllerOf(port, brokers, former);
    report.pass(`the controller was killed, and broker ${next.id} took over from broker ${former.id}`);
    await client('without-controller');
    former.start();
    await client('whole-again');
    for (const broker of brokers) await broker.stop();
    const left = await children(port, `${CHROOT}/brokers/ids`);
    report.equal('brokers that are stopped leave nothing behind', left.join(), '');
  } finally {
    if (report.failures.length > 0) for (const broker of brokers) report.addNoise(broker.output());
    await Promise.all(brokers.map((broker) => broker.kill()));
  }
}

function addresses(brokers: readonly Broker[]): string[] {
  const plain = brokers.map((broker) => broker.address).join();
  const sasl = brokers.map((broker) => broker.saslAddress).join();
  return [plain, sasl];
}

async function runClient(report: PeerReport, home: JavaHome, args: readonly string[]): Promise<void> {
  await report.program('java', javaArgs(home, 'KafkaPeer', ...args), { timeoutMs: 240_000 });
}

/** Whom `/controller` names, once it is there and is not `not`. */
async function controllerOf(port: number, brokers: readonly Broker[], not?: Broker): Promise<Broker> {
  const deadline = performance.now() + DEADLINE_MS;
  for (;;) {
    const text = await read(port, `${CHROOT}/controller`);
    const id = text === undefined ? undefined : (JSON.parse(text) as { brokerid: number }).brokerid;
    const found = brokers.find((broker) => broker.id === id);
    if (found !== undefined && found !== not) return found;
    if (performance.now() > deadline) throw new Error('no broker controls the cluster');
    await delay(POLL_MS);
  }
}

/** The text of a znode; undefined where there is none. */
async function read(port: number, path: string): Promise<string | undefined> {
  const { error, payload } = await ask(port, Op.getData, path);
  return error === 0 ? Buffer.from(new ByteReader(payload).bytes() ?? []).toString('utf8') : undefined;
}

async function children(port: number, path: string): Promise<string[]> {
  const { payload } = await ask(port, Op.getChildren, path);
  return new ByteReader(payload).strings();
}

async function ask(port: number, type: number, path: string): Promise<Reply> {
  const client = await RawClient.open({ port });
  // One server of several may be behind the one that a broker was told by.
  await client.request(Op.sync, body.path('/'));
  const reply = await client.request(type, body.pathAndFlag(path, false));
  await client.close();
  return reply;
}
