import { readFileSync } from 'node:fs';
import path from 'node:path';
import { utf8Text } from '../src/index.js';

/** Reading of the recorded bytes that the golden tests share. */

export function fixture(name: string): Buffer {
  return readFileSync(path.join(__dirname, 'fixtures', name));
}

export function jsonFixture<T>(name: string): T {
  return JSON.parse(fixture(name).toString('utf8')) as T;
}

export interface Exchange {
  readonly connection: string;
  readonly what: string;
  readonly request?: string;
  readonly replies: readonly string[];
  readonly closed?: boolean;
}

export const exchanges = jsonFixture<Exchange[]>('client/apache-3.9.5.json');

export function fromHex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'hex'));
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/**
 * Brings a decoded record into the form of the JSON beside the recordings, guided by what is expected there: 64-bit
 * numbers as hexadecimal or decimal text, or as plain numbers; data as `{ utf8 }`.
 */
export function inTheFormOf(expected: unknown, actual: unknown): unknown {
  if (typeof actual === 'bigint') {
    if (typeof expected === 'number') return Number(actual);
    if (typeof expected === 'string' && !expected.startsWith('0x')) return actual.toString();
    return `0x${BigInt.asUintN(64, actual).toString(16)}`;
  }
  if (actual instanceof Uint8Array) return { utf8: utf8Text(actual) };
  if (Array.isArray(actual)) {
    return actual.map((element, i) => inTheFormOf(Array.isArray(expected) ? expected[i] : undefined, element));
  }
  if (typeof actual === 'object' && actual !== null) {
    const model = (typeof expected === 'object' && expected !== null ? expected : {}) as Record<string, unknown>;
    return Object.fromEntries(
      Object.entries(actual)
        .filter(([key]) => key in model)
        .map(([key, value]) => [key, inTheFormOf(model[key], value)]),
    );
  }
  return actual;
}
