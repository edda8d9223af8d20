export { EnsembleConfig } from './ensemble-config.js';
export type { Reconfig, ReconfigPlan, ReconfigSituation } from './reconfig.js';
export { planReconfig } from './reconfig.js';
export type { Role, ServerAddress, ServerSpec } from './server-spec.js';
export { ANY_HOST, bracketed, formatServerSpec, parseServerSpec } from './server-spec.js';
export type { Groups, QuorumVerifier, ServerId } from './verifiers.js';
export { HierarchicalVerifier, MajorityVerifier } from './verifiers.js';
export type { Candidate } from './votes.js';
export { NOBODY, beats, isQuorumOfAll } from './votes.js';
