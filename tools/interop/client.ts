/** Our own client and recipes: the suites that pass in memory pass over TCP, on our server and on Apache ZooKeeper. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { repositoryRoot, temporaryDirectory } from '../lib/launch.ts';
import type { ServerKind } from '../lib/launch.ts';
import type { PeerReport } from './harness.ts';
import { INTEROP_DIR, installApache } from './install.ts';
import type { Peer } from './peers.ts';
import { run, tail } from './process.ts';
import { NO_ADDRESS, startServer } from './server.ts';

/** What a leader has before it dies: the suites take longer, and tell their tests only at the end. */
const LEADER_LIVES_MS = 15_000;

/** So short that a container is swept between any two steps of a recipe, and of a test, that leave it empty. */
const SWEEPING: Readonly<Record<string, number>> = { 'znode.container.checkIntervalMs': 20 };

const TITLES: Readonly<Record<ServerKind, string>> = { zk: 'our server over TCP', apache: 'Apache ZooKeeper' };

/** The part of jest's report that matters. */
interface JestReport {
  readonly testResults: readonly {
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

export const client: Peer = {
  name: 'client',
  title: '@zk/client and @zk/recipes, on our server and on Apache ZooKeeper',
  startsItsOwn: true,
  install: async () => {
    await installApache();
    return async ({ report, against, server }) => {
      if (server.address !== NO_ADDRESS) {
        server.failover?.startIn(LEADER_LIVES_MS);
        return runSuites(report, server.address, server.address);
      }
      for (const kind of against === 'apache' ? (['apache'] as const) : (['zk', 'apache'] as const)) {
        const started = await startServer(kind, { machineSettings: SWEEPING });
        await runSuites(report, TITLES[kind], started.address);
        await started.stop();
      }
    };
  },
};

async function runSuites(report: PeerReport, name: string, address: string): Promise<void> {
  const output = join(temporaryDirectory('zk-suites-'), 'report.json');
  const jest = join(repositoryRoot, 'node_modules/jest/bin/jest.js');
  const config = join(INTEROP_DIR, 'client/jest.config.cjs');
  const { timedOut, stderr } = await run(
    process.execPath,
    [jest, '--config', config, '--json', `--outputFile=${output}`, '--silent'],
    {
      timeoutMs: 600_000,
      cwd: repositoryRoot,
      env: { ZK_SUITE_SERVER: address, ZK_SUITE_NAME: name, ...report.environment },
    },
  );
  if (timedOut) {
    report.fail(`${name}: the suites did not end in time`);
    return;
  }
  let results: JestReport;
  try {
    results = JSON.parse(readFileSync(output, 'utf8')) as JestReport;
  } catch {
    report.fail(`${name}: the suites did not run: ${tail(stderr, 10)}`);
    return;
  }
  for (const { assertionResults, message } of results.testResults) {
    if (assertionResults.length === 0) report.fail(`${name}: ${tail(message, 10)}`);
    for (const { fullName, status, failureMessages } of assertionResults) {
      report.check(`${name}: ${fullName}`, status === 'passed', (failureMessages[0] ?? status).split('\n')[0]!);
    }
  }
}
