/** Requests that are well-formed and ask for far too much: whoever sends them may have to wait, nobody else. */
import { setTimeout as delay } from 'node:timers/promises';
import { Generator } from '../bench/generator.js';
import { launch, type RunningServer } from '../lib/launch.js';
import { residentBytes } from '../lib/processes.js';
import { mebibytes, note, progress, type Checks } from '../lib/report.js';
import { body, ByteWriter, Op } from '../lib/wire.js';
import { Burst, type Request } from './burst.js';
import { readsWithin, startProbe } from './reads.js';

/** What others read meanwhile. */
export const VICTIM = { parent: '/bench/n', nodes: 100_000 };
/** A sixth of the shortest session timeout that a server grants by default. */
const LONGEST_WAIT_MS = 1_000;
/** How often a case during which others waited longer is asked again. */
const MORE_TURNS = 3;
const MEMORY_LIMIT_MIB = 1_024;

export interface GreedyCase {
  readonly name: string;
  /** Sent first, and answered before the rest is sent. */
  readonly before?: readonly Request[];
  /** On so many connections at the same time; default 1. */
  readonly connections?: number;
  readonly requests: readonly Request[] | ((connection: number) => readonly Request[]);
  /** Replies by error code, on each connection; or what is wanted of them, where `isOutcome` decides. */
  readonly outcome: string;
  readonly isOutcome?: (said: string) => boolean;
}

function times<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}

