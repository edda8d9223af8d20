/** Apache Curator: the framework, and every recipe that a server's behaviour can break. */
import { join } from 'node:path';

import { INTEROP_DIR, compileJava, installCurator } from './install.ts';
import { HARNESS, javaArgs } from './java.ts';
import type { Peer } from './peers.ts';

const SOURCES = ['CuratorPeer', 'Framework', 'Locks', 'Leaders', 'Counters', 'Caches', 'Presence', 'Queues'];

export const curator: Peer = {
  name: 'curator',
  title: 'Apache Curator 5.9',
  install: async () => {
    const files = SOURCES.map((name) => join(INTEROP_DIR, `curator/${name}.java`));
    const home = await compileJava(await installCurator(), [...HARNESS, ...files]);
    return async ({ report, server }) => {
      await report.program('java', javaArgs(home, 'CuratorPeer', server.address));
    };
  },
};
