import { Rig } from './rig.js';

const ANY = { authorization: 'ip any' };
const ACL_OF_BOB = [
  { perms: 31, scheme: 'digest', id: 'bob:X1SKGw3XQQSIPMZRf5lW7e07VPY=' },
  { perms: 1, scheme: 'world', id: 'anyone' },
];

describe('taking a snapshot out and putting it back', () => {
  let rig: Rig;

  beforeEach(async () => {
    rig = await Rig.started({ rateLimiterIntervalMs: 0 });
  });
  afterEach(() => rig.stop());

  const snapshot = (query = ''): Promise<Response> => rig.get(`/commands/snapshot${query}`, { headers: ANY });
  const restore = (body: Uint8Array<ArrayBuffer>): Promise<Response> =>
    rig.get('/commands/rest', { method: 'POST', headers: ANY, body });

  it('gives back what was there', async () => {
    const client = await rig.client();
    await client.create('/kept', 'as it was');
    const given = await snapshot();
    const bytes = new Uint8Array(await given.arrayBuffer());
    expect(Object.fromEntries(given.headers)).toMatchObject({
      'content-type': 'application/octet-stream',
      last_zxid: '0x2',
      snapshot_size: String(bytes.length),
    });
    await client.setData('/kept', 'changed');
    const restored = await restore(bytes);
    expect([restored.status, await restored.json()]).toEqual([200, { last_zxid: 2, command: 'restore', error: null }]);
    const again = await rig.client();
    expect(Buffer.from((await again.getData('/kept')).data!).toString()).toBe('as it was');
    await again.close();
  });

  it.each(['?streaming=false', '?streaming=0', '?streaming='])('keeps it to itself with %s', async (query) => {
    const given = await snapshot(query);
    expect(given.headers.get('last_zxid')).toBe('0x0');
    expect(await given.json()).toEqual({ command: 'snapshot', error: null });
  });

  it.each([
    ['nothing', new Uint8Array(), 400],
    ['what is no snapshot', new TextEncoder().encode('no snapshot at all'), 500],
  ])('refuses %s, and changes nothing', async (_title, body, status) => {
    const client = await rig.client();
    await client.create('/kept');
    expect((await restore(body)).status).toBe(status);
    expect(await client.getChildren('/')).toContain('kept');
    await client.close();
  });
});

describe('who may', () => {
  it.each([
    ['nobody without a proof', undefined, 401, 'Auth info is missing for the command'],
    ['nobody by an unknown scheme', 'nope x', 401, 'Not authenticated'],
    ['nobody by a scheme alone', 'digest', 401, 'Not authenticated'],
    ['nobody by a certificate that was not shown', 'x509 CN=bob', 401, 'Not authenticated'],
    ['nobody whom no ACL names', 'digest nobody', 403, 'Not authorized'],
    ['nobody with some permissions only', 'digest ann:secret', 403, 'Not authorized'],
    ['whoever has all permissions', 'digest bob:bob', 200, null],
    ['in any case of letters', 'DIGEST bob:bob', 200, null],
  ])('%s', async (_title, authorization, status, error) => {
    const rig = await Rig.started();
    const client = await rig.client();
    await client.setACL('/', ACL_OF_BOB);
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    const answer = await rig.get('/commands/snap?streaming=false', { headers });
    expect([answer.status, await answer.json()]).toEqual([status, { command: 'snapshot', error }]);
    await client.close();
    await rig.stop();
  });

  it('takes all permissions, wherever they come from', async () => {
    const rig = await Rig.started();
    const client = await rig.client();
    await client.setACL('/', [
      { perms: 15, scheme: 'ip', id: '127.0.0.0/8' },
      { perms: 16, scheme: 'world', id: 'anyone' },
    ]);
    expect((await rig.get('/commands/snapshot', { headers: ANY })).status).toBe(200);
    await client.close();
    await rig.stop();
  });
});

describe('the address of whoever asks', () => {
  const NEAR = '127.0.0.1';
  const FAR = '203.0.113.7';

  it.each([
    ['is that of the connection', false, undefined, NEAR],
    ['is not what a header says', false, FAR, NEAR],
    ['is the one behind a trusted proxy', true, FAR, FAR],
    ['is the first behind several proxies', true, ` ${FAR} , 198.51.100.1`, FAR],
    ['is that of the connection when the proxy names none', true, ' , ', NEAR],
    ['is that of the connection when no proxy is between', true, undefined, NEAR],
  ])('%s', async (_title, trustsForwardedFor, header, expected) => {
    const rig = await Rig.started({ trustsForwardedFor, rateLimiterIntervalMs: 0 });
    const client = await rig.client();
    const headers = { ...ANY, ...(header === undefined ? {} : { 'x-forwarded-for': header }) };
    const allowed: string[] = [];
    for (const id of [NEAR, FAR]) {
      await client.setACL('/', [
        { perms: 31, scheme: 'ip', id },
        { perms: 16, scheme: 'world', id: 'anyone' },
      ]);
      const { status } = await rig.get('/commands/snapshot?streaming=false', { headers });
      if (status === 200) allowed.push(id);
    }
    expect(allowed).toEqual([expected]);
    await client.close();
    await rig.stop();
  });
});

describe('how often, and whether at all', () => {
  it.each([
    ['GET', 'snapshot', { isSnapshotEnabled: false }, 'Snapshot command is disabled'],
    ['POST', 'restore', { isRestoreEnabled: false }, 'Restore command is disabled'],
  ])('%s %s is refused where it is not enabled', async (method, command, options, error) => {
    const rig = await Rig.started(options);
    const answer = await rig.get(`/commands/${command}`, { method, headers: ANY });
    expect([answer.status, await answer.json()]).toEqual([503, { command, error }]);
    await rig.stop();
  });

  it('one snapshot an interval', async () => {
    const rig = await Rig.started({ rateLimiterIntervalMs: 60_000 });
    const ask = async (): Promise<number> => (await rig.get('/commands/snapshot', { headers: ANY })).status;
    expect([await ask(), await ask()]).toEqual([200, 429]);
    expect(await rig.json('mntr')).toMatchObject({ snapshot_rate_limited_count: 1, restore_rate_limited_count: 0 });
    await rig.stop();
  });

  it('counts what became of restores', async () => {
    const rig = await Rig.started({ rateLimiterIntervalMs: 0 });
    const restore = (body: Uint8Array<ArrayBuffer>): Promise<Response> =>
      rig.get('/commands/restore', { method: 'POST', headers: ANY, body });
    const snapshot = await (await rig.get('/commands/snapshot', { headers: ANY })).arrayBuffer();
    await restore(new Uint8Array(snapshot));
    await restore(new TextEncoder().encode('no snapshot at all'));
    expect(await rig.json('mntr')).toMatchObject({ restore_error_count: 1, cnt_restore_time: 1 });
    await rig.json('srst');
    expect(await rig.json('mntr')).toMatchObject({ restore_error_count: 0, cnt_restore_time: 0 });
    await rig.stop();
  });
});
