import { main } from '../../src/cli/main.js';
import { client, make, prepare, run, server, useShellRig } from './rig.js';

useShellRig();

describe('watch', () => {
  it('prints events as they come, with data, and ends after so many', async () => {
    await make('/app');
    const io = prepare(['watch', '-d', '-n', '3', '/app']);
    const done = main(io);
    await client.create('/ready', null);
    // The watch is there when an event of it has come.
    while (io.stdout === '') await client.create('/app/a', new Uint8Array([120]), { ifExists: 'set' });
    await client.set('/app/a', null);
    await client.delete('/app/a');
    expect(await done).toBe(0);
    const lines = io.stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(
      /^2026-01-03T10:00:00.000Z (created|dataChanged) +\/app\/a zxid=0x[0-9a-f]+( "x"| null)?$/,
    );
  });

  it('prints JSON, and ends when it is interrupted', async () => {
    await make('/app');
    const io = prepare(['--json', 'watch', '--single', '/app']);
    const done = main(io);
    while (io.stdout === '') await client.set('/app', null);
    io.signal('SIGINT');
    expect(await done).toBe(130);
    expect(io.documents[0]).toMatchObject({ type: 'dataChanged', path: '/app' });
  });

  it('says that events may be missing after a new connection', async () => {
    const io = prepare(['watch', '/']);
    const done = main(io);
    while (io.stdout === '') await client.create('/app', null, { ifExists: 'set' });
    server.cut();
    await io.until(() => io.stdout.includes('reset events may be missing: reconnected'));
    io.signal('SIGTERM');
    expect(await done).toBe(143);
  });

  it('ends when the time is over', async () => {
    expect((await run(['watch', '-t', '0.01', '/'])).code).toBe(0);
  });
});
