import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT_CODE_TEXTS } from '../src/cli/exit-codes.js';
import { COMMANDS } from '../src/commands/registry.js';
import { VERSION } from '../src/version.js';

const PAGE = join(__dirname, '..', '..', '..', 'docs', 'shell.md');
const MARK = /(<!-- begin: exit codes -->\n)[\s\S]*(\n<!-- end: exit codes -->)/;

function exitCodeTable(): string {
  const rows = EXIT_CODE_TEXTS.map(([code, meaning]) => `| ${code} | ${meaning} |`);
  return ['| code | meaning |', '| --- | --- |', ...rows].join('\n');
}

/** Formatting may align columns; the words must be the same. */
function words(text: string): string {
  return text.replace(/-{3,}/g, '---').replace(/[ \t]+/g, ' ');
}

describe('docs/shell.md', () => {
  it('has the exit codes (UPDATE_DOCS=1 writes them)', () => {
    const present = readFileSync(PAGE, 'utf8');
    const wanted = present.replace(MARK, `$1\n${exitCodeTable()}\n$2`);
    if (process.env['UPDATE_DOCS'] === '1') writeFileSync(PAGE, wanted);
    else expect(words(present)).toBe(words(wanted));
  });

  it('names every command', () => {
    const page = readFileSync(PAGE, 'utf8');
    const missing = COMMANDS.filter(({ name }) => name !== 'exit' && !page.includes(`\`${name}\``));
    expect(missing.map(({ name }) => name)).toEqual([]);
  });
});

describe('the version', () => {
  it('is that of package.json', () => {
    const text = readFileSync(join(__dirname, '..', 'package.json'), 'utf8');
    expect((JSON.parse(text) as { version: string }).version).toBe(VERSION);
  });
});
