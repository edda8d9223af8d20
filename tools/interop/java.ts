/** Apache's own Java client, with a program of ours and with zkCli. */
import { join } from 'node:path';

import { INTEROP_DIR, compileJava, installApache } from './install.ts';
import type { JavaHome } from './install.ts';
import type { Peer } from './peers.ts';
import { SUPER_AUTH } from './server.ts';
import { compareShells } from './zkcli.ts';

/** Checks for any Java program. */
export const CHECKS = join(INTEROP_DIR, 'java/Checks.java');
/** And for those with the ZooKeeper client of 3.9. */
export const HARNESS = [CHECKS, join(INTEROP_DIR, 'java/Harness.java')];

const SOURCES = ['Group', 'Operations', 'Multis', 'Watches', 'Access', 'Sessions', 'Limits', 'JavaPeer'];

/** Arguments of `java` for a small, quickly started program that logs warnings to standard error. */
export function javaArgs(home: JavaHome, main: string, ...args: readonly string[]): string[] {
  const flags = ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];
  const log = ['-Dinterop.log.level=WARN', '-Dinterop.log.target=System.err'];
  return [...flags, ...log, '-cp', home.classpath, main, ...args];
}

export const java: Peer = {
  name: 'java',
  title: 'the Java client and zkCli of Apache ZooKeeper 3.9',
  install: async () => {
    const files = SOURCES.map((name) => join(INTEROP_DIR, `java/${name}.java`));
    const home = await compileJava(await installApache(), [...HARNESS, ...files]);
    return async ({ report, server }) => {
      const env = { ZK_INTEROP_SUPER: SUPER_AUTH };
      await report.program('java', javaArgs(home, 'JavaPeer', server.address), { env });
      await server.failover?.finish();
      await compareShells(report, server, home);
    };
  },
};
