import type { ComplianceCase } from '../compliance-case.js';
import { durabilityCases } from './durability-cases.js';
import { failureCases } from './failure-cases.js';
import type { StorageFactory, StorageHarness } from './harness.js';
import { keepingCases } from './keeping-cases.js';
import { purgingCases } from './purging-cases.js';
import { readingCases } from './reading-cases.js';
import { replayCases } from './replay-cases.js';

/** Everything that every storage does, each case over a fresh medium. */
export const storageCases: readonly ComplianceCase<StorageHarness>[] = [
  ...durabilityCases,
  ...replayCases,
  ...readingCases,
  ...failureCases,
  ...keepingCases,
  ...purgingCases,
];

/** Declares the suite to a test runner with the globals `describe` and `it`. */
export function describeStorage(name: string, factory: StorageFactory): void {
  describe(`${name} as a storage`, () => {
    for (const group of new Set(storageCases.map((one) => one.group))) {
      describe(group, () => {
        for (const one of storageCases.filter((candidate) => candidate.group === group)) {
          it(one.name, async () => {
            const harness = await factory.create();
            try {
              await one.run(harness);
            } finally {
              await harness.dispose();
            }
          });
        }
      });
    }
  });
}
