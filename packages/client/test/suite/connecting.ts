import { CancelledError, ClientClosedError, type ConnectionState } from '@zk/client';
import type { Suite } from './suite.js';

export function describeConnecting(suite: Suite): void {
  describe('connecting', () => {
    it('tells its states in order, and ends with closed', async () => {
      const client = await suite.client();
      const states: ConnectionState[] = [];
      let isComplete = false;
      client.state$.subscribe({ next: (state) => states.push(state), complete: () => (isComplete = true) });
      await client.close();
      expect(states).toEqual(['connected', 'closed']);
      expect(isComplete).toBe(true);
      expect(client.state).toBe('closed');
    });

    it('has a session that is alive, and ends with the client', async () => {
      const client = await suite.client({ sessionTimeout: '10s' });
      const session = client.session!;
      expect(session.id).not.toBe(0n);
      expect(session.password).toHaveLength(16);
      expect(session.isAlive()).toBe(true);
      expect(session.deadlineMs).toBeGreaterThan(client.runtime.clock.monotonicMs());
      expect(session.signal.aborted).toBe(false);
      await client.close();
      expect(session.isAlive()).toBe(false);
      expect(session.signal.aborted).toBe(true);
      expect((session.signal.reason as Error).name).toBe('ClientClosedError');
      expect(client.session).toBeUndefined();
    });

    it('answers what was asked before it was closed, and nothing after', async () => {
      const client = await suite.client();
      const creations = Array.from({ length: 50 }, (_, i) => client.create(`/n${i}`));
      const closing = client.close();
      await expect(client.get('/')).rejects.toBeInstanceOf(ClientClosedError);
      expect(await Promise.all(creations)).toHaveLength(50);
      await closing;
      await client.close();
    });

    it('takes its ephemerals with it, unless the session is kept', async () => {
      const observer = await suite.client();
      const leaver = await suite.another();
      await leaver.create('/leaver', null, { mode: 'ephemeral' });
      await leaver.close();
      expect(await observer.exists('/leaver')).toBeNull();

      const keeper = await suite.another();
      await keeper.create('/keeper', null, { mode: 'ephemeral' });
      const { id, password } = keeper.session!;
      await keeper.close({ keepSession: true });
      expect(await observer.exists('/keeper')).not.toBeNull();
      const heir = await suite.another({ session: { id, password } });
      expect(heir.session!.id).toBe(id);
      await heir.close();
      expect(await observer.exists('/keeper')).toBeNull();
    });

    it('begins a new session when the one it was given is over', async () => {
      const client = await suite.client({ session: { id: 0x7777n, password: new Uint8Array(16) } });
      expect(client.state).toBe('connected');
      expect(client.session!.id).not.toBe(0x7777n);
    });

    it('cancels a call before it is sent, and says so', async () => {
      const client = await suite.client();
      const abort = new AbortController();
      const creation = client.create('/never', null, { signal: abort.signal });
      abort.abort(new Error('changed my mind'));
      const error: unknown = await creation.catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(CancelledError);
      expect(error).toMatchObject({ name: 'AbortError', maybeApplied: false, path: '/never' });
      expect(await client.exists('/never')).toBeNull();
      await expect(client.get('/', { signal: abort.signal })).rejects.toMatchObject({ name: 'AbortError' });
    });

    it('keeps to the chroot, also in views of it', async () => {
      const client = await suite.client();
      const view = client.chroot('/below');
      await client.create('/below');
      expect((await view.create('/a')).path).toBe('/a');
      expect((await view.create('/s-', null, { mode: 'persistentSequential' })).path).toMatch(/^\/s-\d{10}$/);
      expect(await client.exists('/below/a')).not.toBeNull();
      expect((await view.getChildren('/')).children).toHaveLength(2);
      await expect(view.get('/none')).rejects.toMatchObject({ name: 'NONODE', path: '/none' });
      await view.close();
      expect(client.state).toBe('connected');
    });

    it('is who it says it is', async () => {
      const client = await suite.client({ auth: [{ scheme: 'digest', auth: 'bob:pw' }] });
      await client.addAuth('digest', 'eve:pw');
      await client.create('/mine', null, { acl: [{ perms: 31, scheme: 'auth', id: '' }] });
      const { acl } = await client.getAcl('/mine');
      expect(acl.map(({ id }) => id.split(':')[0]).sort()).toEqual(['bob', 'eve']);
      const stranger = await suite.another();
      await expect(stranger.get('/mine')).rejects.toMatchObject({ name: 'NOAUTH', maybeApplied: false });
      const ids = suite.target.lacks?.includes('whoAmI') ? undefined : await client.whoAmI();
      await client.delete('/mine');
      if (ids !== undefined) expect(ids).toContainEqual({ scheme: 'digest', id: 'bob' });
    });

    it('is useless after credentials of a scheme that does not exist', async () => {
      const client = await suite.client();
      await expect(client.addAuth('nobody-has-this', 'x')).rejects.toMatchObject({ name: 'AUTHFAILED' });
      expect(client.state).toBe('authFailed');
      await expect(client.get('/')).rejects.toMatchObject({ name: 'AUTHFAILED' });
    });
  });
}
