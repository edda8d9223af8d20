/**
 * Turns packages/jute/records.jute into TypeScript: for every record an interface, a reader and a writer, and the
 * tables of operations and transactions. The output is committed; a test of the jute package regenerates it and
 * compares. Run it from the root of the repository: npx tsx tools/generate-records.ts
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

interface TypeName {
  readonly name: string;
  /** Of a list. */
  readonly element?: TypeName;
  readonly isNullable: boolean;
}

interface Field {
  readonly name: string;
  readonly type: TypeName;
  readonly isOptional: boolean;
  readonly doc: readonly string[];
}

interface RecordType {
  readonly name: string;
  readonly module: string;
  readonly isFromModel: boolean;
  readonly doc: readonly string[];
  readonly fields: Field[];
}

interface Binding {
  readonly name: string;
  readonly code: number;
  readonly request: string;
  readonly response: string;
}

interface Schema {
  readonly modules: Map<string, string>;
  readonly records: Map<string, RecordType>;
  /** Records that are read and written by hand, with the file that does it. */
  readonly externs: Map<string, string>;
  readonly operations: Binding[];
  readonly transactions: Binding[];
}

interface Primitive {
  readonly ts: string;
  readonly read: string;
  readonly readNullable?: string;
  readonly write: string;
  readonly bytes: number;
}

const PRIMITIVES: Readonly<Record<string, Primitive>> = {
  boolean: { ts: 'boolean', read: 'boolean', write: 'boolean', bytes: 1 },
  byte: { ts: 'number', read: 'byte', write: 'byte', bytes: 1 },
  int32: { ts: 'number', read: 'int32', write: 'int32', bytes: 4 },
  int64: { ts: 'bigint', read: 'int64', write: 'int64', bytes: 8 },
  zxid: { ts: 'Zxid', read: 'int64', write: 'int64', bytes: 8 },
  session: { ts: 'SessionId', read: 'int64', write: 'int64', bytes: 8 },
  string: { ts: 'string', read: 'requiredString', readNullable: 'ustring', write: 'ustring', bytes: 4 },
  buffer: { ts: 'Uint8Array', read: 'requiredBuffer', readNullable: 'buffer', write: 'buffer', bytes: 4 },
  list: { ts: '', read: 'requiredVector', readNullable: 'vector', write: 'vector', bytes: 4 },
};

const HEADER = '// Generated from records.jute by tools/generate-records.ts; do not edit.\n\n';

// ---- reading the definitions

/** @throws Error that names the line */
export function parseSchema(text: string): Schema {
  const schema: Schema = {
    modules: new Map(),
    records: new Map(),
    externs: new Map(),
    operations: [],
    transactions: [],
  };
  let module = '';
  let record: RecordType | undefined;
  let doc: string[] = [];
  text.split('\n').forEach((line, index) => {
    const fail = (reason: string): never => {
      throw new Error(`records.jute, line ${index + 1}: ${reason}: ${line.trim()}`);
    };
    const docLine = /^\s*\/\/\/ ?(.*)$/.exec(line);
    if (docLine) {
      doc.push(docLine[1]!);
      return;
    }
    const code = line.replace(/\s*\/\/.*$/, '').trimEnd();
    if (code === '') return;
    let match;
    if ((match = /^ +(\w+): (.+?)(, optional)?$/.exec(code))) {
      if (!record) return fail('a field outside a record');
      const isOptional = match[3] !== undefined;
      if (!isOptional && record.fields.at(-1)?.isOptional) fail('only the last fields may be optional');
      record.fields.push({ name: match[1]!, type: parseType(match[2]!, schema, fail), isOptional, doc });
    } else if ((match = /^module (\w+) "(.+)"$/.exec(code))) {
      module = match[1]!;
      schema.modules.set(module, match[2]!);
    } else if ((match = /^record (\w+)( = model\.(\w+))?$/.exec(code))) {
      const name = match[1]!;
      if (module === '') fail('a record outside a module');
      if (schema.records.has(name)) fail('declared twice');
      if (match[3] !== undefined && match[3] !== name) fail('a record keeps the name it has in the model');
      record = { name, module, isFromModel: match[3] !== undefined, doc, fields: [] };
      schema.records.set(name, record);
    } else if ((match = /^extern (\w+) from (\w+)$/.exec(code))) {
      schema.externs.set(match[1]!, match[2]!);
    } else if ((match = /^operation (\w+) = (-?\d+): (\w+) -> (\w+)$/.exec(code))) {
      const [, name, number, request, response] = match as unknown as [string, string, string, string, string];
      requireRecord(schema, request, fail);
      requireRecord(schema, response, fail);
      schema.operations.push({ name, code: Number(number), request, response });
    } else if ((match = /^transaction (\w+) = (-?\d+): (\w+)$/.exec(code))) {
      const [, name, number, request] = match as unknown as [string, string, string, string];
      requireRecord(schema, request, fail);
      schema.transactions.push({ name, code: Number(number), request, response: 'void' });
    } else {
      fail('not understood');
    }
    doc = [];
  });
  return schema;
}

