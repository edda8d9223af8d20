import { utf8Bytes, utf8Text } from './utf8.js';

/** How a value is kept in a znode. `decode` may throw; the call then rejects with what it threw, and the path. */
export interface Codec<T> {
  encode(value: T): Uint8Array | null;
  decode(bytes: Uint8Array | null): T;
}

/** Bytes as they are; a znode without data (null) gives none. */
export const bytes: Codec<Uint8Array> = {
  encode: (value) => value,
  decode: (data) => data ?? new Uint8Array(),
};

/** Text; a znode without data gives an empty one. */
export const utf8: Codec<string> = {
  encode: (value) => utf8Bytes(value),
  decode: (data) => (data === null ? '' : utf8Text(data)),
};

/** A validator as described by Standard Schema v1 (zod, valibot, arktype and others have it). Only synchronous ones. */
export interface StandardSchema<T> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult<T> | Promise<StandardResult<T>>;
  };
}

type StandardResult<T> =
  | { readonly value: T; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string; readonly path?: readonly unknown[] }[] };

/** What is in a znode is not what the schema asks for. */
export class SchemaError extends Error {
  override readonly name = 'SchemaError';

  constructor(readonly issues: readonly { readonly message: string; readonly path?: readonly unknown[] }[]) {
    super(issues.map((issue) => `${pathText(issue.path)}${issue.message}`).join('; '));
  }
}

function pathText(path: readonly unknown[] | undefined): string {
  if (path === undefined || path.length === 0) return '';
  const keys = path.map((part) => (typeof part === 'object' && part !== null && 'key' in part ? part.key : part));
  return `${keys.map(String).join('.')}: `;
}

/** JSON. Without a schema the type is a claim; with one, every value read and written is checked. */
export function json<T>(schema?: StandardSchema<T>): Codec<T> {
  return {
    encode: (value) => utf8Bytes(jsonText(check(schema, value))),
    decode: (data) => check(schema, JSON.parse(data === null ? 'null' : utf8Text(data))),
  };
}

/** @throws TypeError for what JSON leaves out: nothing would be written, and nothing is no JSON to read */
function jsonText(value: unknown): string {
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) throw new TypeError(`${typeof value} is no JSON`);
  return text;
}

function check<T>(schema: StandardSchema<T> | undefined, value: unknown): T {
  if (schema === undefined) return value as T;
  const result = schema['~standard'].validate(value);
  if (result instanceof Promise) throw new TypeError('a schema that validates asynchronously cannot be a codec');
  if (result.issues !== undefined) throw new SchemaError(result.issues);
  return result.value;
}
