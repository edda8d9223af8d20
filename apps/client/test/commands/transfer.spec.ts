import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { client, directory, make, run, useShellRig } from './rig.js';

useShellRig();

describe('export and import', () => {
  beforeEach(async () => {
    await make('/app=text', '/app/none', '/app/sub', '/app/sub/leaf=é');
    await client.create('/app/bytes', new Uint8Array([0xff, 0]));
    await client.create('/app/temporary', null, { mode: 'ephemeral' });
    await client.create('/app/acl', null, { acl: [{ scheme: 'world', id: 'anyone', perms: 27 }] });
  });

  it('copy a subtree, data, ACLs and all', async () => {
    const exported = await run(['export', '/app']);
    expect(exported.io.stdout.split('\n').slice(1)).toEqual([
      '{"path":"/","data":"text"}',
      '{"path":"/acl","data":null,"acl":[{"scheme":"world","id":"anyone","perms":"drwa"}]}',
      '{"path":"/bytes","base64":"/wA="}',
      '{"path":"/none","data":null}',
      '{"path":"/sub","data":null}',
      '{"path":"/sub/leaf","data":"é"}',
      '{"path":"/temporary","data":null,"ephemeral":true}',
      '',
    ]);
    const imported = await run(['import', '-', '/copy/deep'], { input: exported.io.stdout });
    expect(imported.io.stdout).toBe('6 created, 1 ephemerals skipped below /copy/deep\n');
    expect((await run(['diff', '--acl', '/app', '/copy/deep'])).io.stdout).toBe('');
  });

  it('use files, compressed ones too, and do not replace them', async () => {
    const file = join(directory, 'app.jsonl.gz');
    expect((await run(['export', '/app', file])).io.stdout).toBe(`7 znodes written to ${file}\n`);
    expect(gunzipSync(readFileSync(file)).toString()).toContain('"path":"/sub/leaf"');
    expect((await run(['export', '/app', file])).io.stderr).toContain('exists; --force replaces it');
    expect((await run(['import', file, '/copy'])).code).toBe(0);
  });

  it('change nothing when something is in the way, unless told to', async () => {
    const file = join(directory, 'conflict.jsonl');
    await run(['export', '--force', '/app', file]);
    await client.delete('/app/none');
    await client.set('/app/bytes', null);
    const refused = await run(['import', file]);
    expect(refused.io.stderr).toContain('/app/acl, /app/bytes, /app/sub and 1 more exist already, nothing was changed');
    expect([refused.code, await client.exists('/app/none')]).toEqual([5, null]);
    expect((await run(['import', '--on-conflict', 'skip', file])).io.stdout).toContain(
      '1 created, 5 left as they were',
    );
    expect((await run(['import', '--on-conflict', 'overwrite', file])).io.stdout).toContain('6 overwritten');
    expect((await client.get('/app/bytes')).data).toEqual(new Uint8Array([0xff, 0]));
  });

  it('say what they would do, and make the tree what the file says', async () => {
    const file = join(directory, 'plan.jsonl');
    await run(['export', '--force', '-E', '/app', file]);
    await make('/app/surplus/x');
    await client.delete('/app/none');
    const plan = await run(['import', '--dry-run', '--on-conflict', 'skip', '--delete', file]);
    expect(plan.io.stdout).toContain('create    /app/none\n');
    expect(plan.io.stdout).toContain('delete    /app/surplus\n');
    expect(await client.exists('/app/none')).toBeNull();
    await run(['import', '--on-conflict', 'skip', '--delete', file]);
    expect(await client.exists('/app/surplus')).toBeNull();
  });

  it.each([
    ['', 'the file is empty'],
    [
      '{"format":"zk-export","version":1,"root":"/x"}\n{"path":"/a/b"}\n',
      'line 2: the parent of /a/b did not come before',
    ],
    ['garbage', 'line 1: '],
  ])('refuse the file %j before anything is changed', async (input, message) => {
    const { io, code } = await run(['import', '-', '/x'], { input });
    expect(io.stderr).toContain(message);
    expect([code, await client.exists('/x')]).toEqual([1, null]);
  });
});
