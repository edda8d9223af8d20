import { type Codec, utf8 } from '@zk/client-api';
import { type UriPart, UriSpec } from './uri-spec.js';

/**
 * `DYNAMIC`: goes with the session. `DYNAMIC_SEQUENTIAL`: as well, and its node has a number behind the id. `STATIC` and
 * `PERMANENT`: stays until it is unregistered.
 */
export type ServiceType = 'DYNAMIC' | 'STATIC' | 'PERMANENT' | 'DYNAMIC_SEQUENTIAL';

const SERVICE_TYPES: readonly string[] = ['DYNAMIC', 'STATIC', 'PERMANENT', 'DYNAMIC_SEQUENTIAL'];

/** One provider of a service. */
export interface ServiceInstance<P = unknown> {
  readonly name: string;
  /** Of this instance; the name of its node. */
  readonly id: string;
  readonly address: string | null;
  readonly port: number | null;
  readonly sslPort: number | null;
  readonly payload: P | null;
  /** Wall-clock milliseconds. */
  readonly registrationTimeMs: number;
  readonly serviceType: ServiceType;
  readonly uriSpec: UriSpec | null;
  /** Providers leave out instances that are not. */
  readonly enabled: boolean;
}

/** Between a payload and what the JSON holds for it. */
export interface PayloadCodec<P> {
  /** A value for JSON. Objects for Java readers carry their class first: see {@link javaPayload}. */
  encode(payload: P): unknown;
  /** Not called for null. May throw: the instance is then left out. */
  decode(json: unknown): P;
}

/** What the JSON holds, as it is. A `@class` stays where it was, and is written back. */
export const plainPayload: PayloadCodec<unknown> = Object.freeze({
  encode: (payload: unknown) => payload,
  decode: (json: unknown) => json,
});

/**
 * Payloads that Java programs read and write as objects of a class: the JSON gets, and loses, the `@class` that Jackson
 * puts first (spec: recipes, section 10.2).
 */
export function javaPayload<P extends object>(className: string): PayloadCodec<P> {
  return {
    encode: (payload) => ({ '@class': className, ...payload }),
    decode: (json) => {
      if (typeof json !== 'object' || json === null) throw new TypeError('the payload is not an object');
      const fields = Object.fromEntries(Object.entries(json).filter(([name]) => name !== '@class'));
      return fields as P;
    },
  };
}

/**
 * Curator's JSON, byte by byte: the order of the fields, nulls written, no white space (spec: recipes, section 10.2).
 *
 * @param options `withEnabled` writes the field `enabled`, as Curator does when its compatible mode is off; programs that
 *   refuse unknown fields may not read it. It is always read.
 */
export function serviceInstanceCodec<P = unknown>(
  options: { readonly payload?: PayloadCodec<P>; readonly withEnabled?: boolean } = {},
): Codec<ServiceInstance<P>> {
  const payload = options.payload ?? (plainPayload as PayloadCodec<P>);
  return {
    encode: (instance) => utf8.encode(JSON.stringify(jsonOf(instance, payload, options.withEnabled === true))),
    decode: (data) => instanceOf(JSON.parse(utf8.decode(data)), payload),
  };
}

function jsonOf<P>(instance: ServiceInstance<P>, payload: PayloadCodec<P>, withEnabled: boolean): object {
  return {
    name: instance.name,
    id: instance.id,
    address: instance.address,
    port: instance.port,
    sslPort: instance.sslPort,
    payload: instance.payload === null ? null : payload.encode(instance.payload),
    registrationTimeUTC: instance.registrationTimeMs,
    serviceType: instance.serviceType,
    uriSpec: instance.uriSpec === null ? null : { parts: instance.uriSpec.parts.map(partOf) },
    ...(withEnabled ? { enabled: instance.enabled } : {}),
  };
}

function partOf({ value, variable }: UriPart): UriPart {
  return { value, variable };
}

function instanceOf<P>(json: unknown, payload: PayloadCodec<P>): ServiceInstance<P> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new TypeError('not a service instance');
  const fields = json as Record<string, unknown>;
  return {
    name: textOf(fields, 'name') ?? '',
    id: textOf(fields, 'id') ?? '',
    address: textOf(fields, 'address'),
    port: numberOf(fields, 'port'),
    sslPort: numberOf(fields, 'sslPort'),
    payload: fields.payload === undefined || fields.payload === null ? null : payload.decode(fields.payload),
    registrationTimeMs: numberOf(fields, 'registrationTimeUTC') ?? 0,
    serviceType: serviceTypeOf(fields.serviceType),
    uriSpec: uriSpecOf(fields.uriSpec),
    enabled: typeof fields.enabled === 'boolean' ? fields.enabled : true,
  };
}

function textOf(fields: Readonly<Record<string, unknown>>, name: string): string | null {
  const value = fields[name];
  if (value === undefined || value === null) return null;
  if (typeof value === 'object') throw new TypeError(`${name} is not text`);
  return String(value);
}

/** Numbers in strings are numbers, as for Jackson. */
function numberOf(fields: Readonly<Record<string, unknown>>, name: string): number | null {
  const value = fields[name];
  if (value === undefined || value === null || value === '') return null;
  const number = typeof value === 'string' ? Number(value.trim()) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) throw new TypeError(`${name} is not a number`);
  return Math.trunc(number);
}

function serviceTypeOf(value: unknown): ServiceType {
  if (value === undefined || value === null) return 'DYNAMIC';
  if (typeof value !== 'string' || !SERVICE_TYPES.includes(value)) {
    throw new TypeError(`${JSON.stringify(value)} is not a type of service`);
  }
  return value as ServiceType;
}

function uriSpecOf(value: unknown): UriSpec | null {
  if (value === undefined || value === null) return null;
  const parts = (value as { readonly parts?: unknown }).parts;
  if (parts !== undefined && parts !== null && !Array.isArray(parts))
    throw new TypeError('uriSpec.parts is not a list');
  return new UriSpec(
    ((parts ?? []) as readonly Partial<UriPart>[]).map((part) => ({
      value: String(part.value ?? ''),
      variable: part.variable === true,
    })),
  );
}
