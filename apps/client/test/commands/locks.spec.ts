import { main } from '../../src/cli/main.js';
import { client, prepare, run, server, useShellRig } from './rig.js';

useShellRig();

describe('lock and elect', () => {
  it.each([
    ['lock', ['lock', '/locks/a', '--', 'make', 'x'], /lock-\d{10}$/],
    ['elect', ['elect', '/locks/a', '--', 'make', 'x'], /latch-\d{10}$/],
  ])('%s runs a program while it holds, and ends with its exit code', async (_, argv, node) => {
    const io = prepare(argv);
    const done = main(io);
    await io.until(() => io.children.length === 1);
    const [child] = io.children;
    expect(child?.command).toEqual(['make', 'x']);
    expect(child?.environment).toMatchObject({
      ZK_LOCK_PATH: '/locks/a',
      ZK_LOCK_NODE: expect.stringMatching(node) as string,
      ZK_FENCING_TOKEN: expect.stringMatching(/^\d+$/) as string,
    });
    const { stat } = await client.get(child?.environment['ZK_LOCK_NODE'] as string);
    expect(child?.environment['ZK_FENCING_TOKEN']).toBe(String(stat.czxid));
    child?.end({ kind: 'exited', code: 7 });
    expect(await done).toBe(7);
    expect((await client.getChildren('/locks/a')).children).toEqual([]);
  });

  it('ends the program when the lock is lost', async () => {
    const io = prepare(['lock', '/locks/a', '--', 'job']);
    const done = main(io);
    await io.until(() => io.children.length === 1);
    const [child] = io.children;
    await client.delete(child?.environment['ZK_LOCK_NODE'] as string);
    await io.until(() => child?.killed.length === 1);
    expect(child?.killed).toEqual(['SIGTERM']);
    child?.end({ kind: 'killed', signal: 'SIGTERM', signalNumber: 15 });
    expect(await done).toBe(76);
    expect(io.stderr).toContain('its node was deleted; ending job');
  });

  it('ends the program when the session is expired behind its back', async () => {
    const io = prepare(['lock', '/locks/a', '--', 'job']);
    const done = main(io);
    await io.until(() => io.children.length === 1);
    const [child] = io.children;
    await server.expireSession(BigInt.asIntN(64, BigInt(child?.environment['ZK_SESSION_ID'] as string)));
    await io.until(() => child?.killed.length === 1);
    child?.end({ kind: 'exited', code: 0 });
    expect(await done).toBe(76);
    expect(io.stderr).toContain('the session is over; ending job');
  });

  it('stands again after a loss of leadership, with --again', async () => {
    const io = prepare(['elect', '--again', '/locks/a', '--', 'job']);
    const done = main(io);
    await io.until(() => io.children.length === 1);
    await client.delete(io.children[0]?.environment['ZK_LOCK_NODE'] as string);
    await io.until(() => io.children[0]?.killed.length === 1);
    io.children[0]?.end({ kind: 'killed', signal: 'SIGTERM', signalNumber: 15 });
    await io.until(() => io.children.length === 2);
    const [first, second] = io.children.map(({ environment }) => BigInt(environment['ZK_FENCING_TOKEN'] as string));
    expect((second as bigint) > (first as bigint)).toBe(true);
    io.children[1]?.end({ kind: 'exited', code: 0 });
    expect(await done).toBe(0);
  });

  it('passes a signal on, and gives the lock back only when the program has ended', async () => {
    const io = prepare(['lock', '--kill-after', '0.01', '/locks/a', '--', 'job']);
    const done = main(io);
    await io.until(() => io.children.length === 1);
    const [child] = io.children;
    io.signal('SIGTERM');
    await io.until(() => child?.killed.length === 2);
    expect(child?.killed).toEqual(['SIGTERM', 'SIGKILL']);
    expect((await client.getChildren('/locks/a')).children).toHaveLength(1);
    child?.end({ kind: 'killed', signal: 'SIGKILL', signalNumber: 9 });
    expect(await done).toBe(137);
  });

  it('does not wait when told not to', async () => {
    const holder = prepare(['lock', '/locks/a', '--', 'job']);
    const held = main(holder);
    await holder.until(() => holder.children.length === 1);
    const { io, code } = await run(['lock', '-n', '/locks/a', '--', 'other']);
    expect([io.children.length, code]).toEqual([0, 75]);
    const shown = await run(['recipes', '/locks']);
    expect(shown.io.stdout).toMatch(
      /^\/locks\/a {2}lock or election, curator, 1 holding\n {2}holds {2}\S+:\d+ \(job\)/,
    );
    holder.children[0]?.end({ kind: 'exited', code: 0 });
    expect(await held).toBe(0);
  });

  it.each([
    ['missing', 127],
    ['notExecutable', 126],
  ] as const)('a program that is %s has exit code %i', async (reason, code) => {
    const io = prepare(['lock', '/locks/a', '--', 'job']);
    const done = main(io);
    await io.until(() => io.children.length === 1);
    io.children[0]?.end({ kind: 'notStarted', reason, message: 'spawn job' });
    expect(await done).toBe(code);
  });

  it.each([[['lock', '/a']], [['elect', '/a', '--']]])('%j is told what is missing', async (argv) => {
    const { io, code } = await run(argv);
    expect(io.stderr).toContain('no command to run');
    expect(code).toBe(2);
  });
});