function parseType(text: string, schema: Schema, fail: (reason: string) => never): TypeName {
  const isNullable = text.endsWith('?');
  const bare = isNullable ? text.slice(0, -1) : text;
  const list = /^list<(.+)>$/.exec(bare);
  if (list) return { name: 'list', element: parseType(list[1]!, schema, fail), isNullable };
  if (!(bare in PRIMITIVES) && !schema.records.has(bare)) fail(`no type ${bare}`);
  if (isNullable && PRIMITIVES[bare]?.readNullable === undefined) fail(`${bare} has no null`);
  return { name: bare, isNullable };
}

function requireRecord(schema: Schema, name: string, fail: (reason: string) => never): void {
  if (name !== 'void' && !schema.records.has(name) && !schema.externs.has(name)) fail(`no record ${name}`);
}

// ---- writing TypeScript

/** The generated files, by name within src/generated. */
export function generate(text: string): Map<string, string> {
  const schema = parseSchema(text);
  const files = new Map<string, string>();
  for (const [module, title] of schema.modules) files.set(`${module}.ts`, moduleFile(schema, module, title));
  files.set('operations.ts', operationsFile(schema));
  files.set('transactions.ts', transactionsFile(schema));
  files.set('index.ts', indexFile(schema));
  return files;
}

function recordsOf(schema: Schema, module: string): RecordType[] {
  return [...schema.records.values()].filter((record) => record.module === module);
}

function moduleFile(schema: Schema, module: string, title: string): string {
  const records = recordsOf(schema, module);
  const modelTypes = new Set(records.filter((record) => record.isFromModel).map((record) => record.name));
  const others = new Map<string, Set<string>>();
  const otherTypes = new Map<string, Set<string>>();
  for (const type of records.flatMap((record) => record.fields.map((field) => innermost(field.type)))) {
    const used = schema.records.get(type);
    if (used?.isFromModel) modelTypes.add(type);
    if (used === undefined || used.module === module) continue;
    addTo(others, `./${used.module}.js`, `read${type}`, `write${type}`);
    if (!used.isFromModel) addTo(otherTypes, `./${used.module}.js`, type);
  }
  for (const field of records.flatMap((record) => (record.isFromModel ? [] : record.fields))) {
    if (field.type.name === 'zxid') modelTypes.add('Zxid');
    if (field.type.name === 'session') modelTypes.add('SessionId');
  }
  let out = `${HEADER}/** ${title} */\n\n`;
  if (modelTypes.size > 0) out += importLine('@zk/model', modelTypes, true);
  out += importLine('../record-reader.js', new Set(['RecordReader']), true);
  out += importLine('../record-writer.js', new Set(['RecordWriter']), true);
  for (const [file, names] of otherTypes) out += importLine(file, names, true);
  for (const [file, names] of others) out += importLine(file, names, false);
  for (const record of records) out += `\n${recordCode(record)}`;
  return out;
}

