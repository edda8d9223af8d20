/** The peers that `npm run interop` knows, each with how to install it and how to run it. */
import { join } from 'node:path';

import type { ServerKind } from '../lib/launch.ts';
import type { PeerReport } from './harness.ts';
import { INTEROP_DIR, compileJava, installApache } from './install.ts';
import { node } from './node.ts';
import { SUPER_AUTH } from './server.ts';
import type { TestedServer } from './server.ts';
import { compareShells } from './zkcli.ts';

export interface PeerContext {
  readonly report: PeerReport;
  readonly server: TestedServer;
  /** The kind to start, for a peer that starts servers itself. */
  readonly against: ServerKind;
}

export interface Peer {
  readonly name: string;
  readonly title: string;
  /** True when the peer starts and restarts the servers it needs. */
  readonly startsItsOwn?: boolean;
  /** Installs what is needed and returns the run; throws MissingPeerError when that is impossible here. */
  readonly install: () => Promise<(context: PeerContext) => Promise<void>>;
}

const JAVA_FLAGS = ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];
const QUIET_LOG = ['-Dinterop.log.level=WARN', '-Dinterop.log.target=System.err'];

const java: Peer = {
  name: 'java',
  title: 'the Java client and zkCli of Apache ZooKeeper 3.9',
  install: async () => {
    const sources = ['Harness', 'Operations', 'Multis', 'Watches', 'Access', 'Sessions', 'Limits', 'JavaPeer'];
    const files = sources.map((name) => join(INTEROP_DIR, `java/${name}.java`));
    const home = await compileJava(await installApache(), files);
    return async ({ report, server }) => {
      const env = { ZK_INTEROP_SUPER: SUPER_AUTH };
      await report.program('java', [...JAVA_FLAGS, ...QUIET_LOG, '-cp', home.classpath, 'JavaPeer', server.address], {
        env,
      });
      await compareShells(report, server.address, home);
    };
  },
};

export const PEERS: Readonly<Record<string, Peer>> = { java, node };
