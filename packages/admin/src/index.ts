export { AdminServer } from './admin-server.js';
export type { AdminOptions, AdminTlsOptions } from './options.js';
export { defaultAdminOptions } from './options.js';
