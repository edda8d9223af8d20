export type { GroupDialect, GroupMember, GroupMembershipOptions } from './group-membership.js';
export { GroupMembership } from './group-membership.js';
export type { PersistentNodeOptions } from './persistent-node-options.js';
export type { PersistentNodeState } from './persistent-node.js';
export { PersistentNode } from './persistent-node.js';
export type { PersistentTtlNodeOptions } from './persistent-ttl-node.js';
export { PersistentTtlNode } from './persistent-ttl-node.js';
