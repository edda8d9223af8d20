import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../src/config/load.js';
import { differenceTable, fillIn, keyTables } from './key-documentation.js';

const ROOT = join(__dirname, '..', '..', '..');

/** Formatting may align columns; the words must be the same. */
function words(text: string): string {
  return text.replace(/-{3,}/g, '---').replace(/[ \t]+/g, ' ');
}

describe('the documentation', () => {
  it.each([
    ['docs/configuration.md', 'keys', keyTables()],
    ['docs/differences.md', 'defaults', differenceTable()],
  ])('%s agrees with the key table (UPDATE_DOCS=1 rewrites it)', (file, mark, body) => {
    const path = join(ROOT, file);
    const present = readFileSync(path, 'utf8');
    const wanted = fillIn(present, mark, body);
    if (process.env['UPDATE_DOCS'] === '1') writeFileSync(path, wanted);
    else expect(words(present)).toBe(words(wanted));
  });
});

describe('conf/zoo_sample.cfg', () => {
  it('starts a server without a warning', async () => {
    const { config, warnings, notes } = await loadConfig({
      file: 'conf/zoo_sample.cfg',
      environment: {},
      flags: [],
      workingDirectory: join(__dirname, '..'),
    });
    expect([warnings, notes]).toEqual([[], []]);
    expect(config).toMatchObject({ clientPort: 2181, tickTimeMs: 2000, dataDir: '/var/lib/zookeeper' });
  });

  it('names only keys that exist in what it comments out', async () => {
    const text = readFileSync(join(__dirname, '..', 'conf', 'zoo_sample.cfg'), 'utf8');
    const lines = text.replace(/^#(?=[A-Za-z0-9.]+=)/gm, '');
    const { indexKeys } = await import('../src/config/key-index.js');
    const { parseProperties } = await import('../src/config/properties.js');
    const index = indexKeys();
    const unknown = parseProperties(lines).entries.filter(({ key }) => index.byName(key)?.status !== 'honoured');
    expect(unknown).toEqual([]);
  });
});