function recordCode(record: RecordType): string {
  const { name, fields } = record;
  let out = '';
  if (!record.isFromModel) {
    out += docComment(record.doc, '');
    out += `export interface ${name} {\n`;
    for (const field of fields) {
      out += docComment(field.doc, '  ');
      out += `  readonly ${field.name}${field.isOptional ? '?' : ''}: ${tsType(field.type)};\n`;
    }
    out += '}\n\n';
  }
  out += `export function read${name}(reader: RecordReader): ${name} {\n  return {\n`;
  for (const field of fields) {
    const read = readExpression(field.type, 'reader');
    const size = PRIMITIVES[field.type.name]?.bytes;
    const value = field.isOptional ? `reader.remaining >= ${size} ? ${read} : undefined` : read;
    out += `    ${field.name}: ${value},\n`;
  }
  out += '  };\n}\n\n';
  out += `export function write${name}(writer: RecordWriter, value: ${name}): void {\n`;
  for (const field of fields) {
    const write = writeStatement(field.type, 'writer', `value.${field.name}`);
    out += field.isOptional ? `  if (value.${field.name} !== undefined) ${write};\n` : `  ${write};\n`;
  }
  return `${out}}\n`;
}

function tsType(type: TypeName): string {
  const element = type.element && tsType(type.element);
  const bare = element
    ? `readonly ${element.includes(' ') ? `(${element})` : element}[]`
    : (PRIMITIVES[type.name]?.ts ?? type.name);
  return type.isNullable ? `${bare} | null` : bare;
}

function readExpression(type: TypeName, reader: string): string {
  const primitive = PRIMITIVES[type.name];
  if (!primitive) return `read${type.name}(${reader})`;
  const method = type.isNullable ? primitive.readNullable! : primitive.read;
  if (!type.element) return `${reader}.${method}()`;
  const isRecord = !(type.element.name in PRIMITIVES);
  const element = isRecord ? `read${type.element.name}` : `(r) => ${readExpression(type.element, 'r')}`;
  return `${reader}.${method}(${element})`;
}

function writeStatement(type: TypeName, writer: string, value: string): string {
  const primitive = PRIMITIVES[type.name];
  if (!primitive) return `write${type.name}(${writer}, ${value})`;
  if (!type.element) return `${writer}.${primitive.write}(${value})`;
  const isRecord = !(type.element.name in PRIMITIVES);
  const element = isRecord
    ? `write${type.element.name}`
    : `(w, element) => ${writeStatement(type.element, 'w', 'element')}`;
  return `${writer}.${primitive.write}(${value}, ${element})`;
}

function operationsFile(schema: Schema): string {
  const names = new Set(schema.operations.flatMap((one) => [one.request, one.response]));
  let out = `${HEADER}/** Which request and reply records belong to which opcode. */\n\n`;
  out += `import { readNothing, writeNothing } from '../operation.js';\n`;
  out += `import type { Exchange, Operation } from '../operation.js';\n`;
  out += importsOf(schema, names);
  out += '\n/** Records by operation; void where there is only a header. */\nexport interface OperationTypes {\n';
  for (const { name, request, response } of schema.operations) {
    out += `  readonly ${name}: Exchange<${request}, ${response}>;\n`;
  }
  out += '}\n\nexport type OperationName = keyof OperationTypes;\n\n';
  out += 'type OperationTable = {\n';
  out += `  readonly [N in OperationName]: Operation<OperationTypes[N]['request'], OperationTypes[N]['response']>;\n};\n\n`;
  out += 'export const operations: OperationTable = Object.freeze({\n';
  for (const { name, code, request, response } of schema.operations) {
    out += `  ${name}: {\n    name: '${name}',\n    code: ${code},\n`;
    out += `    readRequest: ${codec('read', request)},\n    writeRequest: ${codec('write', request)},\n`;
    out += `    readResponse: ${codec('read', response)},\n    writeResponse: ${codec('write', response)},\n  },\n`;
  }
  return `${out}});\n`;
}

