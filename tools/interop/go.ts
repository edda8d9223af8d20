/** go-zookeeper/zk, the client of most Go programs. */
import { installGo } from './install.ts';
import type { Peer } from './peers.ts';

export const go: Peer = {
  name: 'go',
  title: 'go-zookeeper/zk',
  install: async () => {
    const { program } = await installGo();
    return async ({ report, server }) => {
      await report.program(program, [server.address]);
    };
  },
};
