/** Our recipes in one company with Curator's and kazoo's: contenders of all three on the same paths. */
import { join } from 'node:path';
import { INTEROP_DIR, compileJava, installCurator, installKazoo } from './install.ts';
import { javaArgs } from './java.ts';
import type { Peer } from './peers.ts';
import { openClients } from './recipes/check.ts';
import { dataChecks } from './recipes/data-checks.ts';
import { lockChecks } from './recipes/lock-checks.ts';
import { Partner } from './recipes/partner.ts';

const SOURCES = ['RecipePartner', 'PartnerLocks', 'PartnerValues', 'PartnerQueues'];

export const recipes: Peer = {
  name: 'recipes',
  title: 'our recipes, mixed with those of Curator 5.9 and kazoo 2.11',
  noFailover: 'its checks are told what three programs did, and cannot be repeated',
  install: async () => {
    const files = SOURCES.map((name) => join(INTEROP_DIR, `recipes/${name}.java`));
    const home = await compileJava(await installCurator(), files);
    const { python } = await installKazoo();
    return async ({ report, server }) => {
      const script = join(INTEROP_DIR, 'recipes/recipe_partner.py');
      const [curator, kazoo] = await Promise.all([
        Partner.start('curator', 'java', javaArgs(home, 'RecipePartner', server.address)),
        Partner.start('kazoo', python, [script, server.address]),
      ]);
      const { open, close } = openClients(server.address);
      try {
        const company = { report, client: await open(), curator, kazoo, open };
        await lockChecks(company);
        await dataChecks(company);
      } finally {
        await close();
        await Promise.all([curator.stop(), kazoo.stop()]);
      }
      if (report.failures.length > 0) console.log(`${curator.noise.slice(-3_000)}\n${kazoo.noise.slice(-3_000)}`);
    };
  },
};