function transactionsFile(schema: Schema): string {
  const names = new Set(schema.transactions.map((one) => one.request));
  let out = `${HEADER}/** Which record belongs to which transaction type. */\n\n`;
  out += `import type { TransactionKind } from '../operation.js';\n`;
  out += importsOf(schema, names);
  out += '\nexport interface TransactionTypes {\n';
  for (const { name, request } of schema.transactions) out += `  readonly ${name}: ${request};\n`;
  out += '}\n\nexport type TransactionName = keyof TransactionTypes;\n\n';
  out += 'type TransactionTable = { readonly [N in TransactionName]: TransactionKind<TransactionTypes[N]> };\n\n';
  out += 'export const transactions: TransactionTable = Object.freeze({\n';
  for (const { name, code, request } of schema.transactions) {
    out += `  ${name}: { name: '${name}', type: ${code}, read: read${request}, write: write${request} },\n`;
  }
  return `${out}});\n`;
}

function codec(verb: 'read' | 'write', record: string): string {
  return record === 'void' ? `${verb}Nothing` : `${verb}${record}`;
}

/** Imports of records, their readers and their writers, wherever they are. */
function importsOf(schema: Schema, names: ReadonlySet<string>): string {
  const types = new Map<string, Set<string>>();
  const values = new Map<string, Set<string>>();
  for (const name of names) {
    if (name === 'void') continue;
    const record = schema.records.get(name);
    const file = record ? `./${record.module}.js` : `../${schema.externs.get(name)}.js`;
    addTo(types, record?.isFromModel ? '@zk/model' : file, name);
    addTo(values, file, `read${name}`, `write${name}`);
  }
  let out = '';
  for (const file of [...new Set([...types.keys(), ...values.keys()])].sort()) {
    const typeNames = types.get(file);
    const valueNames = values.get(file);
    if (typeNames) out += importLine(file, typeNames, true);
    if (valueNames) out += importLine(file, valueNames, false);
  }
  return out;
}

function indexFile(schema: Schema): string {
  let out = `${HEADER}`;
  for (const module of schema.modules.keys()) {
    const records = recordsOf(schema, module);
    const interfaces = records.filter((record) => !record.isFromModel).map((record) => record.name);
    const functions = records.flatMap(({ name }) => [`read${name}`, `write${name}`]);
    if (interfaces.length > 0) out += exportLine(`./${module}.js`, interfaces, true);
    out += exportLine(`./${module}.js`, functions, false);
  }
  out += exportLine('./operations.js', ['OperationName', 'OperationTypes'], true);
  out += exportLine('./operations.js', ['operations'], false);
  out += exportLine('./transactions.js', ['TransactionName', 'TransactionTypes'], true);
  out += exportLine('./transactions.js', ['transactions'], false);
  return out;
}

function importLine(from: string, names: ReadonlySet<string>, isType: boolean): string {
  return moduleLine('import', from, [...names], isType);
}

function exportLine(from: string, names: readonly string[], isType: boolean): string {
  return moduleLine('export', from, names, isType);
}

/** On one line when it fits into 120 characters, else one name a line, as Prettier has it. */
function moduleLine(verb: string, from: string, names: readonly string[], isType: boolean): string {
  const sorted = [...names].sort();
  const head = `${verb}${isType ? ' type' : ''} {`;
  const line = `${head} ${sorted.join(', ')} } from '${from}';`;
  if (line.length <= 120) return `${line}\n`;
  return `${head}\n${sorted.map((name) => `  ${name},\n`).join('')}} from '${from}';\n`;
}

function docComment(lines: readonly string[], indent: string): string {
  if (lines.length === 0) return '';
  if (lines.length === 1) return `${indent}/** ${lines[0]} */\n`;
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}\n`).join('')}${indent} */\n`;
}

function innermost(type: TypeName): string {
  return type.element ? innermost(type.element) : type.name;
}

function addTo(map: Map<string, Set<string>>, key: string, ...values: string[]): void {
  const set = map.get(key) ?? new Set();
  for (const value of values) set.add(value);
  map.set(key, set);
}

// ---- command line

if (process.argv[1]?.endsWith('generate-records.ts')) {
  const root = path.resolve('packages/jute');
  const directory = path.join(root, 'src/generated');
  mkdirSync(directory, { recursive: true });
  for (const [name, code] of generate(readFileSync(path.join(root, 'records.jute'), 'utf8'))) {
    writeFileSync(path.join(directory, name), code);
    process.stdout.write(`src/generated/${name}: ${code.split('\n').length - 1} lines\n`);
  }
}
