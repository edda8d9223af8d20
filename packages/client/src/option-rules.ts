import {
  type CallOptions,
  type ClientRuntime,
  type OptionRule,
  type OptionRules,
  type ZkClient,
  rules,
} from '@zk/client-api';
import type { BackOff, ClientLogger, CommonOptions, Limits } from './options.js';

/** What options of a client may be, on every platform. */
export const commonRules: OptionRules<CommonOptions> = {
  transport: rules.methods('a transport', 'dial'),
  runtime: rules.object,
  resolve: rules.callback,
  sessionTimeout: rules.duration,
  requestTimeout: rules.duration,
  connectTimeout: rules.duration,
  closeTimeout: rules.duration,
  readOnly: rules.flag,
  session: rules.object,
  renewSession: rules.flag,
  auth: { text: 'an array of { scheme, auth }', isShown: false, isMet: Array.isArray },
  sasl: { text: 'an object of { username: string, password: string }', isShown: false, isMet: isNameAndPassword },
  acl: rules.acl,
  logger: rules.methods('a logger', ...(['debug', 'info', 'warn', 'error'] satisfies (keyof ClientLogger)[])),
  shuffle: rules.flag,
  backOff: rules.object,
  limits: rules.object,
};

/** What `close` takes. */
export const closeRules: OptionRules<NonNullable<Parameters<ZkClient['close']>[0]>> = { keepSession: rules.flag };

/** What `connect` takes besides, for the connecting only. */
export const connectRules: OptionRules<CallOptions> = { signal: rules.signal, timeout: rules.duration };

export const runtimeRules: OptionRules<ClientRuntime> = {
  clock: rules.methods('a clock', 'wallMs', 'monotonicMs'),
  scheduler: rules.methods('a scheduler', 'after', 'atTurnEnd'),
  random: rules.methods('a source of randomness', 'next'),
};

export const backOffRules: OptionRules<BackOff> = { initialDelay: rules.duration, maxDelay: rules.duration };

const limit = rules.limit(1);

export const limitRules: OptionRules<Limits> = {
  maxOutstanding: limit,
  maxOutstandingBytes: limit,
  maxQueued: limit,
  maxQueuedBytes: limit,
  maxRequestBytes: limit,
  maxReplyBytes: limit,
};

export type Reconfiguration = Parameters<ZkClient['reconfig']>[0];

const servers: OptionRule = { text: 'an array of strings, as server.1=…', isShown: false, isMet: Array.isArray };

export const reconfigRules: OptionRules<Reconfiguration> = {
  joining: servers,
  leaving: servers,
  newMembers: servers,
  fromConfig: { text: 'a bigint', isShown: true, isMet: (value) => typeof value === 'bigint' },
};

function isNameAndPassword(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { username, password } = value as Readonly<Record<string, unknown>>;
  return typeof username === 'string' && typeof password === 'string';
}