/** A create whose ACL has so many entries for addresses, none of which is ours. */
function createWithAcl(path: string, entries: number): Request {
  const out = new ByteWriter().string(path).bytes(null).int32(entries);
  for (let i = 0; i < entries; i++) {
    out
      .int32(31)
      .string('ip')
      .string(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}/32`);
  }
  return { type: Op.create, body: out.int32(0).take() };
}

const read = (path: string): Request => ({ type: Op.getData, body: body.pathAndFlag(path, false) });
const write = (path: string, bytes: number): Request => ({
  type: Op.setData,
  body: body.setData(path, Buffer.alloc(bytes, 'x')),
});
const create = (path: string, data: Buffer | null = null): Request => ({
  type: Op.create,
  body: body.create(path, data),
});
const comeAndGo = (path: string): Request[] => [create(path), { type: Op.delete, body: body.delete(path) }];
const multiRead = (path: string, reads: number): Request => ({
  type: Op.multiRead,
  body: body.multi(times(reads, () => read(path))),
});

/** What a server is asked that has the znodes of {@link VICTIM}; it may create znodes below `root`. */
export function greedyCases(root: string): readonly GreedyCase[] {
  return [
    {
      name: '1,000 counts of everything below a znode with 100,000 children',
      requests: times(1_000, () => ({ type: Op.getAllChildrenNumber, body: body.path('/bench') })),
      outcome: '1000 x 0',
    },
    {
      name: '100 lists of 100,000 children',
      requests: times(100, () => ({ type: Op.getChildren, body: body.pathAndFlag(VICTIM.parent, false) })),
      outcome: '100 x 0',
    },
    {
      name: '1,000 reads of a znode whose ACL has 20,000 addresses',
      before: [createWithAcl(`${root}/acl`, 20_000)],
      requests: times(1_000, () => read(`${root}/acl`)),
      outcome: '1000 x -102',
    },
    {
      name: '20 creates with an ACL of 20,000 addresses each',
      requests: times(20, (i) => createWithAcl(`${root}/acl-${i}`, 20_000)),
      outcome: '20 x 0',
    },
    {
      name: '1,000 proofs of who one is, which is about as many as are taken, on each of 5 connections',
      connections: 5,
      requests: (connection) =>
        times(1_000, (i) => ({
          type: Op.auth,
          body: new ByteWriter()
            .int32(0)
            .string('digest')
            .bytes(Buffer.from(`user-${connection}-${i}:secret`))
            .take(),
        })),
      outcome: '1000 x 0',
    },
    {
      name: '20 multis of 10,000 checks each',
      requests: times(20, () => ({
        type: Op.multi,
        body: body.multi(times(10_000, () => ({ type: Op.check, body: body.pathAndInt(root, -1) }))),
      })),
      outcome: '20 x 0',
    },
    {
      name: '2 multis of 8,000 creates and deletes on each of 30 connections',
      connections: 30,
      requests: (connection) =>
        times(2, (i) => ({
          type: Op.multi,
          body: body.multi(times(4_000, (k) => comeAndGo(`${root}/${connection}-${i}-${k}`)).flat()),
        })),
      outcome: '2 x 0',
    },
    {
      name: 'a write, and behind it 100 requests for 60 MB each',
      before: [create(`${root}/large`), write(`${root}/large`, 1_000_000)],
      requests: [write(`${root}/large`, 1_000_000), ...times(100, () => multiRead(`${root}/large`, 60))],
      // How many are answered before the rest is too much depends on when the write is on disk.
      outcome: '101 replies, at least 4 x 0, the others -127',
      isOutcome: (said) => isPartlyRefused(said, 101, 4),
    },
  ];
}

/** So many replies: at least as many as said are good, at least one is refused for its size, and there is no other. */
function isPartlyRefused(said: string, replies: number, good: number): boolean {
  const [, answered, refused] = /^(\d+) x 0, (\d+) x -127$/.exec(said) ?? [];
  return Number(answered) >= good && Number(refused) >= 1 && Number(answered) + Number(refused) === replies;
}

/** Whether it is what the case is to be answered with. */
export function isWanted({ outcome, isOutcome }: GreedyCase, said: string): boolean {
  return isOutcome === undefined ? said === outcome : isOutcome(said);
}

const ROOT = '/greedy';

export async function beGreedy(checks: Checks): Promise<Record<string, unknown>> {
  const generator = Generator.prepare('auto');
  const server = await launch({ kind: 'zk', config: { maxClientCnxns: 0 } });
  try {
    await prepareGreedy(generator, server.port, ROOT);
    const watched = watchMemory(server);
    const waits = await ask({ server, generator, checks }, greedyCases(ROOT));
    await askAgain({ server, generator, checks }, waits);
    const mostMib = mebibytes(watched.stop());
    for (const [name, longestMs] of waits) {
      note(`${name}: others wait for at most ${longestMs.toFixed(1)} ms`);
      const isShort = longestMs <= LONGEST_WAIT_MS;
      checks.check(`${name}: others wait for at most ${LONGEST_WAIT_MS} ms`, isShort, `${longestMs.toFixed(0)} ms`);
    }
    checks.check(`memory stays below ${MEMORY_LIMIT_MIB} MiB`, mostMib < MEMORY_LIMIT_MIB, `${mostMib.toFixed(0)} MiB`);
    checks.check('the server stays up', !server.hasExited(), server.output().slice(-500));
    await server.stop();
    return { waits: [...waits].map(([name, longestMs]) => ({ name, longestMs })), mostMib };
  } catch (error) {
    checks.fail('the server stays up', `${String(error)}\n${server.output().slice(-2_000)}`);
    if (!server.hasExited()) await server.stop();
    return {};
  }
}

interface Scene {
  readonly server: RunningServer;
  readonly generator: Generator;
  readonly checks: Checks;
}

/** One case after the other, while somebody else reads; returns how long the longest of those reads took, by case. */
async function ask({ server, generator, checks }: Scene, cases: readonly GreedyCase[]): Promise<Map<string, number>> {
  const probe = await startProbe(generator, server.port, VICTIM);
  const phases: { name: string; fromMs: number; toMs: number }[] = [];
  for (const greedy of cases) {
    progress(`greedy: ${greedy.name}`);
    const fromMs = performance.now();
    const outcome = await sendGreedy(server.port, greedy);
    await delay(500); // what it has set off comes to an end
    phases.push({ name: greedy.name, fromMs, toMs: performance.now() });
    const detail = `${outcome}; wanted: ${greedy.outcome}`;
    checks.check(`${greedy.name}: answered`, isWanted(greedy, outcome), detail);
  }
  probe.stop();
  const { latenciesUs, errors } = await probe.result;
  checks.check("another client's reads are all answered", errors === 0, `${errors} were wrong`);
  const longest = (phase: (typeof phases)[number]): number =>
    Math.max(0, ...readsWithin(phase, latenciesUs, probe.startedAtMs)) / 1_000;
  return new Map(phases.map((phase) => [phase.name, longest(phase)]));
}

/** A server that is slow is so every time; a machine that was held up is not: of each case the shortest wait counts. */
async function askAgain(scene: Scene, waits: Map<string, number>): Promise<void> {
  for (let turn = 1; turn <= MORE_TURNS; turn++) {
    const root = `${ROOT}/${turn}`;
    const slow = greedyCases(root).filter(({ name }) => (waits.get(name) ?? 0) > LONGEST_WAIT_MS);
    if (slow.length === 0) return;
    await makeRoot(scene.server.port, root);
    for (const [name, longestMs] of await ask(scene, slow)) waits.set(name, Math.min(longestMs, waits.get(name) ?? 0));
  }
}

/** The znodes that others read, and the one below which more are created. */
export async function prepareGreedy(generator: Generator, port: number, root: string): Promise<void> {
  await generator.run('fill', { ...VICTIM, port, connections: 4, outstanding: 64 });
  await makeRoot(port, root);
}

async function makeRoot(port: number, root: string): Promise<void> {
  const burst = await Burst.open(port);
  await burst.send([create(root)]);
  burst.close();
}

/** Sends it on connections of its own; returns what came back, by error code. */
export async function sendGreedy(port: number, greedy: GreedyCase): Promise<string> {
  const { before = [], connections = 1, requests } = greedy;
  const all = times(connections, (i) => (typeof requests === 'function' ? requests(i) : requests));
  const bursts: Burst[] = [];
  try {
    while (bursts.length < all.length) bursts.push(await Burst.open(port));
    await bursts[0]?.send(before);
    const outcomes = await Promise.all(all.map((each, i) => bursts[i]?.send(each)));
    return [...new Set(outcomes)].join('; ');
  } finally {
    for (const burst of bursts) burst.close();
  }
}

/** The most memory that was seen; in bytes. */
function watchMemory(server: RunningServer): { stop: () => number } {
  let most = 0;
  const timer = setInterval(() => {
    if (!server.hasExited()) most = Math.max(most, residentBytes(server.pid));
  }, 20);
  return {
    stop: () => {
      clearInterval(timer);
      return most;
    },
  };
}
