import type { AuthProviders } from '@zk/contracts';
import { OPERATOR_ADDRESS } from './addresses.js';

/** Whoever comes from the operator's machine may do everything; all others are anybody. */
export const superUser: AuthProviders = {
  get: () => undefined,
  initialIds: ({ remoteAddress }) =>
    remoteAddress === OPERATOR_ADDRESS ? [{ scheme: 'super', id: '' }] : [{ scheme: 'ip', id: remoteAddress }],
};
