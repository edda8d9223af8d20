import { useCli } from '../../test/cli.js';

const { run } = useCli();

describe('zk-server', () => {
  describe('with a command line that makes no sense', () => {
    it.each([
      [
        'no command',
        [],
        'Usage: zk-server [--config <conf-dir>] {start|start-foreground|stop|version|restart|status|print-cmd}',
      ],
      ['an unknown option', ['status', '--prot', '1'], "unknown option '--prot'"],
      ['a --set without value', ['start', '--set', 'tickTime'], '--set needs key=value, got "tickTime"'],
      ['a -D without value', ['start-foreground', '-Dzookeeper.snapCount'], '-D needs key=value'],
      ['too many arguments', ['start', '2181', '/d', '1', '2', '3'], 'too many arguments'],
      ['an unknown log level', ['start-foreground', '--log-level', 'loud'], 'the log level must be one of trace'],
      [
        'an unknown log format',
        ['start-foreground', '--log-format', 'xml'],
        'the log format must be one of pretty, json',
      ],
    ])('explains %s and exits with 2', async (_title, argv, message) => {
      const { io, code } = await run(argv);
      expect(io.stderr).toContain(message);
      expect(code).toBe(2);
    });

    it('names the commands for an unknown one', async () => {
      const { io, code } = await run(['sttaus']);
      expect(io.stderr).toContain('Usage: zk-server');
      expect(code).toBe(2);
    });
  });

  it.each([[['--help']], [['start', '--help']]])('prints help for %p on standard output', async (argv) => {
    const { io, code } = await run(argv);
    expect(io.stdout).toContain('--data-dir <dir>');
    expect(code).toBe(0);
  });

  it.each([[['version']], [['--version']]])('prints the version for %p', async (argv) => {
    const { io, code } = await run(argv);
    expect(io.stdout).toMatch(/^ZooKeeper, version 3\.9\.5 \(zk \d+\.\d+\.\d+, Node\.js v\d/);
    expect(code).toBe(0);
  });
});

describe('zk-server print-cmd', () => {
  it('prints the command of start for a shell', async () => {
    const { io, code } = await run(['print-cmd', '--set', 'a.b=$x'], { environment: { ZOO_LOG_DIR: '/log' } });
    const [command, output] = io.stdout.split(' > ');
    expect(command).toBe('"/usr/bin/node" "/opt/zk/main.js" "start-foreground" "--set" "a.b=\\$x"');
    expect(output).toMatch(/^"\/log\/zookeeper-.*\.out" 2>&1 < \/dev\/null\n$/);
    expect(code).toBe(0);
  });
});
