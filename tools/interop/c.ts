/** The multi-threaded C client, as Debian packages it. */
import { installC } from './install.ts';
import type { Peer } from './peers.ts';

export const c: Peer = {
  name: 'c',
  title: 'the C client, multi-threaded',
  install: async () => {
    const { program } = await installC();
    return async ({ report, server }) => {
      await report.program(program, [server.address]);
    };
  },
};
