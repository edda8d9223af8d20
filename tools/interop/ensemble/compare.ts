/** Whether all members of an ensemble hold the same: whole trees, digests, and what their logs complain about. */
import { readFileSync } from 'node:fs';

import type { Member } from '../../lib/ensemble-processes.ts';
import { fourLetterWord } from '../../lib/launch.ts';
import { RawClient } from '../../lib/raw-client.ts';
import { ByteWriter, Op, body } from '../../lib/wire.ts';
import { dumpSharedTree } from '../disk/dump.ts';
import type { PeerReport } from '../harness.ts';
import { SUPER_AUTH } from '../server.ts';

/** Digests are kept for every 128th zxid. */
const DIGEST_INTERVAL = 128;
/** How many of them are written before a comparison. */
const WRITTEN_DIGESTS = 2;

/**
 * All running members have the same tree, to the last field of the last stat, and digests that agree. Nobody may write
 * meanwhile, but below `busy`.
 */
export async function compareMembers(
  report: PeerReport,
  name: string,
  members: readonly Member[],
  busy?: string,
): Promise<void> {
  await writeUntilDigests(members[0] as Member);
  const dumps: string[] = [];
  const isAtRest = (line: string): boolean => busy === undefined || !line.startsWith(busy);
  for (const member of members) dumps.push((await dumpOf(member)).split('\n').filter(isAtRest).join('\n'));
  const [first = ''] = dumps;
  const count = first.split('\n').length;
  report.check(`${name}: there are trees to compare`, count > 50, `${count} znodes`);
  for (const [index, member] of members.slice(1).entries()) {
    const sentence = `${name}: ${titleOf(member)} has the tree of ${titleOf(members[0] as Member)}`;
    report.equal(sentence, dumps[index + 1] ?? '', first);
  }
  await compareDigests(report, name, members);
  for (const member of members) {
    if (!isAmongItsOwn(member, members)) await expectNoComplaint(report, name, member);
  }
}

/**
 * Where all voters are Apache's, and always were, its servers hear of nothing that ours had a part in; and now and then they
 * complain of each other, for a snapshot of theirs may have a digest that is one change behind its znodes.
 */
function isAmongItsOwn(member: Member, members: readonly Member[]): boolean {
  const voters = members.filter(({ spec }) => spec.isObserver !== true);
  return member.kind === 'apache' && voters.every(({ kind, hasChanged }) => kind === 'apache' && !hasChanged);
}

async function dumpOf(member: Member): Promise<string> {
  const client = await RawClient.open({ port: member.clientPort });
  client.keepAlive(1_000);
  await client.request(Op.auth, new ByteWriter().int32(0).string('digest').string(SUPER_AUTH).take(), -4);
  const dump = await dumpSharedTree(client);
  await client.close();
  return dump;
}

async function writeUntilDigests(member: Member): Promise<void> {
  const client = await RawClient.open({ port: member.clientPort });
  const path = '/digests';
  await client.request(Op.create, body.create(path, null));
  const writes = Array.from({ length: WRITTEN_DIGESTS * DIGEST_INTERVAL + 10 }, () =>
    client.request(Op.setData, body.setData(path, Buffer.from('x'))),
  );
  await Promise.all(writes);
  await client.close();
}

/** zxid to digest, as the word `hash` tells them. */
async function digestsOf(member: Member): Promise<Map<string, string>> {
  const answer = await fourLetterWord(member.clientPort, 'hash', member.address);
  return new Map(
    answer.split('\n').flatMap((line) => (/^\w+: /.test(line) ? [line.split(': ') as [string, string]] : [])),
  );
}

/** Only the last ones: behind a snapshot that it was sent, Apache also remembers those of a tree that is not whole yet. */
async function compareDigests(report: PeerReport, name: string, members: readonly Member[]): Promise<void> {
  const all = await Promise.all(members.map(digestsOf));
  const [first = new Map<string, string>(), ...others] = all;
  const common = [...first.keys()].filter((zxid) => others.every((other) => other.has(zxid))).slice(-WRITTEN_DIGESTS);
  const shown = all.map((digests) => [...digests.keys()].slice(-2).join(' ')).join(', ');
  report.check(`${name}: the members know digests of the same transactions`, common.length > 0, shown);
  const different = common.find((zxid) => others.some((other) => other.get(zxid) !== first.get(zxid)));
  const values = all.map((digests) => digests.get(different ?? '')).join(', ');
  report.check(`${name}: and they are equal`, different === undefined, `${different}: ${values}`);
}

async function expectNoComplaint(report: PeerReport, name: string, member: Member): Promise<void> {
  const mntr = await fourLetterWord(member.clientPort, 'mntr', member.address);
  const count = /^zk_digest_mismatches_count\s+(\d+)/m.exec(mntr)?.[1];
  const log = readFileSync(member.logFile, 'utf8').split('\n');
  const complaints = log.flatMap((line, at) => (COMPLAINT.test(line) ? [{ line, before: log.slice(0, at) }] : []));
  const unexplained = complaints.find(({ before }) => !comesOfSnapshot(before));
  const isFree = unexplained === undefined && (complaints.length > 0 || count === '0');
  const sentence = `${name}: ${titleOf(member)} finds no digest that differs`;
  report.check(sentence, isFree, unexplained?.line ?? `zk_digest_mismatches_count ${count}`);
}

const COMPLAINT = /digest.*(mismatch|not match)|mismatch.*digest/i;

/**
 * Whether the tree had come last from a snapshot that a leader sent while it served: in places it is ahead of its zxid, it has
 * no digest, and Apache compares from the first transaction behind it all the same.
 */
function comesOfSnapshot(log: readonly string[]): boolean {
  const source = log.findLastIndex((line) => SOURCE.test(line));
  const [, sent, read] = SOURCE.exec(log[source] ?? '') ?? [];
  if (sent !== undefined) return !isEpochStart(sent);
  const isWithoutDigest = /digest value is empty/.test(log[source + 1] ?? '');
  return read !== undefined && !isEpochStart(read) && isWithoutDigest;
}

const SOURCE = /Getting a snapshot from leader 0x([0-9a-f]+)|Reading snapshot .*snapshot\.([0-9a-f]+)$/;

/** Nothing changes before an epoch has begun. */
function isEpochStart(zxid: string): boolean {
  return (BigInt(`0x${zxid}`) & 0xffff_ffffn) === 0n;
}

export function titleOf(member: Member): string {
  return `server.${member.id} (${member.kind === 'zk' ? 'ours' : "Apache's"})`;
}
