/** Every op code at every member: what one writes all can read, and all answer alike, byte for byte. */
import type { Member } from '../../lib/ensemble-processes.ts';
import { ConnectionLost, RawClient } from '../../lib/raw-client.ts';
import type { Reply } from '../../lib/raw-client.ts';
import { ByteReader, ByteWriter, CreateFlag, Op, body } from '../../lib/wire.ts';
import { change, fill } from '../disk/changes.ts';
import type { PeerReport } from '../harness.ts';
import { titleOf } from './compare.ts';

interface Question {
  readonly name: string;
  readonly type: number;
  readonly body: Buffer;
  /** Where the payload says the same in several ways. */
  readonly read?: (payload: Buffer) => string;
}

const ROOT = '/tour';
const SESSION_TIMEOUT_MS = 20_000;

/**
 * At each member a history is written, with sessions at two of them; then all members get the same questions and the same
 * requests that must be refused.
 */
export async function compareAnswers(report: PeerReport, name: string, members: readonly Member[]): Promise<void> {
  const owners: RawClient[] = [];
  for (const [index, member] of members.entries()) {
    const next = members[(index + 1) % members.length] as Member;
    const sentence = `${name}: all kinds of writes at ${titleOf(member)}`;
    const owner = await open(next);
    owners.push(owner);
    try {
      await fill(member.clientPort, owner, rootOf(member));
      await syncAt(next);
      await change(next.clientPort, owner, rootOf(member));
      report.pass(sentence);
    } catch (error) {
      report.fail(`${sentence}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const questions = members.flatMap((member) => questionsAbout(rootOf(member)));
  const transcripts: string[] = [];
  for (const member of members) transcripts.push(await transcript(member, questions));
  const [first = ''] = transcripts;
  for (const [index, member] of members.slice(1).entries()) {
    const sentence = `${name}: ${titleOf(member)} answers like ${titleOf(members[0] as Member)}`;
    report.equal(sentence, transcripts[index + 1] ?? '', first);
  }
  for (const owner of owners) await owner.close();
}

function rootOf(member: Member): string {
  return `${ROOT}-${member.id}`;
}

async function open(member: Member): Promise<RawClient> {
  const client = await RawClient.open({ port: member.clientPort, timeoutMs: SESSION_TIMEOUT_MS });
  client.keepAlive(1_000);
  return client;
}

async function syncAt(member: Member): Promise<void> {
  const client = await open(member);
  await client.request(Op.sync, body.path('/'));
  await client.close();
}

async function transcript(member: Member, questions: readonly Question[]): Promise<string> {
  let client = await open(member);
  await client.request(Op.sync, body.path('/'));
  const lines: string[] = [];
  for (const { name, type, body: request, read } of questions) {
    try {
      const reply = await client.request(type, request);
      lines.push(`${name}: ${reply.error} ${answerOf(reply, read)}`);
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
      lines.push(`${name}: the connection is closed`);
      client = await open(member);
    }
  }
  await client.close();
  return lines.join('\n');
}

function answerOf(reply: Reply, read: Question['read']): string {
  if (reply.payload.length === 0 || read === undefined) return reply.payload.toString('hex');
  return read(reply.payload);
}

/** Sets have no order. */
function sortedNames(payload: Buffer): string {
  const reader = new ByteReader(payload);
  const names = reader.strings().sort().join(' ');
  return `${names} ${payload.subarray(reader.position).toString('hex')}`;
}

function questionsAbout(root: string): Question[] {
  return [...reads(root), ...watches(root), ...refusals(root)];
}

function reads(root: string): Question[] {
  const paths = [root, `${root}/value-0`, `${root}/container`, `${root}/ttl`, `${root}/limited`, `${root}/missing`];
  return [
    ...paths.flatMap((path) => [
      { name: `exists ${path}`, type: Op.exists, body: body.pathAndFlag(path, false) },
      { name: `getData ${path}`, type: Op.getData, body: body.pathAndFlag(path, false) },
      { name: `getACL ${path}`, type: Op.getACL, body: body.path(path) },
      { name: `getChildren ${path}`, type: Op.getChildren, body: body.pathAndFlag(path, false), read: sortedNames },
      { name: `getChildren2 ${path}`, type: Op.getChildren2, body: body.pathAndFlag(path, false), read: sortedNames },
      { name: `getAllChildrenNumber ${path}`, type: Op.getAllChildrenNumber, body: body.path(path) },
      { name: `sync ${path}`, type: Op.sync, body: body.path(path) },
    ]),
    { name: 'getEphemerals', type: Op.getEphemerals, body: body.path(root) },
    { name: 'whoAmI', type: Op.whoAmI, body: Buffer.alloc(0) },
    { name: 'getData of a guarded one', type: Op.getData, body: body.pathAndFlag(`${root}/closed`, false) },
    {
      name: 'multiRead',
      type: Op.multiRead,
      body: body.multi([
        { type: Op.getData, body: body.pathAndFlag(`${root}/value-1`, false) },
        { type: Op.getData, body: body.pathAndFlag(`${root}/missing`, false) },
      ]),
    },
  ];
}

function watches(root: string): Question[] {
  const removal = (path: string): Buffer => body.pathAndInt(path, 3);
  return [
    { name: 'addWatch', type: Op.addWatch, body: body.pathAndInt(root, 1) },
    { name: 'addWatch of no kind', type: Op.addWatch, body: body.pathAndInt(root, 7) },
    { name: 'checkWatches', type: Op.checkWatches, body: removal(root) },
    { name: 'removeWatches', type: Op.removeWatches, body: removal(root) },
    { name: 'removeWatches again', type: Op.removeWatches, body: removal(root) },
    { name: 'checkWatches where there is none', type: Op.checkWatches, body: removal(`${root}/missing`) },
  ];
}

function refusals(root: string): Question[] {
  const reconfig = new ByteWriter().string(null).string('9').string(null).int64(-1n).take();
  const badAcl = new ByteWriter().string(`${root}/never`).bytes(null).int32(0).int32(0).take();
  return [
    { name: 'create what exists', type: Op.create, body: body.create(root, null) },
    { name: 'create2 below nothing', type: Op.create2, body: body.create(`${root}/missing/x`, null) },
    { name: 'create below an ephemeral', type: Op.create, body: body.create(`${root}/ephemeral-2/x`, null) },
    { name: 'create without an ACL', type: Op.create, body: badAcl },
    { name: 'create a bad path', type: Op.create, body: body.create(`${root}//x`, null) },
    { name: 'create of no kind', type: Op.create, body: body.create(`${root}/never`, null, 42) },
    { name: 'delete what has children', type: Op.delete, body: body.delete(root) },
    { name: 'delete an old version', type: Op.delete, body: body.delete(`${root}/value-0`, 77) },
    { name: 'setData of an old version', type: Op.setData, body: body.setData(`${root}/value-0`, null, 77) },
    { name: 'setData without permission', type: Op.setData, body: body.setData(`${root}/value-1`, null) },
    {
      name: 'setACL of nothing',
      type: Op.setACL,
      body: new ByteWriter().string(`${root}/missing`).openAcl().int32(-1).take(),
    },
    {
      name: 'createContainer that exists',
      type: Op.createContainer,
      body: body.create(root, null, CreateFlag.container),
    },
    { name: 'createTTL of an impossible TTL', type: Op.createTTL, body: body.createTtl(`${root}/never`, null, 5, -1n) },
    { name: 'reconfig', type: Op.reconfig, body: reconfig },
    {
      name: 'a multi that fails',
      type: Op.multi,
      body: body.multi([
        { type: Op.create, body: body.create(`${root}/never`, null) },
        { type: Op.check, body: body.delete(root, 77) },
        { type: Op.delete, body: body.delete(`${root}/value-0`) },
      ]),
    },
  ];
}
