/** Older Java clients, and frameworks that keep their state in ZooKeeper. */
import { join } from 'node:path';

import { INTEROP_DIR, compileJava, installJars } from '../install.ts';
import type { JavaHome } from '../install.ts';
import { CHECKS, javaArgs } from '../java.ts';
import { runOldShell } from './old-shell.ts';
import type { Program } from './program.ts';

const FOLDER = join(INTEROP_DIR, 'others');
/** Some of the jars bring a configuration of their own, which writes to standard output. */
const LOGGING = `-Dlog4j2.configurationFile=${join(FOLDER, 'log4j2.properties')}`;

export const javaPrograms: readonly Program[] = [
  oldClient('zookeeper34', "Apache ZooKeeper's Java client and zkCli 3.4.12"),
  oldClient('zookeeper35', "Apache ZooKeeper's Java client and zkCli 3.5.10"),
  javaProgram('curator2', 'OldCuratorPeer', 'Apache Curator 2.13.0'),
  javaProgram('curator4', 'OldCuratorPeer', 'Apache Curator 4.3.0, with a client of ZooKeeper 3.4'),
  javaProgram('zkclient', 'ZkClientPeer', 'ZkClient 0.11'),
  javaProgram('helix', 'HelixPeer', 'Apache Helix 1.4.3'),
  javaProgram('bookkeeper', 'BookKeeperPeer', 'Apache BookKeeper 4.17.2'),
];

/** A class of this folder with the jars of `POM.xml`. */
function javaProgram(pom: string, main: string, title: string): Program {
  return {
    title,
    install: async () => {
      const home = await installJava(pom, main);
      return async ({ report }, servers) => {
        await report.program('java', [LOGGING, ...javaArgs(home, main, servers)]);
      };
    },
  };
}

function oldClient(pom: string, title: string): Program {
  return {
    title,
    install: async () => {
      const home = await installJava(pom, 'OldClientPeer');
      return async ({ report }, servers) => {
        await report.program('java', javaArgs(home, 'OldClientPeer', servers));
        await runOldShell(report, home, servers);
      };
    },
  };
}

async function installJava(pom: string, main: string): Promise<JavaHome> {
  const libDir = await installJars(pom, join(FOLDER, `${pom}.xml`));
  return compileJava({ libDir, classpath: `${FOLDER}:${libDir}/*` }, [CHECKS, join(FOLDER, `${main}.java`)]);
}
