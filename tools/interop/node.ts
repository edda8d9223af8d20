/** node-zookeeper-client, the client that Node applications use today. */
import { join } from 'node:path';

import { INTEROP_DIR, installNode } from './install.ts';
import type { Peer } from './peers.ts';

export const node: Peer = {
  name: 'node',
  title: 'node-zookeeper-client',
  install: async () => {
    const { modules } = await installNode();
    return async ({ report, server }) => {
      const program = join(INTEROP_DIR, 'node/peer.cjs');
      await report.program(process.execPath, [program, server.address], { env: { NODE_PATH: modules } });
    };
  },
};
