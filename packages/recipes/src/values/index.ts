export type { AtomicNumberOptions, NumberFormat } from './atomic-number.js';
export { DistributedAtomicInteger, DistributedAtomicLong } from './atomic-number.js';
export type { AtomicOptions, AtomicResult, AtomicStats, PromotionOptions } from './atomic-value.js';
export { DistributedAtomicValue } from './atomic-value.js';
export {
  CounterFormatError,
  decimalCodec,
  decimalInt32Codec,
  int32Codec,
  int64Codec,
  pythonFloatCodec,
} from './counter-codecs.js';
export { OutcomeUnknownError } from './receipts.js';
export type { SharedValueOptions, VersionedValue } from './shared-value.js';
export { SharedCount, SharedValue } from './shared-value.js';
export { VersionExhaustedError } from './versions.js';
