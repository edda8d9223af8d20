/** Clients and tools that fewer people use: older Java clients, frameworks, other languages, and what operators run. */
import { javaPrograms } from './others/java-programs.ts';
import { languagePrograms } from './others/language-programs.ts';
import { operatorPrograms } from './others/operator-programs.ts';
import type { ProgramRun } from './others/program.ts';
import type { Peer } from './peers.ts';

const PROGRAMS = [...javaPrograms, ...languagePrograms, ...operatorPrograms];

export const others: Peer = {
  name: 'others',
  title: 'older Java clients, frameworks, clients in other languages, and tools of operators',
  onlyByName: 'a dozen programs take some minutes',
  install: async () => {
    const runs: { readonly title: string; readonly run: ProgramRun }[] = [];
    for (const { title, install } of PROGRAMS) runs.push({ title, run: await install() });
    return async (context) => {
      const servers = context.server.hosts ?? context.server.address;
      for (const { title, run } of runs) {
        console.log(`  ${title}`);
        await run(context, servers);
      }
    };
  },
};
