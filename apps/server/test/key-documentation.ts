import type { KeySection, KeySpec } from '../src/config/key-spec.js';
import { KEYS } from '../src/config/keys/index.js';

/** The parts of the documentation that are made from the key table. */

const SECTIONS: readonly (readonly [KeySection, string])[] = [
  ['basic', 'Basic'],
  ['storage', 'Storage'],
  ['requests', 'Requests, limits, throttling'],
  ['security', 'Security'],
  ['admin', 'Administration and metrics'],
  ['jvm', 'Settings that Apache ZooKeeper takes from the command line only'],
  ['quorum', 'Ensembles'],
  ['tls', 'TLS'],
];

export function keyTables(): string {
  return SECTIONS.map(([section, title]) => {
    const rows = KEYS.filter((spec) => spec.section === section).map(keyRow);
    return [
      `### ${title}`,
      '',
      '| key | `-D` | default | here | meaning |',
      '| --- | --- | --- | --- | --- |',
      ...rows,
    ].join('\n');
  }).join('\n\n');
}

function keyRow(spec: KeySpec): string {
  const unit = spec.unit === undefined || spec.default === undefined ? '' : ` ${spec.unit}`;
  return `| \`${spec.name}\` | ${propertyText(spec)} | ${defaultText(spec)}${unit} | ${spec.status} | ${cell(spec.meaning)} |`;
}

/** In full only where it is not what most are: with both names in full, a row is too wide to read. */
function propertyText({ name, property }: KeySpec): string {
  if (property === undefined) return '–';
  if (property === name) return 'the same';
  return property === `zookeeper.${name}` ? '`zookeeper.…`' : `\`${property}\``;
}

function defaultText(spec: KeySpec): string {
  if (spec.ours !== undefined) return `**${show(spec.ours)}** (Apache: ${show(spec.default)})`;
  return show(spec.default);
}

function show(text: string | undefined): string {
  if (text === undefined) return '–';
  return text === '' ? 'empty' : `\`${text}\``;
}

function cell(text: string): string {
  return text.replace(/\|/g, '\\|');
}

/** Apache's default → ours → how to get Apache's. */
export function differenceTable(): string {
  const rows = KEYS.filter((spec) => spec.ours !== undefined).map((spec) => {
    const back = spec.status === 'unsupported' ? 'not in this version' : backText(spec);
    return `| \`${spec.name}\` | ${show(spec.default)} | ${show(spec.ours)} | ${back} | ${cell(spec.why ?? '')} |`;
  });
  return ['| key | Apache | here | how to get Apache’s | why |', '| --- | --- | --- | --- | --- |', ...rows].join('\n');
}

function backText(spec: KeySpec): string {
  return spec.default === undefined ? 'no counterpart' : `\`${spec.name}=${spec.default}\``;
}

/** Puts `body` between the two marks. @throws Error when they are missing */
export function fillIn(document: string, mark: string, body: string): string {
  const begin = `<!-- ${mark}: made from the key table -->`;
  const end = `<!-- ${mark}: end -->`;
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from < 0 || to < from) throw new Error(`the document has no marks "${begin}" and "${end}"`);
  return `${document.slice(0, from + begin.length)}\n\n${body}\n\n${document.slice(to)}`;
}
