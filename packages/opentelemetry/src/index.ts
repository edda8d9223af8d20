export type { InstrumentOptions, Instrumentation, Instrumented } from './instrument.js';
export { instrument } from './instrument.js';
export { pathTemplate } from './path-template.js';
